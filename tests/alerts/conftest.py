"""What a test of alerts asks: what was raised, and who was mailed what."""

from typing import Any

import pytest
from sqlalchemy import select

from idp.alerts.models import Alert
from idp.events.models import Event
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.factories import People
from tests.post import Mail, Post
from tests.webhooks.conftest import _begin_anew, hooks, inside, receiver

__all__ = ["_begin_anew", "hooks", "inside", "receiver"]


@pytest.fixture
def post(wiring: Wiring, tenant: Tenant) -> Post:
    return Post(wiring, tenant)


def alerts_of(people: People, kind: str | None = None) -> list[Alert]:
    """The tenant's, the oldest first."""
    with people.unit() as uow:
        wanted = select(Alert).order_by(Alert.id)
        return list(uow.session.scalars(wanted if kind is None else wanted.where(Alert.kind == kind)).all())


def told_by_event(people: People, kind: str) -> list[dict[str, Any]]:
    """What the events ``alert.raised`` of a kind say, the oldest first."""
    raised = select(Event).where(Event.type == "alert.raised", Event.data["alert"].astext == kind)
    with people.unit() as uow:
        rows = uow.session.scalars(raised.order_by(Event.id)).all()
    return [{"target": str(row.target_id), "ip": row.ip, **row.data} for row in rows]


def fresh(people: People) -> People:
    """The tenant as every request sees it, after its settings were changed."""
    with people.wiring.platform_unit() as platform:
        return People(people.wiring, tenants.get(platform, people.tenant.slug))


def mails_of(post: Post, alert: Alert | None = None) -> list[Mail]:
    """What was mailed of an alert, or of every one, after everything that waits was delivered."""
    post.deliver()
    which = f"/api/v1/alerts/{alert.id if alert is not None else ''}"
    return [mail for mail in post.mails() if which in mail.text]
