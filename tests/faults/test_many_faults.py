"""Minutes of faults, one after the other and two at a time, under one load: what one fault alone does not show."""

import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.entries import UNDECIDED
from tests.faults.installation import Installation, installed, wait_until
from tests.faults.load import Load

pytestmark = [pytest.mark.live, pytest.mark.soak]
FAULTS = int(os.environ.get("IDP_SOAK_FAULTS", "40"))
RECOVERY = 90.0
MOST_ANSWERS = 400
"""After so many a load is held against the database, and another begins."""


def kill_a_worker(installation: Installation) -> None:
    if workers := installation.web.workers():
        os.kill(workers[-1].pid, signal.SIGKILL)


def kill_both_workers(installation: Installation) -> None:
    for worker in installation.web.workers():
        os.kill(worker.pid, signal.SIGKILL)


def kill_the_master(installation: Installation) -> None:
    killed = installation.web
    orphans = killed.workers()
    installation.kill(killed.child)
    wait_until(lambda: not any(orphan.is_running() for orphan in orphans), 60, "the orphans end")
    installation.webs.remove(killed)
    installation.start_web(killed.port)


def kill_the_deliverer(installation: Installation) -> None:
    assert installation.worker is not None
    installation.kill(installation.worker)
    installation.start_worker()


def stop_postgres(installation: Installation) -> None:
    installation.stop_postgres(signal.SIGINT)
    installation.postgres.start()


def crash_postgres(installation: Installation) -> None:
    installation.stop_postgres(signal.SIGQUIT)
    installation.postgres.start()


def end_connections(installation: Installation) -> None:
    with installation.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'idp_%'")


def kill_redis(installation: Installation) -> None:
    installation.kill(installation.valkey.child)
    installation.valkey.start()


def freeze_redis(installation: Installation) -> None:
    os.kill(installation.valkey.child.pid, signal.SIGSTOP)
    time.sleep(1.0)
    os.kill(installation.valkey.child.pid, signal.SIGCONT)


def reload_the_web(installation: Installation) -> None:
    os.kill(installation.web.child.pid, signal.SIGHUP)


KINDS: tuple[Callable[[Installation], None], ...] = (
    kill_a_worker,
    kill_both_workers,
    kill_the_master,
    kill_the_deliverer,
    stop_postgres,
    crash_postgres,
    end_connections,
    kill_redis,
    freeze_redis,
    reload_the_web,
)


def test_nothing_is_lost_whatever_breaks_in_whatever_order() -> None:
    chance, left = random.Random(7), FAULTS  # noqa: S311 - the same order every time
    with installed() as installation:
        while left > 0:
            with Load([installation.web.url], installation.new_scene(), rate=70) as load:
                while left > 0 and len(load.ledger.entries) < MOST_ANSWERS:
                    seen = len(load.ledger.entries)
                    assert load.ledger.wait_for(lambda entries, seen=seen: len(entries) > seen + 20, RECOVERY)
                    for fault in chance.sample(KINDS, chance.choice((1, 1, 2))):
                        fault(installation)
                        left -= 1
                    took = load.wait_until_all_is_well(time.monotonic(), RECOVERY)
                    print(f"\n{fault.__name__}: served again after {took:.1f} s")
                load.stop()
            undecided = sum(entry.outcome in UNDECIDED for entry in load.ledger.entries)
            print(f"\n{len(load.ledger.entries)} requests, {undecided} of them undecided")
            installation.reconcile(load)
