"""What is due by the clock: a table of jobs, each safe to run in several workers at once."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from idp import log, metrics
from idp.db.cache import DATABASE_IS_GONE
from idp.db.locks import try_lock
from idp.keys import schedule as key_schedule
from idp.keys import service as keys
from idp.telemetry.spans import span
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import alerts, consoles, purge, retention, rollups
from idp.worker.pulse import pulse


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work and its period.

    Attributes:
        name: of its log lines.
        every: seconds from one run to the next.
        run: does it; answers how much there was to do.
    """

    name: str
    every: float
    run: Callable[[Wiring, threading.Event], int]


def tend_keys(wiring: Wiring, stop: threading.Event) -> int:
    """Publish, rotate and retire the keys of every tenant that wants it; each in a transaction of its own."""
    count, failed, last = 0, 0, None
    while not stop.is_set():
        with wiring.platform_unit() as platform:
            due = key_schedule.due_tenants(platform, after=last)
        if not due:
            break
        last = due[-1].id
        ends = [_tend(wiring, tenant) for tenant in due if not stop.is_set()]
        count, failed = count + ends.count(True), failed + ends.count(None)
    metrics.KEYS_FAILED.set(failed)
    return count


def _tend(wiring: Wiring, tenant: Tenant) -> bool | None:
    """Whether there was something to do to one tenant's keys; None when it failed, which keeps no other waiting."""
    try:
        with wiring.tenant_unit(tenant) as uow:
            done = keys.tend(uow) if try_lock(uow, f"keys:{tenant.id}") else []
    except DATABASE_IS_GONE:
        raise
    except Exception as failed:  # noqa: BLE001 - logged with the tenant it happened to
        log.get().error("keys.tend_failed", tenant=tenant.slug, exc_info=failed)
        return None
    for kind in done:
        log.get().info(kind.value, tenant=tenant.slug)
    return bool(done)


JOBS = (
    Job("keys.tended", 60.0, tend_keys),
    Job("tenants.purged", 60.0, purge.purge_deleted_tenants),
    Job("rows.purged", 600.0, purge.purge_expired),
    Job("consoles.kept", 3600.0, consoles.keep),
    Job("events.counted", 600.0, rollups.count_days),
    Job("alerts.raised", 60.0, alerts.find_sprays),
    Job("users.erased", 60.0, retention.erase_due),
    Job("history.purged", 6 * 3600.0, retention.purge_by_policy),
)


@dataclass(slots=True)
class Schedule:
    """When each job is due in this process; the first time at once."""

    jobs: tuple[Job, ...] = JOBS
    _due: dict[str, float] = field(default_factory=dict)

    def run_due(self, wiring: Wiring, stop: threading.Event) -> None:
        """Run what is due.  A job that fails is logged, and tried again when it is due again."""
        for job in self.jobs:
            if stop.is_set() or self._due.get(job.name, 0.0) > time.monotonic():
                continue
            pulse.beat()
            began = time.monotonic()
            try:
                with span(f"job {job.name}"):
                    count = job.run(wiring, stop)
            except DATABASE_IS_GONE:
                raise
            except Exception as failed:  # noqa: BLE001 - one job must not end the others
                metrics.JOB_FAILURES.labels(job.name).inc()
                log.get().error("job.failed", job=job.name, exc_info=failed)
            else:
                metrics.JOB_SUCCESS.labels(job.name).set_to_current_time()
                if count:
                    log.get().info(job.name, count=count)
            metrics.JOB_SECONDS.labels(job.name).observe(time.monotonic() - began)
            self._due[job.name] = time.monotonic() + job.every
