"""Everything that Prometheus can read of us, declared in one place: bounded labels, and never a tenant's (R60).

Under gunicorn every process counts into files of its own, which `idp.http.exposition` adds up; a gauge's
``multiprocess_mode`` says how.  docs/operations/observability.md explains each of them to an operator.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
_QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_USUAL = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"idp_{name}", text, labels, registry=REGISTRY)


def _histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...] = _USUAL) -> Histogram:
    return Histogram(f"idp_{name}", text, labels, buckets=buckets, registry=REGISTRY)


def _summed(name: str, text: str, *labels: str) -> Gauge:
    """A gauge of each living process, which add up."""
    return Gauge(f"idp_{name}", text, labels, multiprocess_mode="livesum", registry=REGISTRY)


def _latest(name: str, text: str, *labels: str) -> Gauge:
    """A gauge of something outside of us, which whoever looked last knows best."""
    return Gauge(f"idp_{name}", text, labels, multiprocess_mode="livemostrecent", registry=REGISTRY)


BUILD = _latest("build_info", "1, for the version that runs.", "version")

REQUESTS = _counter("http_requests", "Requests answered.", "endpoint", "method", "status")
REQUEST_SECONDS = _histogram("http_request_seconds", "Time to answer.", "endpoint")
IN_FLIGHT = _summed("http_requests_in_flight", "Requests that are being answered.")
THREADS = _summed("http_threads", "Requests that can be answered at once.")
DOCUMENTS = _counter("documents_from_memory", "Discovery documents and key sets answered from memory.")
SIGNINS = _counter("signins", "Attempts to sign in.", "way", "outcome")
TOKENS = _counter("token_requests", "Answers of the token endpoint.", "grant_type", "outcome")
REFUSALS = _counter("limit_refusals", "Requests refused because a rate limit was used up.", "limit")
ALONE = _summed("limits_alone", "Web processes that count limits without Redis.")

ROUND_TRIPS = _histogram(
    "database_round_trip_seconds", "Messages to the database that wait for an answer.", "role", buckets=_QUICK
)
CONNECTIONS = _summed("database_connections", "Connections to the database that are open.", "role")
CONNECTIONS_IN_USE = _summed("database_connections_in_use", "Connections that somebody works with.", "role")
CONNECTIONS_MOST = _summed("database_connections_max", "Connections that may be open at once.", "role")
CHECKOUT_SECONDS = _counter("database_checkout_seconds", "Time spent on getting a connection.", "role")
CHECKOUTS = _counter("database_checkouts", "Connections taken, or not to be had in time.", "role", "outcome")
DATABASE_UP = _latest("database_up", "1 when the database answered the last time that it was asked, else 0.")
SCHEMA_PENDING = _latest("schema_pending", "1 while the database wants migrations that this version needs.")
CLOCK_SKEW = _latest("clock_skew_seconds", "How much later this machine's clock is than the database's.")

GATE_PLACES = _summed("password_gate_places", "Callers that may be at the password gate at once.")
GATE_HELD = _summed("password_gate_held", "Callers at the password gate: those hashing, and those before and behind.")
GATE_RUNNING = _summed("password_gate_running", "Passwords that are being hashed.")
GATE_REFUSED = _counter("password_gate_refused", "Callers that found the password gate full.")
HASH_SECONDS = _histogram("password_hash_seconds", "Time that one password hash took.")

OUTBOX_WAITING = _latest("outbox_waiting", "Messages that have not left, ten thousand at most.", "kind")
OUTBOX_OLDEST = _latest("outbox_oldest_due_seconds", "How long the oldest message has been due.", "kind")
DELIVERIES = _counter("outbox_deliveries", "Tries to make a message leave.", "kind", "outcome")
KEYS_PENDING = _latest("keys_pending", "Signing keys that are published and do not sign yet.")
KEYS_OLDEST_ACTIVE = _latest("keys_oldest_active_seconds", "How long the oldest signing key has been signing.")
KEYS_FAILED = _latest("keys_tenants_failed", "Tenants whose keys could not be tended in the last run.")
PURGE_LAG = _latest("purge_lag_seconds", "How long the oldest row that should be gone has been due to go.", "table")
OBSERVED = _latest("worker_observed_timestamp_seconds", "When the worker last looked at outbox, keys and rows.", "what")
ROUND = _latest("worker_round_timestamp_seconds", "When the worker's loop last came round.")
JOB_SECONDS = _histogram(
    "worker_job_seconds", "Time that a run of a job took.", "task", buckets=(0.01, 0.1, 1.0, 10.0, 60.0, 600.0)
)
JOB_SUCCESS = _latest("worker_job_success_timestamp_seconds", "When a job last ended well.", "task")
JOB_FAILURES = _counter("worker_job_failures", "Runs of a job that failed.", "task")

WAYS = ("password", "upstream")
"""By which somebody signs in."""
OUTCOMES = {"password": ("success", "mismatch", "throttled", "busy"), "upstream": ("success", "refused")}

DELIVERED = ("sent", "failed", "dead", "postponed")
"""How a try to make a message leave may end."""


def start_at_nought(*, kinds: Iterable[str] = (), tasks: Iterable[str] = ()) -> None:
    """Show what has not happened yet as 0, so that its first time is an increase.

    Args:
        kinds: of messages that this process makes leave.
        tasks: names of the jobs that it does.
    """
    for way, outcomes in OUTCOMES.items():
        for outcome in outcomes:
            SIGNINS.labels(way, outcome)
    for kind in kinds:
        for outcome in DELIVERED:
            DELIVERIES.labels(kind, outcome)
    for task in tasks:
        JOB_FAILURES.labels(task)
