"""What the two programs say of themselves on their internal ports, and in their logs (R58, R60)."""

import base64
import re
import socket
import threading
import urllib.request
from dataclasses import replace

import pytest
from prometheus_client import Counter, Gauge, Histogram

from idp import metrics
from idp.config import Misconfigured, Settings
from idp.http.exposition import Processes
from idp.wiring import Wiring
from idp.worker.schedule import JOBS
from idp.worker.server import observed
from tests.factories import People
from tests.observability.conftest import Running, get
from tests.observability.receivers import eventually

DECLARED = {
    family.name
    for declared in vars(metrics).values()
    if isinstance(declared, Counter | Gauge | Histogram)
    for family in declared.describe()
} | {family.name for family in Processes().collect()}
OF_THE_WEB = {"idp_http_threads", "idp_password_gate_places", "idp_http_request_seconds_bucket", "idp_limits_alone"}
OF_THE_WORKER = {
    "idp_outbox_oldest_due_seconds",
    "idp_keys_pending",
    "idp_purge_lag_seconds",
    "idp_worker_job_seconds_sum",
}
OF_BOTH = {"idp_build_info", "idp_database_connections_max", "idp_database_up", "idp_clock_skew_seconds"}


def test_nothing_is_exposed_that_is_not_declared(running: Running) -> None:
    get(f"{running.base_url}/healthz")
    for port, expected in ((running.web, OF_THE_WEB | OF_BOTH), (running.worker, OF_THE_WORKER | OF_BOTH)):
        names = {*eventually(lambda at=port, all_=expected: all_ <= {*running.samples(at)} and running.samples(at))}
        assert expected <= names
        base = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in names}
        assert base <= DECLARED


def test_a_web_server_shows_all_its_processes_and_its_worker_one(running: Running) -> None:
    web, worker = running.samples(running.web), running.samples(running.worker)
    assert web["idp_processes"] == [({}, 2.0)]
    assert web["idp_http_threads"] == [({}, 8.0)]
    assert worker["idp_processes"] == [({}, 1.0)]
    most = {labels["role"]: value for labels, value in web["idp_database_connections_max"]}
    assert most == {"app": 16.0, "platform": 8.0}
    assert 0 < web["idp_process_resident_bytes"][0][1] < 400 * 2**20
    assert 0 < web["idp_process_open_fds"][0][1] < web["idp_process_max_fds"][0][1]
    assert web["idp_http_requests_in_flight"] == [({}, 0.0)]


def test_clocks_and_the_database_are_looked_at(running: Running) -> None:
    assert get(f"http://127.0.0.1:{running.web}/readyz")[0] == 200
    for port in (running.web, running.worker):
        found = running.samples(port)
        assert found["idp_database_up"] == [({}, 1.0)]
        assert found["idp_schema_pending"] == [({}, 0.0)]
        assert abs(found["idp_clock_skew_seconds"][0][1]) < 5


def test_every_job_of_the_worker_shows_when_it_last_ended_well(running: Running) -> None:
    def ended() -> set[str]:
        samples = running.samples(running.worker).get("idp_worker_job_success_timestamp_seconds", [])
        return {labels["task"] for labels, value in samples if value > 0}

    names = {job.name for job in JOBS}
    assert eventually(lambda: ended() >= names)
    failures = running.samples(running.worker)["idp_worker_job_failures_total"]
    assert {labels["task"]: value for labels, value in failures} == dict.fromkeys(names, 0.0)


def test_a_letter_that_leaves_is_counted(running: Running, people: People) -> None:
    def sent() -> float:
        samples = running.samples(running.worker)["idp_outbox_deliveries_total"]
        return sum(value for labels, value in samples if labels == {"kind": "mail", "outcome": "sent"})

    before = sent()
    people.user()
    assert eventually(lambda: sent() > before)


def test_the_worker_answers_for_its_loop_and_names_nothing_of_itself(running: Running) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{running.worker}/livez", timeout=20) as answer:
        assert answer.status == 200
        assert answer.headers["Server"] == "idp"
    assert get(f"http://127.0.0.1:{running.worker}/readyz")[0] == 200
    assert get(f"http://127.0.0.1:{running.worker}/nowhere")[0] == 404


def test_a_line_of_the_log_says_whose_request_it_was(running: Running, people: People) -> None:
    client, secret = people.client(type="machine")
    proof = base64.b64encode(f"{client.id}:{secret}".encode()).decode()
    url = f"{running.base_url}/t/{people.tenant.slug}/oauth/token"
    asked = urllib.request.Request(url, b"grant_type=client_credentials", {"Authorization": f"Basic {proof}"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        request_id = answer.headers["X-Request-Id"]
    (line,) = eventually(lambda: [line for line in running.lines("serve") if line.get("request_id") == request_id])
    assert line["event"] == "request.answered"
    assert (line["tenant"], line["client_id"]) == (people.tenant.slug, str(client.id))
    assert secret not in (running.logs / "serve").read_text()


def test_a_port_that_is_taken_is_one_sentence(environment: dict[str, str], wiring: Wiring) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings.load(environment | {"IDP_WORKER_PORT": str(port)})
        with pytest.raises(Misconfigured) as refused, observed(replace(wiring, settings=settings)):
            pass
    assert refused.value.detail == (
        f"The worker cannot listen on port {port} of 127.0.0.1: Address already in use. "
        "Say another port by IDP_WORKER_PORT, or 0 for none."
    )


def test_without_a_port_nothing_listens_and_nothing_looks(settings: Settings, wiring: Wiring) -> None:
    assert settings.worker_port == 0
    before = threading.active_count()
    with observed(wiring):
        assert threading.active_count() == before
