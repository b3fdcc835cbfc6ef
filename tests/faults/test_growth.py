"""What a soak would say of samples that grew: each of its bounds can be broken."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.sampling import PURGED, Sample, growth

BEFORE = Sample(
    memory={"web 1": 100.0},
    descriptors={"web 1": 25},
    connections=12,
    keys=20,
    tables={PURGED[0]: 1_000_000, "events": 1_000_000},
    rows={PURGED[0]: 10, "events": 2_000},
)


def test_an_hour_that_left_nothing_behind_grew_nothing() -> None:
    later = replace(BEFORE, tables=BEFORE.tables | {"events": 9_000_000}, rows=BEFORE.rows | {"events": 18_000})
    assert growth(BEFORE, BEFORE) == growth(BEFORE, later) == []


@pytest.mark.parametrize(
    "change",
    [
        {"memory": {"web 1": 120.0}},
        {"descriptors": {"web 1": 60}},
        {"connections": 30},
        {"keys": 500},
        {"tables": BEFORE.tables | {PURGED[0]: 9_000_000}},
        {"tables": BEFORE.tables | {"events": 9_000_000}},
    ],
    ids=["memory", "descriptors", "connections", "keys", "rows that were purged", "bytes a row"],
)
def test_what_grew_is_said(change: dict[str, Any]) -> None:
    assert len(growth(BEFORE, replace(BEFORE, **change))) == 1
