"""Traces leave by OTLP over HTTP, from every process after its fork, and nothing leaves with them (R58)."""

import base64
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from typing import Any

import pytest

from idp.config import Misconfigured, Settings
from tests.factories import People
from tests.observability.conftest import Running, get
from tests.observability.receivers import eventually

SERVER, CLIENT = 2, 3
SECRET = "hunter2-in-a-query"


def of_route(running: Running, route: str, slug: str) -> dict[str, Any] | None:
    found = [
        span
        for span in running.collector.spans()
        if span["kind"] == SERVER
        and span["attributes"].get("http.route", "").endswith(route)
        and span["attributes"].get("idp.tenant") == slug
    ]
    return found[-1] if found else None


def test_a_request_is_a_span_with_its_statements_below_it(running: Running, people: People) -> None:
    client, secret = people.client(type="machine")
    url = f"{running.base_url}/t/{people.tenant.slug}/oauth/token"
    proof = base64.b64encode(f"{client.id}:{secret}".encode()).decode()
    asked = urllib.request.Request(url, b"grant_type=client_credentials", {"Authorization": f"Basic {proof}"})
    urllib.request.urlopen(asked, timeout=20).close()
    span = eventually(lambda: of_route(running, "/oauth/token", people.tenant.slug))
    assert span is not None
    attributes = span["attributes"]
    assert attributes["idp.tenant"] == people.tenant.slug
    assert attributes["idp.client_id"] == str(client.id)
    assert attributes["idp.endpoint"] == "oauth.token"
    assert attributes["http.status_code"] == 200
    assert span["service"]["service.name"] == "idp"
    statements = eventually(
        lambda: [
            child
            for child in running.collector.spans()
            if child["trace"] == span["trace"] and child["attributes"].get("db.system.name") == "postgresql"
        ]
    )
    assert statements
    assert all(child["kind"] == CLIENT and child["parent"] for child in statements)
    assert any("FROM clients" in child["attributes"]["db.query.text"] for child in statements)
    assert not any(secret in str(sent) for sent in running.collector.spans())
    (line,) = [line for line in running.lines("serve") if line.get("trace_id") == span["trace"]]
    assert (line["event"], line["client_id"], line["tenant"]) == (
        "request.answered",
        str(client.id),
        people.tenant.slug,
    )


def test_no_query_string_no_header_and_nothing_typed_leaves(running: Running, people: People) -> None:
    people.user(email="somebody@traced.example")
    query = urllib.parse.urlencode({"code": SECRET, "login_hint": "somebody@traced.example"})
    status, _ = get(
        f"{running.base_url}/t/{people.tenant.slug}/login?{query}",
        Authorization=f"Bearer {SECRET}",
        Cookie=f"a={SECRET}",
        **{"User-Agent": "Peculiar/1.0"},
    )
    assert status == 303
    span = eventually(lambda: of_route(running, "/login", people.tenant.slug))
    assert span is not None
    assert span["attributes"]["http.target"] == f"/t/{people.tenant.slug}/login"
    for body in running.collector.bodies:
        for text in (SECRET, "somebody@traced.example", "Peculiar", "login_hint"):
            assert text.encode() not in body
    for sent in running.collector.spans():
        assert "127.0.0.1" not in sent["attributes"].values()


def test_what_the_worker_does_is_traced_and_its_idle_rounds_are_not(running: Running, people: People) -> None:
    people.user()
    found = eventually(
        lambda: [span for span in running.collector.spans() if span["name"] in {"deliver mail", "job keys.tended"}]
    )
    assert found
    rootless = [
        span
        for span in running.collector.spans()
        if span["attributes"].get("db.system.name") == "postgresql" and not span["parent"]
    ]
    assert rootless == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER must be otlp or none."),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf.",
        ),
    ],
)
def test_a_way_that_we_do_not_know_is_refused(
    environment: dict[str, str], given: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Misconfigured) as refused:
        Settings.load(environment | given)
    assert refused.value.detail == sentence


@pytest.mark.parametrize(
    ("given", "traced"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_the_standard_variables_decide(environment: dict[str, str], given: dict[str, str], traced: bool) -> None:
    assert Settings.load(environment | given).is_traced is traced


FAREWELL = """
import time
from types import SimpleNamespace
from idp.telemetry import start, tracing

tracing.begin()
with tracing._tracer.start_as_current_span("something"):
    pass
began = time.monotonic()
start.end(SimpleNamespace(is_traced=True))
print(time.monotonic() - began)
"""


def test_a_collector_that_never_answers_keeps_no_stop_waiting() -> None:
    """The library alone waits for ten seconds, and once more when the interpreter ends."""
    with socket.create_server(("127.0.0.1", 0)) as collector:
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.getsockname()[1]}"}
        command = [sys.executable, "-c", FAREWELL]
        with subprocess.Popen(command, env={**os.environ, **endpoint}, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            took = float(process.stdout.readline())
            began = time.monotonic()
            assert process.wait(30) == 0
    assert took < 3
    assert time.monotonic() - began < 5
