"""The worker's life: deliver, do what is due, wait; through database outages, until it is told to stop.

The work is done in a thread, so that the main one is free to hear SIGTERM: a stop takes a second at most, and what was
cut short is delivered again (at least once).
"""

import signal
import threading
import time

from idp import log, metrics
from idp.db.cache import DATABASE_IS_GONE
from idp.telemetry import start as telemetry
from idp.wiring import Wiring
from idp.worker import server
from idp.worker.delivery import deliver_due
from idp.worker.handlers import HANDLERS
from idp.worker.pulse import pulse
from idp.worker.schedule import JOBS, Schedule

POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 60.0
LONGEST_BACKOFF_SECONDS = 30.0
STOP_SECONDS = 0.8
_SIGNALS = {signal.SIGTERM, signal.SIGINT}


def run(wiring: Wiring, *, once: bool = False) -> None:
    """Work until SIGTERM or SIGINT.  Call it from the main thread.

    Args:
        wiring: of this process.
        once: do all that is due now, and return.

    Raises:
        Misconfigured: the worker's port is taken.
    """
    stop = threading.Event()
    telemetry.prepare(wiring.settings, wiring)
    if once:
        Schedule().run_due(wiring, stop)
        while deliver_due(wiring, stop):
            pass
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # for good: a second one must not cut the stop short
    telemetry.begin(wiring.settings)
    wiring.begin()
    metrics.start_at_nought(kinds=HANDLERS, tasks=[job.name for job in JOBS])
    thread = threading.Thread(target=work, args=(wiring, stop), name="worker", daemon=True)
    with server.observed(wiring):
        thread.start()
        log.get().info("worker.started")
        signal.sigwait(_SIGNALS)
        stop.set()
        thread.join(STOP_SECONDS)
    telemetry.end(wiring.settings)
    log.get().info("worker.stopped", cut_short=thread.is_alive())


def work(wiring: Wiring, stop: threading.Event) -> None:
    """Go on until `stop` is set."""
    schedule, delivered, failures, heartbeat = Schedule(), 0, 0, time.monotonic()
    while not stop.is_set():
        pulse.beat()
        try:
            claimed = deliver_due(wiring, stop)
            schedule.run_due(wiring, stop)
        except Exception as failed:  # noqa: BLE001 - nothing may end the worker but a stop
            failures += 1
            stop.wait(_explain(failed, failures))
            continue
        failures, delivered = 0, delivered + claimed
        if time.monotonic() - heartbeat >= HEARTBEAT_SECONDS:
            log.get().info("worker.alive", delivered=delivered)
            delivered, heartbeat = 0, time.monotonic()
        if not claimed:
            stop.wait(POLL_SECONDS)


def _explain(failed: Exception, failures: int) -> float:
    """Log why a round ended, and answer how long to wait before the next one."""
    pause = min(LONGEST_BACKOFF_SECONDS, POLL_SECONDS * float(1 << min(failures - 1, 10)))
    if isinstance(failed, DATABASE_IS_GONE):
        log.get().warning("worker.database_unavailable", error=type(failed).__name__, retry_in=pause)
    else:
        log.get().error("worker.round_failed", exc_info=failed, retry_in=pause)
    return pause
