"""Errors that nobody expected go to Sentry, and nothing of a request goes with them but its ids (R58)."""

import sys
from collections.abc import Iterator

import pytest
import sentry_sdk

from idp import log
from idp.app import create_app
from idp.config import Misconfigured, Settings
from idp.telemetry import extras, reports
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.observability.receivers import Receiver, eventually, receiving

SECRET = "correct-horse-battery"


@pytest.fixture
def ingest() -> Iterator[Receiver]:
    with receiving() as receiver:
        reports.begin(f"http://key@127.0.0.1:{receiver.port}/42")
        yield receiver
        log.forget_listeners()
        sentry_sdk.get_client().close(timeout=2.0)
        sentry_sdk.init()


def test_an_error_leaves_with_the_ids_of_its_request_and_nothing_else_of_it(
    ingest: Receiver, settings: Settings, wiring: Wiring, tenant: Tenant
) -> None:
    app = create_app(settings, wiring)

    def fail(**_path: str) -> None:
        password = SECRET
        raise RuntimeError(f"no room for somebody@example.com with idp_ss_{'x' * 30}\nDETAIL: {password}")

    app.view_functions["oauth.userinfo"] = fail
    answer = app.test_client().post(
        f"/t/{tenant.slug}/oauth/userinfo?code={SECRET}",
        data={"access_token": SECRET},
        headers={"Authorization": f"Bearer {SECRET}", "User-Agent": "Peculiar/1.0"},
    )
    assert answer.status_code == 500
    (report,) = eventually(ingest.reports)
    (error,) = report["exception"]["values"]
    assert error["type"] == "RuntimeError"
    assert error["value"] == "no room for [address] with [redacted]"
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    assert report["tags"]["tenant"] == tenant.slug
    assert report["tags"]["request_id"] == answer.headers["X-Request-Id"]
    assert report["tags"]["event"] == "request.failed"
    assert report["release"].startswith("idp@")
    for body in ingest.bodies:
        for text in (SECRET, "Peculiar", "somebody@", "example.com", "127.0.0.1"):
            assert text.encode() not in body, text


def test_what_is_expected_is_not_reported(ingest: Receiver, settings: Settings, wiring: Wiring, tenant: Tenant) -> None:
    client = create_app(settings, wiring).test_client()
    assert client.get(f"/t/{tenant.slug}/nowhere").status_code == 404
    assert client.post(f"/t/{tenant.slug}/oauth/token", data={"grant_type": "nonsense"}).status_code in {400, 401}
    log.get().error("worker.round_failed", exc_info=ValueError("the last"))
    (report,) = eventually(ingest.reports)
    assert report["tags"]["event"] == "worker.round_failed"


@pytest.mark.parametrize(
    ("given", "module", "sentence"),
    [
        ({"IDP_SENTRY_DSN": "https://key@sentry.example/1"}, "sentry_sdk", "pip install 'idp[sentry]'"),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "opentelemetry.sdk", "pip install 'idp[otel]'"),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "opentelemetry", "pip install 'idp[otel]'"),
    ],
)
def test_a_missing_extra_is_one_sentence_at_the_start(
    environment: dict[str, str], given: dict[str, str], module: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.load(environment | given)
    extras.require(settings)
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Misconfigured) as refused:
        extras.require(settings)
    assert sentence in refused.value.detail
