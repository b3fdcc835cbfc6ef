"""A web server that stops or reloads under load: what it took, it answers; with a second one nobody notices."""

import os
import signal
import time

import pytest

from tests.faults.installation import Installation, wait_until
from tests.faults.ledger import no_request_breaks
from tests.faults.load import Load

pytestmark = pytest.mark.live
RECOVERY = 30.0


def test_a_rolling_restart_breaks_no_request(installation: Installation, load: Load) -> None:
    """The new one is ready, the traffic goes there, and the old one answers what it has taken before it ends."""
    old = installation.web
    new = installation.start_web()
    load.go_to(new.url)
    load.wait_until_all_is_well(
        time.monotonic(), RECOVERY
    )  # as a balancer's pause: nobody knocks at the old one's door
    installation.stop_web(old)
    load.wait_until_all_is_well(time.monotonic(), RECOVERY)
    load.stop()
    installation.reconcile(load, no_request_breaks)
    assert old.child.exit_status() == 0


def test_a_reload_breaks_no_request(installation: Installation, load: Load) -> None:
    """SIGHUP: new processes take over one after the other, the old ones answer what they have taken."""
    before = {worker.pid for worker in installation.web.workers()}
    os.kill(installation.web.child.pid, signal.SIGHUP)
    wait_until(
        lambda: (now := {worker.pid for worker in installation.web.workers()}).isdisjoint(before) and len(now) == 2,
        30,
        "new processes serve",
    )
    load.wait_until_all_is_well(time.monotonic(), RECOVERY)
    load.stop()
    installation.reconcile(load, no_request_breaks)
