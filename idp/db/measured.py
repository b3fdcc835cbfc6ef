"""Connections and pools that Prometheus hears of: how many round trips, how long each, how many connections.

Counted where every message passes, in the driver, so that nothing is left out: neither ``BEGIN`` nor ``COMMIT``.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import psycopg
from prometheus_client import Counter, Gauge
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, PoolProxiedConnection, QueuePool, event
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from idp import metrics
from idp.db.confirmed import ConfirmedConnection


class MeasuredPool(QueuePool):
    """A pool that says how many of its connections are in use.  Its logging name is the database role."""

    @property
    def role(self) -> str:
        """Whose connections these are."""
        return self.logging_name or "app"

    @cached_property
    def _meters(self) -> tuple[Counter, Counter, Gauge, Gauge]:
        """Looked up once: this is on the way of every request that asks the database."""
        return (
            metrics.CHECKOUT_SECONDS.labels(self.role),
            metrics.CHECKOUTS.labels(self.role, "taken"),
            metrics.CONNECTIONS_IN_USE.labels(self.role),
            metrics.CONNECTIONS.labels(self.role),
        )

    def connect(self) -> PoolProxiedConnection:
        """A connection, and how long it took to get it."""
        began = time.perf_counter()
        seconds, taken, _, _ = self._meters
        try:
            connection = super().connect()
        except BaseException as error:
            outcome = "timeout" if isinstance(error, PoolTimeoutError) else "failed"
            metrics.CHECKOUTS.labels(self.role, outcome).inc()
            raise
        else:
            taken.inc()
        finally:
            seconds.inc(time.perf_counter() - began)
            self.show()
        return connection

    @property
    def most_overflow(self) -> int:
        """Connections that may open beside those that are kept."""
        return self._max_overflow

    def show(self) -> None:
        """Write down how many are in use and open; the whole numbers each time, so that they cannot drift."""
        _, _, in_use, all_ = self._meters
        in_use.set(self.checkedout())
        all_.set(self.checkedout() + self.checkedin())

    def show_return(self) -> None:
        """Write down that one is about to go back."""
        self._meters[2].set(max(0, self.checkedout() - 1))


def install(engine: Engine) -> None:
    """Measure an engine whose pool is a `MeasuredPool`; before its first connection."""
    pool = engine.pool
    assert isinstance(pool, MeasuredPool)  # noqa: S101 - tells mypy what make_engine built
    connect = _connecting(pool.role)

    def do_connect(_dialect: Any, _record: Any, args: list[Any], options: dict[str, Any]) -> Any:
        return connect(*args, **options)

    def checked_in(_connection: Any, _record: Any) -> None:
        now = engine.pool  # which is another one after `Engine.dispose`
        if isinstance(now, MeasuredPool):
            now.show_return()

    event.listen(engine, "do_connect", do_connect)
    event.listen(engine, "checkin", checked_in)


def show_bounds(engine: Engine) -> None:
    """Write down how many connections there may be.  Once in each process, after the fork."""
    pool = engine.pool
    if isinstance(pool, MeasuredPool):
        metrics.CONNECTIONS_MOST.labels(pool.role).set(pool.size() + pool.most_overflow)
        pool.show()


def _connecting(role: str) -> Callable[..., psycopg.Connection[Any]]:
    seconds = metrics.ROUND_TRIPS.labels(role)

    class Measured(ConfirmedConnection):
        """A connection that measures each exchange with the server."""

        def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return super().wait(gen, *args, **options)
            finally:
                seconds.observe(time.perf_counter() - began)

        def commit(self) -> None:
            if self.info.transaction_status is not TransactionStatus.IDLE:  # else there is nothing to say
                super().commit()

        def rollback(self) -> None:
            if not self.closed and self.info.transaction_status is not TransactionStatus.IDLE:
                super().rollback()

    return Measured.connect
