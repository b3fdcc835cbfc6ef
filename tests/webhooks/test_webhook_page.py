"""What docs/webhooks.md says is what is done."""

import re
from datetime import timedelta
from pathlib import Path

from idp.api.management.webhook_schemas import PAYLOAD
from idp.webhooks import endpoints, schedule, urls
from tests.webhooks.posts import Hooks
from tests.webhooks.receiver import Receiver

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()


def test_the_table_of_retries_is_the_schedule() -> None:
    rows = re.findall(r"^\| (\d+) \| (\d+) (seconds|minutes|hours) \|$", PAGE, re.MULTILINE)
    assert [int(row[0]) for row in rows] == [*range(2, len(schedule.DELAYS) + 2)]
    assert tuple(timedelta(**{unit: int(amount)}) for _, amount, unit in rows) == schedule.DELAYS


def test_the_bounds_are_those_that_hold() -> None:
    assert f"A tenant has {endpoints.MAX_ENDPOINTS} webhooks at most" in PAGE
    assert f"of {urls.MAX_URL} characters at most" in PAGE
    assert timedelta(days=5) == schedule.DISABLED_AFTER
    assert "nothing but fail for five days" in PAGE


def test_a_payload_has_the_members_of_the_example_and_no_other(hooks: Hooks, receiver: Receiver) -> None:
    hooks.endpoint(receiver.url, "user.created")
    hooks.people.user()
    hooks.deliver()
    (copy,) = receiver.copies
    assert _shape(copy.document) == _shape(PAYLOAD)
    for member in PAYLOAD["data"]:
        assert f'"{member}":' in PAGE


def _shape(document: object) -> object:
    """Names of members, and of those within; what is in an event's own data differs."""
    if not isinstance(document, dict):
        return None
    return {name: _shape(value) if name != "data" or "type" in document else None for name, value in document.items()}
