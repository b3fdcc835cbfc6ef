"""An hour's worth of requests in minutes: what grows without end is found here, long before it is found at night."""

import os
import time

import pytest

from tests.faults import sampling
from tests.faults.installation import installed
from tests.faults.ledger import no_request_breaks
from tests.faults.load import Load
from tests.faults.sampling import MIB, Sample

pytestmark = [pytest.mark.live, pytest.mark.soak]

REQUESTS = int(os.environ.get("IDP_SOAK_REQUESTS", "36000"))
"""An hour of ten a second."""
ROUNDS = 6
ANSWERS_AN_ACT = 1.15
MEMORY_MIB, DESCRIPTORS, CONNECTIONS = 12.0, 8, 4
"""How much more there may be at the end than after the first round."""
TABLES = 1.5
KEYS = 60


def test_an_hour_of_requests_leaves_nothing_behind() -> None:
    with installed() as installation:
        samples = []
        for number in range(ROUNDS):
            begun = time.monotonic()
            most = int(REQUESTS / ROUNDS / ANSWERS_AN_ACT)
            with Load([installation.web.url], installation.new_scene(), rate=1000.0, most=most) as load:
                load.wait(1800)
            installation.reconcile(load, no_request_breaks)
            samples.append(sampling.look(installation))
            rate = len(load.ledger.entries) / (time.monotonic() - begun)
            print(f"\nround {number + 1}: {len(load.ledger.entries)} requests, {rate:.0f}/s; {samples[-1].line()}")
        assert growth(samples[0], samples[-1]) == []


def growth(before: Sample, after: Sample) -> list[str]:
    """A sentence for each thing that grew."""
    found = [
        f"{name}: {before.memory[name]:.1f} → {mib:.1f} MiB"
        for name, mib in after.memory.items()
        if mib > before.memory[name] + MEMORY_MIB
    ]
    found += [
        f"{name}: {before.descriptors[name]} → {count} descriptors"
        for name, count in after.descriptors.items()
        if count > before.descriptors[name] + DESCRIPTORS
    ]
    if after.connections > before.connections + CONNECTIONS:
        found.append(f"connections: {before.connections} → {after.connections}")
    if after.keys > before.keys + KEYS:
        found.append(f"keys: {before.keys} → {after.keys}")
    for table, size in after.tables.items():
        if table in sampling.PURGED and size > TABLES * before.tables[table] + MIB:
            found.append(f"{table}: {before.tables[table]} → {size} bytes")
        rows, rows_before = after.rows[table], before.rows[table]
        if (
            table not in sampling.PURGED
            and rows_before > 1000
            and size / rows > TABLES * before.tables[table] / rows_before
        ):
            found.append(f"{table}: {before.tables[table] / rows_before:.0f} → {size / rows:.0f} bytes a row")
    return found
