"""What is dear to count is counted here, every half a minute and not when somebody asks: outbox, keys, purge (R60).

In a thread beside the worker's own, so that a delivery that hangs shows as an outbox that ages.  Every query is led by
an index or has a bound, whatever the number of tenants.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, func, select, true

from idp import log, metrics
from idp.db.cache import DATABASE_IS_GONE
from idp.db.unit import PlatformUnit
from idp.events.models import OutboxMessage
from idp.http.health import database_state
from idp.keys.models import SigningKey
from idp.wiring import Wiring
from idp.worker import purge
from idp.worker.handlers import HANDLERS

EVERY_SECONDS = 30.0
MOST_MESSAGES = 10_000


@dataclass(frozen=True, slots=True)
class Sight:
    """Something to look at, and how often.

    Attributes:
        what: it is called in `metrics.OBSERVED`.
        every: seconds from one look to the next.
        look: does it.
    """

    what: str
    every: float
    look: Callable[[PlatformUnit], None]


def waiting_messages() -> Select[str, int, float]:
    """Kind, number, and seconds since the oldest was due, of the messages that have not left and come first."""
    first = (
        select(OutboxMessage.kind, OutboxMessage.next_attempt_at)
        .where(OutboxMessage.sent_at.is_(None), OutboxMessage.dead_at.is_(None))
        .order_by(OutboxMessage.next_attempt_at)
        .limit(MOST_MESSAGES)
        .subquery("first")
    )
    return select(first.c.kind, func.count(), _seconds_since(func.min(first.c.next_attempt_at))).group_by(first.c.kind)


def living_keys() -> Select[int, float]:
    """How many keys are pending, and for how many seconds the oldest active one has been so; from the index alone."""
    is_active = SigningKey.activated_at.is_not(None) & SigningKey.retiring_at.is_(None)
    return select(
        func.count().filter(SigningKey.activated_at.is_(None)),
        _seconds_since(func.min(SigningKey.activated_at).filter(is_active)),
    ).where(SigningKey.retired_at.is_(None), SigningKey.revoked_at.is_(None))


def overdue(rule: purge.Rule) -> Select[float]:
    """For how many seconds the oldest row of a rule should have been gone; no row when none should."""
    return (
        select(_seconds_since(rule.moment + rule.keep))
        .where(rule.moment < func.now() - rule.keep)
        .order_by(rule.moment)
        .limit(1)
    )


def watched_rules() -> list[purge.Rule]:
    """Rules of whole tables whose moment leads an index: the others would be counted row by row."""
    return [rule for rule in purge.RULES if rule.only.compare(true()) and _leads_an_index(rule)]


def _leads_an_index(rule: purge.Rule) -> bool:
    return any(next(iter(index.columns)).name == rule.moment.key for index in rule.table.indexes if index.columns)


def look_at_outbox(platform: PlatformUnit) -> None:
    """How many messages wait, and for how long the oldest has been due, by kind."""
    found = {kind: (count, age) for kind, count, age in platform.session.execute(waiting_messages())}
    for kind in HANDLERS:
        count, age = found.get(kind, (0, 0.0))
        metrics.OUTBOX_WAITING.labels(kind).set(count)
        metrics.OUTBOX_OLDEST.labels(kind).set(max(0.0, age))


def look_at_keys(platform: PlatformUnit) -> None:
    """Keys that wait, and keys that sign."""
    pending, oldest = platform.session.execute(living_keys()).one()
    metrics.KEYS_PENDING.set(pending)
    metrics.KEYS_OLDEST_ACTIVE.set(oldest or 0.0)


def look_at_rows(platform: PlatformUnit) -> None:
    """How long rows stay that should be gone."""
    for rule in watched_rules():
        lag = platform.session.scalar(overdue(rule))
        metrics.PURGE_LAG.labels(rule.table.name).set(lag or 0.0)


SIGHTS = (
    Sight("outbox", EVERY_SECONDS, look_at_outbox),
    Sight("keys", 10 * EVERY_SECONDS, look_at_keys),
    Sight("rows", 10 * EVERY_SECONDS, look_at_rows),
)


class Observer:
    """Looks at everything that is due to be looked at."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._due: dict[str, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            self.look()
            stop.wait(EVERY_SECONDS)

    def look(self) -> None:
        """Once.  What cannot be seen keeps its last number, and its time says how old that is."""
        if database_state(self._wiring.app) == "unreachable":
            return
        for sight in SIGHTS:
            if self._due.get(sight.what, 0.0) > time.monotonic():
                continue
            try:
                with self._wiring.platform_unit() as platform:
                    sight.look(platform)
            except DATABASE_IS_GONE:
                return
            except Exception as failed:  # noqa: BLE001 - one sight must not hide the others
                log.get().error("worker.look_failed", what=sight.what, exc_info=failed)
                continue
            metrics.OBSERVED.labels(sight.what).set_to_current_time()
            self._due[sight.what] = time.monotonic() + sight.every


def _seconds_since(moment: ColumnElement[Any]) -> ColumnElement[float]:
    return func.extract("epoch", func.now() - moment).cast(Float)
