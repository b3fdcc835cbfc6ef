"""What Prometheus reads: requests, sign-ins and tokens, under bounded label sets and never by tenant (R60).

Under gunicorn every worker counts into its own file and `idp.http.health` adds them up.
"""

import time

from flask import Flask, Response, g, request
from prometheus_client import Counter, Gauge, Histogram

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_requests = Counter("idp_http_requests", "Requests answered.", ["endpoint", "method", "status"])
_seconds = Histogram("idp_http_request_seconds", "Time to answer.", ["endpoint"], buckets=_BUCKETS)
_documents = Counter("idp_documents_from_memory", "Discovery documents and key sets answered from memory.")
_signins = Counter("idp_signins", "Attempts to sign in.", ["outcome"])
_tokens = Counter("idp_token_requests", "Answers of the token endpoint.", ["grant_type", "outcome"])

_refusals = Counter("idp_limit_refusals", "Requests refused because a rate limit was used up.", ["limit"])
_alone = Gauge("idp_limits_alone", "Web processes that count limits without Redis.", multiprocess_mode="livesum")


def install(app: Flask) -> None:
    """Count every request.  Comes first, so that refusals of the other hooks count too."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        method = request.method if request.method in _METHODS else "other"
        _requests.labels(endpoint, method, response.status_code).inc()
        _seconds.labels(endpoint).observe(elapsed())
        return response


def count_document_from_memory() -> None:
    """Count one public document that was answered before Flask was asked."""
    _documents.inc()


def elapsed() -> float:
    """Seconds since the request began."""
    began: float | None = g.get("began")
    return 0.0 if began is None else time.perf_counter() - began


def count_signin(outcome: str) -> None:
    """Count one attempt.

    Args:
        outcome: one of a few words of ours: ``success``, ``mismatch``, ``busy``.
    """
    _signins.labels(outcome).inc()


def count_token(grant_type: str, *, refused: bool) -> None:
    """Count one answer of the token endpoint.

    Args:
        grant_type: one that we support; whatever else a client sends is not a label.
        refused: whether the answer was an error.
    """
    _tokens.labels(grant_type, "refused" if refused else "issued").inc()


def count_refusal(limit: str) -> None:
    """Count one request that a limit refused.

    Args:
        limit: its name.
    """
    _refusals.labels(limit).inc()


def count_alone(*, is_alone: bool) -> None:
    """Say whether this process counts limits for itself because Redis does not answer (R29)."""
    _alone.set(int(is_alone))
