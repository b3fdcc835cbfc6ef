"""kill -9 of what serves: of its processes, one after the other, and of the one that watches over them."""

import os
import signal
import time

import pytest

from tests.faults.installation import Installation, wait_until
from tests.faults.load import Load

pytestmark = pytest.mark.live
RECOVERY = 30.0


def kill_a_worker(installation: Installation) -> int:
    victim = installation.web.workers()[-1]
    os.kill(victim.pid, signal.SIGKILL)
    wait_until(lambda: len({worker.pid for worker in installation.web.workers()} - {victim.pid}) == 2, 15, "two serve")
    return victim.pid


def test_killed_workers_lose_nothing_and_are_replaced(installation: Installation, load: Load) -> None:
    master = installation.web.child.pid
    killed = {kill_a_worker(installation) for _ in range(2)}
    load.wait_until_all_is_well(time.monotonic(), RECOVERY)
    load.stop()
    installation.reconcile(load)
    assert len(killed) == 2
    assert installation.web.child.pid == master
    assert installation.web.child.exit_status() is None


def test_a_killed_master_takes_its_workers_along_and_is_started_anew(installation: Installation, load: Load) -> None:
    """Its orphans end by themselves: nobody serves on with an old configuration, and the port is free again."""
    killed = installation.web
    orphans = killed.workers()
    installation.kill(killed.child)
    wait_until(lambda: not any(orphan.is_running() for orphan in orphans), 10, "the orphans end")
    installation.webs.remove(killed)
    installation.start_web(killed.port)
    load.wait_until_all_is_well(time.monotonic(), RECOVERY)
    load.stop()
    installation.reconcile(load)
