"""How much there is of a tenant, and how the installation is (R60)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, make_url, select, update

from idp.app import create_app
from idp.config import Settings
from idp.events.models import EventCount, EventRollup, OutboxMessage
from idp.tenants import usage
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests import services
from tests.api.application import refused
from tests.api.management.callers import Caller, token_of
from tests.conftest import TEMPLATE
from tests.factories import People, make_user


def test_usage_counts_what_there_is(operator: Caller, people: People, tenant: Tenant) -> None:
    nothing = operator.get(f"/tenants/{tenant.slug}/usage").json
    assert (nothing["people"], nothing["clients"], nothing["sessions"], nothing["sign_ins"]) == (0, 0, 0, 0)
    with people.unit() as uow:
        ada = make_user(uow)
        for number in range(2):
            make_user(uow, email=f"p{number}@example.com")
        token_of(uow, ada)
    people.client()
    with people.unit() as uow:
        waiting, dead, gone = uow.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()[:3]
        dead.dead_at = gone.sent_at = uow.now
        assert waiting.sent_at is None
        left = len(uow.session.scalars(select(OutboxMessage)).all()) - 2
    told = operator.get(f"/tenants/{tenant.slug}/usage").json
    assert (told["people"], told["clients"], told["sessions"], told["sign_ins"]) == (3, 1, 1, 1)
    assert (told["mails_waiting"], told["mails_dead"]) == (left, 1)
    assert told["events"] > nothing["events"]
    assert told["at_least"] == []


def test_days_that_were_counted_are_not_counted_again(operator: Caller, people: People, tenant: Tenant) -> None:
    url = f"/tenants/{tenant.slug}/usage"
    live = operator.get(url).json["events"]
    today = datetime.now(UTC).date()
    days = {today - timedelta(days=1): 500, today - timedelta(days=29): 30, today - timedelta(days=30): 7}
    with people.unit() as uow:
        for day, count in days.items():
            uow.add(EventCount(day=day, type="session.started", count=count, people=1))
        uow.add(EventRollup(counted_until=today - timedelta(days=1)))
    told = operator.get(url).json
    assert (told["sign_ins"], told["events"]) == (530, 530 + live)
    with people.unit() as uow:
        uow.execute(update(EventRollup).values(counted_until=today))
        uow.add(EventCount(day=today, type="user.created", count=3, people=1))
    assert operator.get(url).json["events"] == 533


def test_usage_is_one_question_and_stops_counting_at_a_bound(
    wiring: Wiring, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MOST", 2)
    with people.unit() as uow:
        for number in range(3):
            make_user(uow, email=f"p{number}@example.com")
    asked: list[str] = []
    event.listen(wiring.platform, "before_cursor_execute", lambda *call: asked.append(call[2]))
    with wiring.platform_unit() as platform:
        found = usage.of(platform, people.tenant, built_in=people.tenant.id)
    assert len(asked) == 1
    assert found.people == 2
    assert {"people", "events"} <= set(found.at_least)


def test_health_tells_what_all_tenants_share(operator: Caller, wiring: Wiring, people: People) -> None:
    told = operator.get("/health").json
    assert (told["database"], told["redis"]) == ("ok", "ok")
    assert told["schema"]["current"] == told["schema"]["wanted"]
    assert told["version"]
    with people.unit() as uow:
        make_user(uow)
        uow.flush()
        uow.execute(update(OutboxMessage).values(next_attempt_at=uow.now - timedelta(hours=2)))
    late = operator.get("/health").json
    assert late["status"] == "degraded"
    assert late["outbox"]["oldest_due_seconds"] >= 7200
    with people.unit() as uow:
        uow.execute(update(OutboxMessage).values(dead_at=uow.now))
    assert operator.get("/health").json["outbox"]["dead"] >= 1


@pytest.fixture
def empty(addresses: dict[str, str], environment: dict[str, str], worker_id: str) -> Iterator[Any]:
    """The application on a database that has its tables and nothing else."""
    database = f"idp_empty_{worker_id}"
    services.create_database(addresses, database, owner="idp_owner", template=TEMPLATE)
    urls = {
        name: make_url(environment[name]).set(database=database).render_as_string(hide_password=False)
        for name in ("IDP_DATABASE_URL", "IDP_PLATFORM_DATABASE_URL", "IDP_OWNER_DATABASE_URL")
    }
    settings = Settings.load(environment | urls)
    wiring = Wiring.of(settings)
    yield create_app(settings, wiring)
    wiring.dispose()


def test_without_a_tenant_of_operators_the_platform_api_waits(empty: Any) -> None:
    answer = empty.test_client().get("/api/v1/tenants", headers={"Authorization": "Bearer x"})
    assert refused(answer, "unavailable", 503)
    assert answer.headers["Retry-After"]
