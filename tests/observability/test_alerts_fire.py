"""Prometheus's own tool loads the rules, and says when they fire: each in its own trouble, and none in health.

The tool is 300 MB large where it is not installed, so it is fetched for `make soak` only.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.shapes import debian

ROOT = Path(__file__).parents[2]
RULES = ROOT / "helm/idp/files/alerts.yaml"
HEALTHY = {
    'idp_http_threads{instance="web"}': "8x30",
    'idp_http_threads{instance="worker"}': "0x30",
    'idp_http_requests_in_flight{instance="web"}': "1x30",
    'idp_http_requests_total{endpoint="oauth.token",method="POST",status="200"}': "0+600x30",
    'idp_http_requests_total{endpoint="oauth.token",method="POST",status="503"}': "0+0x30",
    'idp_http_request_seconds_bucket{endpoint="oauth.token",le="0.01"}': "0+600x30",
    'idp_http_request_seconds_bucket{endpoint="oauth.token",le="2.5"}': "0+600x30",
    'idp_http_request_seconds_bucket{endpoint="oauth.token",le="+Inf"}': "0+600x30",
    'idp_http_request_seconds_bucket{endpoint="auth.login",le="0.1"}': "0+60x30",
    'idp_http_request_seconds_bucket{endpoint="auth.login",le="5"}': "0+60x30",
    'idp_http_request_seconds_bucket{endpoint="auth.login",le="+Inf"}': "0+60x30",
    'idp_process_open_fds{instance="web"}': "50x30",
    'idp_process_max_fds{instance="web"}': "1024x30",
    'idp_database_up{instance="web"}': "1x30",
    'idp_database_checkouts_total{role="app",outcome="taken"}': "0+600x30",
    'idp_database_checkouts_total{role="app",outcome="timeout"}': "0x30",
    'idp_database_round_trip_seconds_sum{role="app"}': "0+1x30",
    'idp_database_round_trip_seconds_count{role="app"}': "0+1000x30",
    'idp_schema_pending{instance="web"}': "0x30",
    'idp_limits_alone{instance="web"}': "0x30",
    'idp_clock_skew_seconds{instance="web"}': "0.01x30",
    "idp_worker_round_timestamp_seconds": "0+120x30",
    'idp_worker_observed_timestamp_seconds{what="outbox"}': "0+120x30",
    'idp_worker_job_failures_total{task="rows.purged"}': "0x30",
    'idp_worker_job_success_timestamp_seconds{task="keys.tended"}': "0+120x30",
    'idp_outbox_oldest_due_seconds{kind="mail"}': "2x30",
    'idp_outbox_deliveries_total{kind="mail",outcome="dead"}': "0x30",
    "idp_keys_tenants_failed": "0x30",
    'idp_purge_lag_seconds{table="grants"}': "600x30",
    "idp_password_gate_refused_total": "0x30",
    'idp_signins_total{way="password",outcome="success"}': "0+120x30",
    'idp_signins_total{way="password",outcome="mismatch"}': "0+20x30",
    'idp_limit_refusals_total{limit="sign-in-ip"}': "0+1x30",
}
TROUBLES: dict[str, dict[str, str | None]] = {
    "IdpWebGone": {'idp_http_threads{instance="web"}': None, 'idp_http_requests_in_flight{instance="web"}': None},
    "IdpErrors": {'idp_http_requests_total{endpoint="oauth.token",method="POST",status="503"}': "0+30x30"},
    "IdpSignInSlow": {'idp_http_request_seconds_bucket{endpoint="auth.login",le="0.1"}': "0+50x30"},
    "IdpTokenSlow": {'idp_http_request_seconds_bucket{endpoint="oauth.token",le="0.01"}': "0+500x30"},
    "IdpWebSaturated": {'idp_http_requests_in_flight{instance="web"}': "8x30"},
    "IdpFileDescriptors": {'idp_process_open_fds{instance="web"}': "900x30"},
    "IdpDatabaseUnreachable": {'idp_database_up{instance="web"}': "0x30"},
    "IdpDatabasePoolExhausted": {'idp_database_checkouts_total{role="app",outcome="timeout"}': "0+3x30"},
    "IdpDatabaseSlow": {'idp_database_round_trip_seconds_sum{role="app"}': "0+80x30"},
    "IdpSchemaPending": {'idp_schema_pending{instance="web"}': "1x30"},
    "IdpRedisLost": {'idp_limits_alone{instance="web"}': "2x30"},
    "IdpClockSkew": {'idp_clock_skew_seconds{instance="web"}': "-7x30"},
    "IdpWorkerGone": {"idp_worker_round_timestamp_seconds": "0+120x2 240x30"},
    "IdpWorkerBlind": {'idp_worker_observed_timestamp_seconds{what="outbox"}': "0+120x2 240x30"},
    "IdpJobFailing": {'idp_worker_job_failures_total{task="rows.purged"}': "0+0.2x30"},
    "IdpOutboxDelayed": {'idp_outbox_oldest_due_seconds{kind="mail"}': "400x30"},
    "IdpDeadLetters": {'idp_outbox_deliveries_total{kind="mail",outcome="dead"}': "0x25 1x5"},
    "IdpKeysOverdue": {"idp_keys_tenants_failed": "1x30"},
    "IdpPurgeLagging": {'idp_purge_lag_seconds{table="grants"}': "9000x30"},
    "IdpPasswordGateFull": {"idp_password_gate_refused_total": "0+20x30"},
    "IdpSignInFailures": {'idp_signins_total{way="password",outcome="mismatch"}': "0+600x30"},
    "IdpLimitsRefused": {'idp_limit_refusals_total{limit="sign-in-ip"}': "0+300x30"},
}
OTHERS: dict[str, tuple[str, dict[str, str | None]]] = {
    "a worker that never was": ("IdpWorkerGone", {"idp_worker_round_timestamp_seconds": None}),
    "a worker that has not begun": ("IdpWorkerGone", {"idp_worker_round_timestamp_seconds": "0x30"}),
    "keys that nobody tends": (
        "IdpKeysOverdue",
        {'idp_worker_job_success_timestamp_seconds{task="keys.tended"}': "0+120x2 240x30"},
    ),
    "a clock ahead": ("IdpClockSkew", {'idp_clock_skew_seconds{instance="web"}': "6x30"}),
}


@pytest.fixture(scope="module")
def promtool() -> str:
    installed = shutil.which("promtool")
    if installed:
        return installed
    debian.fetch("prometheus", debian.FETCHED)
    return str(debian.FETCHED / "prometheus/usr/bin/promtool")


def case(name: str, changed: dict[str, str | None], firing: list[str]) -> dict[str, Any]:
    series = {key: value for key, value in {**HEALTHY, **changed}.items() if value is not None}
    return {
        "name": name,
        "interval": "2m",
        "input_series": [{"series": key, "values": value} for key, value in series.items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "58m",
                "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in firing],
            }
        ],
    }


def test_every_alert_has_a_trouble_of_its_own() -> None:
    assert TROUBLES.keys() == set(re.findall(r"alert: (\w+)", RULES.read_text(encoding="utf-8")))


@pytest.mark.soak
def test_prometheus_loads_the_rules(promtool: str) -> None:
    done = subprocess.run([promtool, "check", "rules", str(RULES)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(TROUBLES)} rules found" in done.stdout


@pytest.mark.soak
def test_each_fires_in_its_trouble_and_none_in_health(promtool: str, tmp_path: Path) -> None:
    cases = [case("health", {}, [])]
    cases += [case(alert, changed, [alert]) for alert, changed in TROUBLES.items()]
    cases += [case(name, changed, [alert]) for name, (alert, changed) in OTHERS.items()]
    tests = {"rule_files": [str(RULES)], "evaluation_interval": "2m", "tests": cases}
    path = tmp_path / "tests.yaml"
    path.write_text(yaml.safe_dump(tests, sort_keys=False), encoding="utf-8")
    done = subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
