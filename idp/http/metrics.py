"""What a web process counts while it answers: requests, sign-ins, tokens, refusals (R60)."""

import time

from flask import Flask, Response, g, request

from idp import metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def install(app: Flask) -> None:
    """Count every request.  Comes first, so that refusals of the other hooks count too."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        metrics.IN_FLIGHT.inc()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        method = request.method if request.method in _METHODS else "other"
        metrics.REQUESTS.labels(endpoint, method, response.status_code).inc()
        metrics.REQUEST_SECONDS.labels(endpoint).observe(elapsed())
        return response

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if g.pop("began", None) is not None:
            metrics.IN_FLIGHT.dec()


def count_document_from_memory() -> None:
    """Count one public document that was answered before Flask was asked."""
    metrics.DOCUMENTS.inc()


def elapsed() -> float:
    """Seconds since the request began."""
    began: float | None = g.get("began")
    return 0.0 if began is None else time.perf_counter() - began


def count_signin(outcome: str, *, way: str = "password") -> None:
    """Count one attempt.

    Args:
        outcome: one that `idp.metrics.OUTCOMES` has for the way.
        way: by which somebody signs in: ``password`` or ``upstream``.
    """
    metrics.SIGNINS.labels(way, outcome).inc()


def count_token(grant_type: str, *, refused: bool) -> None:
    """Count one answer of the token endpoint.

    Args:
        grant_type: one that we support; whatever else a client sends is not a label.
        refused: whether the answer was an error.
    """
    metrics.TOKENS.labels(grant_type, "refused" if refused else "issued").inc()


def count_refusal(limit: str) -> None:
    """Count one request that a limit refused.

    Args:
        limit: its name.
    """
    metrics.REFUSALS.labels(limit).inc()


def count_alone(*, is_alone: bool) -> None:
    """Say whether this process counts limits for itself because Redis does not answer (R29)."""
    metrics.ALONE.set(int(is_alone))
