"""What the chart says of the product is true: settings, commands, ports, probes, and how long a stop takes."""

import re
from pathlib import Path
from typing import Any

import helm_python
import pytest
from annotated_types import Ge

from idp.cli.main import cli
from idp.config import _SECRETS, Settings
from tests import factories
from tests.chart import charts
from tests.chart.charts import Release

FIELDS = Settings.model_fields
SETTINGS = {f"IDP_{name.upper()}" for name in FIELDS}
SECRETS = {f"IDP_{name.upper()}" for name in _SECRETS}
SCHEMA: dict[str, Any] = charts.chart().schema or {}
OF_THE_CHART = {"IDP_PORT", "IDP_INTERNAL_PORT", "IDP_WORKER_PORT", "IDP_DEV"}
"""Ports are fixed in the image, and nobody develops in a cluster."""
PORTS = {"web": {"http": "port", "internal": "internal_port"}, "worker": {"internal": "worker_port"}}


def environment(found: Release, component: str) -> dict[str, str]:
    """As the container gets it: from the ConfigMap, then its own."""
    container = charts.container(found, component)
    variables: dict[str, str] = {}
    for source in container.get("envFrom", []):
        (config,) = [
            each for each in found.of_kind("ConfigMap") if each["metadata"]["name"] == source["configMapRef"]["name"]
        ]
        variables |= config["data"]
    return variables | {each["name"]: each.get("value", "") for each in container.get("env", [])}


@pytest.mark.parametrize("name", charts.MATRIX)
def test_every_variable_is_a_setting(name: str) -> None:
    found = charts.release(name)
    for component, _ in charts.pods(found):
        for variable in environment(found, component):
            if variable.startswith("IDP_"):
                assert variable.removesuffix("_FILE") in SETTINGS
                assert variable.endswith("_FILE") == (variable.removesuffix("_FILE") in SECRETS)


@pytest.mark.parametrize("name", charts.MATRIX)
def test_the_product_starts_with_what_it_is_given(name: str, tmp_path: Path) -> None:
    url = "postgresql://somebody:password@database/idp"
    contents = dict.fromkeys(SECRETS, url) | {
        "IDP_MASTER_KEYS": "k1:" + factories.MASTER_KEY,
        "IDP_REDIS_URL": "redis://redis:6379/0",
        "IDP_SMTP_URL": "smtp://mail:587",
        "IDP_SENTRY_DSN": "https://key@sentry.example/42",
    }
    for secret, content in contents.items():
        (tmp_path / secret).write_text(content + "\n")
    found = charts.release(name)
    components = {component for component, _ in charts.pods(found)} - {"test"}
    for component in components:
        given = environment(found, component)
        given = {key: value.replace("/run/secrets/idp", str(tmp_path)) for key, value in given.items()}
        settings = Settings.load(given)
        said = charts.read(name)["config"]
        for setting, value in said.items():
            meant = getattr(settings, setting.removeprefix("IDP_").lower())
            assert (",".join(meant) if isinstance(meant, tuple) else meant) == value
        assert settings.host in {"0.0.0.0", "::"}  # noqa: S104 - of a container
        assert settings.dev is False


def test_every_setting_can_be_said_as_what_it_is() -> None:
    assert {*SCHEMA["properties"]["config"]["properties"]} == SETTINGS - SECRETS - OF_THE_CHART
    assert {*SCHEMA["properties"]["secrets"]["properties"]} == SECRETS
    everything = charts.read("everything")
    assert {*everything["config"]} == SETTINGS - SECRETS - OF_THE_CHART
    assert {*everything["secrets"]} == SECRETS


@pytest.mark.parametrize(("setting", "schema"), SCHEMA["properties"]["config"]["properties"].items())
def test_a_number_has_the_bounds_of_its_setting(setting: str, schema: dict[str, Any]) -> None:
    field = FIELDS[setting.removeprefix("IDP_").lower()]
    if field.annotation is not int:
        assert (schema.get("type") == "boolean") == (field.annotation is bool)
        return
    bounds = {}
    for bound in field.metadata:
        bounds |= {"minimum": bound.ge} if isinstance(bound, Ge) else {"maximum": bound.le}
    assert schema == {"type": "integer", **bounds}


@pytest.mark.parametrize("name", charts.MATRIX)
def test_a_container_runs_a_verb_that_there_is(name: str) -> None:
    found = charts.release(name)
    expected = {"web": ["serve"], "worker": ["worker"], "migration": ["db", "upgrade"]}
    for component, _ in charts.pods(found):
        container = charts.container(found, component)
        if component == "test":
            continue
        assert "command" not in container  # the image's entry point, idp
        assert container["args"] == expected[component]
        context, command = cli.make_context("idp", ["--help"], resilient_parsing=True), cli
        for word in container["args"]:
            command = command.get_command(context, word)
            assert command is not None


@pytest.mark.parametrize("component", PORTS)
@pytest.mark.parametrize("name", charts.MATRIX)
def test_ports_are_those_that_the_product_listens_on(name: str, component: str) -> None:
    container = charts.container(charts.release(name), component)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {label: FIELDS[field].default for label, field in PORTS[component].items()}
    ready = "/readyz?exclude=database" if component == "web" else "/readyz"
    for probe, path in (("startup", "/livez"), ("liveness", "/livez"), ("readiness", ready)):
        assert container[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "internal"}
    start = container["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] >= 60


@pytest.mark.parametrize("name", charts.MATRIX)
def test_services_lead_to_ports_that_there_are(name: str) -> None:
    found = charts.release(name)
    for service in found.of_kind("Service"):
        component = service["spec"]["selector"]["app.kubernetes.io/component"]
        named = {port["name"]: port["containerPort"] for port in charts.container(found, component)["ports"]}
        (port,) = service["spec"]["ports"]
        assert port["targetPort"] in named
        if port["targetPort"] == "internal":
            assert port["port"] == named["internal"]
            assert service["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize("name", charts.MATRIX)
def test_a_stop_is_not_cut_short(name: str) -> None:
    found = charts.release(name)
    spec, container = charts.pod(found, "web")["spec"], charts.container(found, "web")
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    graceful = int(environment(found, "web")["IDP_WEB_GRACEFUL_TIMEOUT"])
    assert spec["terminationGracePeriodSeconds"] >= pause + graceful + 5
    assert pause >= 10
    if name == "minimal":
        assert graceful == FIELDS["web_graceful_timeout"].default
    for deployment in found.of_kind("Deployment"):
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize("name", charts.MATRIX)
def test_services_of_the_namespace_are_no_settings(name: str) -> None:
    services = [each["metadata"]["name"] for each in charts.release("minimal").of_kind("Service")]
    linked = {f"{re.sub('-', '_', service).upper()}_PORT" for service in services}
    assert "IDP_PORT" in linked & SETTINGS  # what Kubernetes would set, to tcp://…
    for _, pod in charts.pods(charts.release(name)):
        assert pod["spec"]["enableServiceLinks"] is False


def test_processes_follow_the_quota_or_are_counted() -> None:
    limits = charts.container(charts.release("minimal"), "web")["resources"]["limits"]
    assert "cpu" in limits
    unbounded = charts.merged(charts.read("minimal"), {"web": {"resources": {"limits": {"cpu": None}}}})
    with pytest.raises(helm_python.HelmRenderError, match=r"set config\.IDP_WEB_WORKERS"):
        charts.render(unbounded)
    counted = charts.render(charts.merged(unbounded, {"config": {"IDP_WEB_WORKERS": 2}}))
    assert environment(counted, "web")["IDP_WEB_WORKERS"] == "2"
