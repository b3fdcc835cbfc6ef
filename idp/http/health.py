"""The internal port: is the process alive, may it get traffic, and what has it counted (R60, R64).

Never reachable through the public port: the listening socket decides which application answers, and nothing that a
client sends.
"""

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from idp import log, metrics
from idp.config import Settings
from idp.db import migrations
from idp.errors import IdPError
from idp.http import exposition
from idp.http.redis_client import FAILURES, RedisClient

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_REDIS_TIMEOUT_SECONDS = 0.5
_EXCLUDABLE = frozenset({"database"})


def create_internal_app(settings: Settings, engine: Engine, is_alive: Callable[[], bool] = lambda: True) -> Flask:
    """The application of the internal port: ``/livez``, ``/readyz``, ``/metrics``.

    Args:
        settings: for the address of Redis.
        engine: of the app role.
        is_alive: whether the process does what it is for; whoever answers here may do so beside a process that hangs.
    """
    app = Flask("idp.internal", static_folder=None)
    counters = counters_of(settings)

    @app.get("/livez")
    def livez() -> Response:
        return jsonify(status="alive") if is_alive() else _refused("stalled", HTTPStatus.SERVICE_UNAVAILABLE)

    @app.get("/readyz")
    def readyz() -> Response:
        """Ready or not.

        ``?exclude=database`` passes over a database that does not answer: all processes share it, so a balancer that
        takes them all out by it takes out the key sets too, which go on from memory.  A schema that is too old for this
        version counts all the same.
        """
        if (excluded := set(request.args.getlist("exclude"))) - _EXCLUDABLE:
            return _refused("exclude knows: database", HTTPStatus.BAD_REQUEST)
        database, cache = database_state(engine), redis_state(counters)
        if database != "ok" and not (database == "unreachable" and "database" in excluded):
            answer = jsonify(status="unavailable", database=database, redis=cache)
            answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE
            answer.headers["Retry-After"] = "5"
            return answer
        status = "degraded" if "unreachable" in {database, cache} else "ready"
        return jsonify(status=status, database=database, redis=cache)

    @app.get("/metrics")
    def show_metrics() -> Response:
        return Response(exposition.expose(), content_type=exposition.CONTENT_TYPE)

    return app


def _refused(status: str, code: HTTPStatus) -> Response:
    answer = jsonify(status=status)
    answer.status_code = code
    return answer


def by_port(
    *, public: "WSGIApplication", internal: "WSGIApplication", public_port: int, internal_port: int
) -> "WSGIApplication":
    """One callable for both listening sockets.

    ``SERVER_PORT`` is what gunicorn read from the socket that accepted the connection.  Without a port of its own the
    internal application is not served at all.
    """
    internal_is_served = internal_port not in {0, public_port}

    def route(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        is_internal = internal_is_served and environ["SERVER_PORT"] == str(internal_port)
        return (internal if is_internal else public)(environ, start_response)

    return route


def counters_of(settings: Settings) -> RedisClient | None:
    """A client to ask Redis by, where there is one."""
    url = settings.redis_url
    return None if url is None else RedisClient(url.get_secret_value(), timeout=_REDIS_TIMEOUT_SECONDS)


def database_state(engine: Engine) -> str:
    """``ok``, ``schema pending`` or ``unreachable``; the metrics say so too, and how our clock stands to its clock."""
    try:
        schema = migrations.status(engine)
        metrics.CLOCK_SKEW.set(clock_skew(engine))
    except (SQLAlchemyError, IdPError) as error:
        metrics.DATABASE_UP.set(0)
        log.get().warning("readiness.database_unreachable", error=type(error).__name__)
        return "unreachable"
    metrics.DATABASE_UP.set(1)
    metrics.SCHEMA_PENDING.set(int(not schema.is_usable))
    return "ok" if schema.is_usable else "schema pending"


def clock_skew(engine: Engine) -> float:
    """Seconds that this machine's clock is ahead of the database's (R61), give or take half the round trip."""
    with engine.connect() as connection:
        began = time.time()
        theirs = float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())::float8")) or 0.0)
        return (began + time.time()) / 2 - theirs


def redis_state(counters: RedisClient | None) -> str:
    """``ok``, ``unreachable`` or ``not configured``."""
    if counters is None:
        return "not configured"
    try:
        counters.get().ping()
    except FAILURES as error:
        log.get().warning("readiness.redis_unreachable", error=type(error).__name__)
        return "unreachable"
    return "ok"
