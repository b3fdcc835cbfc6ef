"""One log line a request: method, path, status, time.  Query strings, bodies and headers never reach it (R58)."""

from flask import Flask, Response, g, request

from idp import log
from idp.http.metrics import elapsed

_LONGEST_PATH = 256


def install(app: Flask) -> None:
    """Log every request when it has been answered."""

    @app.after_request
    def write(response: Response) -> Response:
        uow = g.get("uow")
        log.get().info(
            "request.answered",
            method=request.method[:16],
            path=request.path[:_LONGEST_PATH],
            endpoint=request.endpoint,
            status=response.status_code,
            ms=round(elapsed() * 1000, 1),
            ip=uow.actor.ip if uow is not None else request.remote_addr,
        )
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        log.unbind()
