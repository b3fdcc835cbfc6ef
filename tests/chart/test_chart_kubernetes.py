"""Every object is what Kubernetes takes; of others' kinds there is no schema but ours, of what the chart writes."""

import copy
import json
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest

from tests.chart import charts, kubernetes_schemas
from tests.chart.charts import Manifest

OF_OTHERS = {path.stem: json.loads(path.read_text()) for path in Path(__file__).with_name("schemas").glob("*.json")}
OLDEST = charts.chart().metadata["kubeVersion"].removeprefix(">=").removesuffix("-0")


@pytest.mark.parametrize("version", [OLDEST, *kubernetes_schemas.NEWEST])
@pytest.mark.parametrize("name", charts.MATRIX)
def test_kubernetes_takes_every_object(name: str, version: str) -> None:
    ours = [each for each in charts.release(name).objects if each["kind"] not in OF_OTHERS]
    assert ours
    for each in ours:
        assert kubernetes_schemas.errors(each, version) == [], (each["kind"], each["metadata"]["name"])


@pytest.mark.parametrize("name", charts.MATRIX)
def test_operators_and_gateways_take_every_object(name: str) -> None:
    for each in charts.release(name).objects:
        if each["kind"] in OF_OTHERS:
            jsonschema.Draft7Validator(OF_OTHERS[each["kind"]]).validate(each)


def test_every_kind_is_seen() -> None:
    seen = {each["kind"] for name in charts.MATRIX for each in charts.release(name).objects}
    assert seen == {
        "ConfigMap", "Deployment", "HTTPRoute", "HorizontalPodAutoscaler", "Ingress", "Job", "NetworkPolicy", "Pod",
        "PodDisruptionBudget", "PrometheusRule", "Service", "ServiceAccount", "ServiceMonitor",
    }  # fmt: skip


def misspelt(kind: str) -> Manifest:
    found = copy.deepcopy(charts.release("everything").of_kind(kind)[0])
    found["spec"]["selektor"] = found["spec"].pop("selector")
    return found


def test_what_the_chart_needs_came_with_the_oldest_version_that_it_takes() -> None:
    web = charts.release("minimal").one("Deployment", "web")
    before = kubernetes_schemas.ALL[kubernetes_schemas.ALL.index(OLDEST) - 2]  # the one between has it, turned off
    assert any("sleep" in message for message in kubernetes_schemas.errors(web, before))


@pytest.mark.parametrize("version", kubernetes_schemas.NEWEST)
def test_a_field_that_does_not_exist_is_found(version: str) -> None:
    assert any("selektor" in message for message in kubernetes_schemas.errors(misspelt("Deployment"), version))
    assert not jsonschema.Draft7Validator(OF_OTHERS["ServiceMonitor"]).is_valid(misspelt("ServiceMonitor"))


def test_the_library_itself_is_of_the_same_opinion() -> None:
    newest = kubernetes_schemas.NEWEST[-1]
    assert newest == kubernetes_validate.latest_version()
    for kind in ("Deployment", "NetworkPolicy", "Job"):
        kubernetes_validate.validate(charts.release("everything").of_kind(kind)[0], newest, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError, match="selektor"):
        kubernetes_validate.validate(misspelt("Deployment"), newest, strict=True)
