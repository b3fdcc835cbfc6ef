import json
import re
from collections.abc import Iterator
from typing import Any

import helm_python
import pytest
import yaml

from tests.chart import charts

VALUES: dict[str, Any] = yaml.safe_load((charts.CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = charts.chart().schema or {}
README = (charts.CHART / "README.md").read_text()
TEMPLATES = "\n".join(each["data"] for each in charts.chart().templates)
ROW = re.compile(r"^\| `([^`]+)` \| (?:(`[^`]*`|required) )?\|", re.MULTILINE)
WHOLE = {
    *("web.resources", "worker.resources", "migration.resources", "dashboard.labels"),
    *(f"networkPolicy.egress.{name}.to" for name in ("dns", "postgresql", "redis", "smtp", "https")),
}
"""Values whose insides are Kubernetes' own; they have one row."""

WRONG = [
    ({"replicaCount": 3}, "additional properties 'replicaCount' not allowed"),
    ({"web": {"replica": 3}}, "at '/web': additional properties 'replica' not allowed"),
    ({"web": {"replicas": "3"}}, "at '/web/replicas': got string, want integer"),
    ({"web": {"preStopSeconds": 0}}, "at '/web/preStopSeconds': minimum: got 0, want 1"),
    ({"web": {"resources": {"limit": {}}}}, "at '/web/resources': additional properties 'limit' not allowed"),
    ({"web": {"resources": {"limits": {"memory": "1GB"}}}}, "at '/web/resources/limits/memory': '1GB' does not match"),
    ({"web": {"podAnnotations": {"a": True}}}, "at '/web/podAnnotations/a': got boolean, want string"),
    ({"image": {"repository": ""}}, "at '/image/repository': '' does not match pattern"),
    ({"image": {"digest": "3b0c4429"}}, "at '/image/digest': '3b0c4429' does not match pattern"),
    ({"image": {"pullPolicy": "Sometimes"}}, "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent'"),
    ({"image": {"tag": "latest"}}, "image.tag: latest is no version"),
    ({"config": {"IDP_BASE_URL": ""}}, "at '/config/IDP_BASE_URL': '' does not match pattern"),
    ({"config": {"IDP_BASE_URL": "http://id.example.com"}}, "'http://id.example.com' does not match pattern"),
    ({"config": {"IDP_BASE_URL": "https://id.example.com/sso"}}, "at '/config/IDP_BASE_URL'"),
    ({"config": {"IDP_PORT": 80}}, "at '/config': additional properties 'IDP_PORT' not allowed"),
    ({"config": {"IDP_DEV": True}}, "at '/config': additional properties 'IDP_DEV' not allowed"),
    ({"config": {"IDP_MASTER_KEYS": "k1:…"}}, "at '/config': additional properties 'IDP_MASTER_KEYS' not allowed"),
    ({"config": {"IDP_DATABASE_URL": "postgresql://…"}}, "additional properties 'IDP_DATABASE_URL' not allowed"),
    ({"config": {"IDP_LOG_LEVEL": "loud"}}, "at '/config/IDP_LOG_LEVEL': value must be one of 'debug', 'info'"),
    ({"config": {"IDP_WEB_WORKERS": 1000}}, "at '/config/IDP_WEB_WORKERS': maximum: got 1,000, want 256"),
    ({"config": {"IDP_WEB_PRELOAD": "yes"}}, "at '/config/IDP_WEB_PRELOAD': got string, want boolean"),
    ({"config": {"IDP_TRUSTED_PROXIES": ["10.0.0.0/8"]}}, "at '/config/IDP_TRUSTED_PROXIES': got array, want string"),
    ({"config": {"IDP_WEB_GRACEFUL_TIMEOUT": None}}, "at '/config': missing property 'IDP_WEB_GRACEFUL_TIMEOUT'"),
    ({"secrets": {"IDP_DATABASE_URL": {"name": ""}}}, "at '/secrets/IDP_DATABASE_URL/name': '' does not match pattern"),
    ({"secrets": {"IDP_MASTER_KEYS": {"value": "k1:…"}}}, "additional properties 'value' not allowed"),
    ({"secrets": {"IDP_REDIS_URL": "redis://…"}}, "at '/secrets/IDP_REDIS_URL': got string, want object"),
    ({"httpRoute": {"enabled": True}}, "at '/httpRoute/parentRefs': minItems: got 0, want 1"),
    ({"serviceAccount": {"create": False}}, "at '/serviceAccount/name': minLength: got 0, want 1"),
    ({"service": {"type": "ExternalName"}}, "at '/service/type': value must be one of"),
    ({"podDisruptionBudget": {"maxUnavailable": "half"}}, "at '/podDisruptionBudget/maxUnavailable': 'half'"),
    ({"networkPolicy": {"publicFrom": [{"namespace": "x"}]}}, "additional properties 'namespace' not allowed"),
    ({"networkPolicy": {"egress": {"redis": {"ports": []}}}}, "at '/networkPolicy/egress/redis/ports': minItems"),
    ({"topologySpreadConstraints": [{"maxSkew": 1}]}, "missing properties 'topologyKey', 'whenUnsatisfiable'"),
    ({"extraEnv": [{"name": "IDP_HOST", "value": "::"}]}, "extraEnv: IDP_HOST is a setting"),
    ({"extraEnv": {"TZ": "UTC"}}, "at '/extraEnv': got object, want array"),
    ({"commonLabels": {"app.kubernetes.io/component": "x"}}, "invalid propertyName 'app.kubernetes.io/component'"),
    ({"serviceMonitor": {"interval": "often"}}, "at '/serviceMonitor/interval': 'often' does not match pattern"),
]


def leaves(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Each value by its path; what is empty, a list, or Kubernetes' own is one value."""
    found = {}
    for key, value in values.items():
        path = f"{above}{key}"
        is_deep = isinstance(value, dict) and value and path not in WHOLE
        found |= leaves(value, f"{path}.") if is_deep else {path: value}
    return found


def definition(schema: dict[str, Any]) -> dict[str, Any]:
    return SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def of_path(path: str) -> dict[str, Any]:
    schema = SCHEMA
    for key in path.split("."):
        schema = definition(schema["properties"][key])
    return schema


def walk(schema: object) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from walk(inner)


@pytest.mark.parametrize(("changes", "message"), WRONG, ids=[json.dumps(changes) for changes, _ in WRONG])
def test_a_wrong_value_is_refused_and_named(changes: dict[str, Any], message: str) -> None:
    values = charts.merged(charts.read("minimal"), changes)
    with pytest.raises((helm_python.HelmValuesError, helm_python.HelmRenderError)) as refused:
        charts.render(values)
    assert message in str(refused.value)


def test_the_two_values_that_only_you_know_are_asked_for_together() -> None:
    with pytest.raises(helm_python.HelmValuesError) as refused:
        charts.render({})
    assert set(re.findall(r"at '(\S+)'", str(refused.value))) == {"/config/IDP_BASE_URL", "/image/repository"}


@pytest.mark.parametrize("path", leaves(VALUES))
def test_every_value_has_a_type(path: str) -> None:
    schema = of_path(path)
    assert "type" in schema or "enum" in schema
    if schema.get("type") == "object":
        assert "additionalProperties" in schema


def test_no_object_of_ours_takes_what_it_does_not_know() -> None:
    closed = [each["additionalProperties"] for each in walk(SCHEMA) if "properties" in each and "type" in each]
    assert len(closed) > 30
    assert not any(closed)


def test_everything_that_the_schema_knows_has_a_default_but_some_settings() -> None:
    known = {*SCHEMA["properties"]} - {"global"}
    assert known == {*VALUES}
    for name in known - {"config"}:
        properties = definition(SCHEMA["properties"][name]).get("properties")
        if properties is not None and VALUES[name]:
            assert {*properties} == {*VALUES[name]}, name


def test_the_readme_has_every_value_and_its_default() -> None:
    rows = dict(ROW.findall(README))
    expected = leaves(VALUES)
    assert [*rows] == [*expected]
    for path, default in expected.items():
        if rows[path] == "required":
            assert default == ""
        elif rows[path]:
            assert helm_python.values_from_yaml(f"value: {rows[path].strip('`')}")["value"] == default, path
        else:
            assert default in ("", [], {}), path


@pytest.mark.parametrize("path", [path for path in leaves(VALUES) if not path.startswith(("config.", "secrets."))])
def test_every_value_does_something(path: str) -> None:
    used = {*re.findall(r"\.([A-Za-z]+)", TEMPLATES), *re.findall(r'"(\w+)"', TEMPLATES)}
    assert {*path.split(".")} <= used
