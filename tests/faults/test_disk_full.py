"""PostgreSQL's disk is full: an outage of whatever writes, until there is room again."""

import os
import time
from pathlib import Path

import pytest

from tests.faults import small_disk
from tests.faults.entries import Entry, Outcome
from tests.faults.installation import Installation, installed
from tests.faults.ledger import documents_go_on
from tests.faults.load import Load

pytestmark = [pytest.mark.live, pytest.mark.soak]
MEGABYTES = 220
RECOVERY = 90.0


def test_a_full_disk_is_an_outage_until_there_is_room(request: pytest.FixtureRequest) -> None:
    disk = small_disk.given()
    if disk is None:
        small_disk.run_again_inside(request.node.nodeid, MEGABYTES)
        return
    with installed(postgres_folder=disk / "data") as installation:
        assert installation.postgres.home.is_relative_to(disk), "PostgreSQL keeps its data elsewhere"
        for _ in range(2):
            fill_up_and_make_room(installation, disk)


def fill_up_and_make_room(installation: Installation, disk: Path) -> None:
    with Load([installation.web.url], installation.new_scene(), rate=60) as load:
        assert load.ledger.wait_for(lambda entries: len(entries) > 40, 60)
        ballast, filled_at = small_disk.fill(disk), time.monotonic()
        try:
            assert load.ledger.wait_for(lambda entries: is_noticed(entries, filled_at), 120), "nobody notices"
        finally:
            ballast.unlink()
        said = (installation.postgres.home / "server.log").read_text(errors="replace")
        if installation.postgres.child.exit_status() is not None:  # it could not even write its log of changes
            installation.postgres.start()
        load.wait_until_all_is_well(time.monotonic(), RECOVERY)
        load.stop()
    print(os.linesep, load.ledger.counts())
    installation.reconcile(load, documents_go_on)
    assert "No space left on device" in said


def is_noticed(entries: list[Entry], since: float) -> bool:
    """What writes is refused for now."""
    met = [e for e in entries if e.asked_at > since and e.outcome is Outcome.UNAVAILABLE]
    return len(met) >= 10
