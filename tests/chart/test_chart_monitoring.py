import json
from typing import Any

import pytest
import yaml

from tests.chart import charts

FILES = charts.CHART / "files"
MONITORED = [name for name in charts.MATRIX if charts.release(name).of_kind("ServiceMonitor")]


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return selector["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("name", MONITORED)
def test_prometheus_finds_the_internal_ports_and_no_other(name: str) -> None:
    found = charts.release(name)
    monitor = found.one("ServiceMonitor")["spec"]
    (endpoint,) = monitor["endpoints"]
    services = [each for each in found.of_kind("Service") if selects(monitor["selector"], each["metadata"]["labels"])]
    scraped = [
        (service["spec"]["selector"]["app.kubernetes.io/component"], port["port"])
        for service in services
        for port in service["spec"]["ports"]
        if port["name"] == endpoint["port"]
    ]
    assert sorted(scraped) == [("web", 9090), ("worker", 9091)]
    assert endpoint["path"] == "/metrics"


def test_rules_and_dashboard_are_those_of_the_files() -> None:
    found = charts.release("telemetry")
    assert found.one("PrometheusRule")["spec"] == yaml.safe_load((FILES / "alerts.yaml").read_text())
    (dashboards,) = [each for each in found.of_kind("ConfigMap") if "IDP_BASE_URL" not in each["data"]]
    assert {name: json.loads(text) for name, text in dashboards["data"].items()} == {
        path.name: json.loads(path.read_text()) for path in (FILES / "dashboards").glob("*.json")
    }
    assert dashboards["data"]
    assert dashboards["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_labels_that_choose_a_prometheus_are_added() -> None:
    found = charts.release("everything")
    for kind in ("ServiceMonitor", "PrometheusRule"):
        assert found.one(kind)["metadata"]["labels"]["release"] == "prometheus"
