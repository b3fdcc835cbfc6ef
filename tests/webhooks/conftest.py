"""A receiver on loopback, which this installation may call, and a tenant's webhooks."""

import dataclasses
from collections.abc import Iterator

import pytest
from sqlalchemy import func, update

from idp.config import Settings
from idp.events.models import OutboxMessage
from idp.webhooks import urls
from idp.wiring import Wiring
from idp.worker import turns, webhooks
from idp.worker.turns import Turns
from tests.factories import People
from tests.webhooks.posts import Hooks
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def another() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture(autouse=True)
def _begin_anew(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests' messages, and how slow their endpoints and this machine are, are none of our business."""
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(turns, "PLACE_SECONDS", 60.0)
    monkeypatch.setattr(webhooks, "_turns", Turns())
    with wiring.platform_unit() as platform:
        platform.execute(update(OutboxMessage).where(OutboxMessage.sent_at.is_(None)).values(sent_at=func.now()))


@pytest.fixture
def inside(wiring: Wiring, environment: dict[str, str]) -> Iterator[Wiring]:
    """An installation that may call loopback."""
    settings = Settings.load({**environment, "IDP_OUTBOUND_ALLOW": "127.0.0.0/8"})
    urls.configure(settings.outbound_allow)
    yield dataclasses.replace(wiring, settings=settings)
    urls.configure(wiring.settings.outbound_allow)


@pytest.fixture
def hooks(inside: Wiring, people: People) -> Hooks:
    return Hooks(inside, people)


@pytest.fixture
def other_hooks(inside: Wiring, others: People) -> Hooks:
    return Hooks(inside, others)
