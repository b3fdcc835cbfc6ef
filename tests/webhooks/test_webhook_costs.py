"""What webhooks cost a request: nothing where nobody listens, one INSERT where somebody does (design.md §5)."""

from typing import Any

from sqlalchemy import event

from idp.events import service as events
from idp.events.types import EventType
from tests.webhooks.posts import Hooks


def statements(hooks: Hooks) -> list[str]:
    """What a change that says that a key was published sends to the database."""
    sent: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(" ".join(statement.split()[:3]))

    event.listen(hooks.wiring.app, "before_cursor_execute", hear)
    try:
        with hooks.people.unit() as uow:
            events.record(uow, EventType.KEY_PUBLISHED)
    finally:
        event.remove(hooks.wiring.app, "before_cursor_execute", hear)
    return sent


def test_an_event_costs_more_only_where_somebody_wants_it(hooks: Hooks) -> None:
    assert statements(hooks) == ["INSERT INTO events"]
    hooks.endpoint("https://acme.example/others", "key.revoked", "user.*")
    assert statements(hooks) == ["INSERT INTO events"]
    assert hooks.messages == []
    hooks.endpoint("https://acme.example/keys", "key.*")
    assert sorted(statements(hooks)) == ["INSERT INTO events", "INSERT INTO outbox_messages"]
    assert [message.kind for message in hooks.messages] == ["webhook"]
    hooks.endpoint("https://acme.example/all", "*")
    assert len(statements(hooks)) == 2, "however many there are"
