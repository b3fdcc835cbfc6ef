import tomllib

import helm_python
import pytest

from tests.chart import charts

LONGEST_NAME = 63
INSTALLED = {"minimal": 11, "by-others": 6}
"""How many objects there are without hooks and tests."""


@pytest.mark.parametrize("name", charts.MATRIX)
def test_lint_finds_nothing_to_warn_of(name: str) -> None:
    report = helm_python.lint(charts.CHART, charts.read(name), strict=True)
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("name", charts.MATRIX)
def test_every_object_has_a_name_of_its_own_and_says_whose_it_is(name: str) -> None:
    found = charts.release(name)
    names = [(each["kind"], each["metadata"]["name"]) for each in found.objects]
    assert len(names) == len({*names})
    for each in found.objects:
        metadata = each["metadata"]
        assert len(metadata["name"]) <= LONGEST_NAME
        assert metadata["labels"]["app.kubernetes.io/instance"] == found.name
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "Helm"
        assert all(len(value) <= LONGEST_NAME for value in metadata["labels"].values())
        assert "namespace" not in metadata  # it is the release's


@pytest.mark.parametrize("name", charts.MATRIX)
def test_a_selector_is_of_three_labels_that_never_change(name: str) -> None:
    found = charts.release(name)
    for each in found.of_kind("Deployment"):
        selector = each["spec"]["selector"]["matchLabels"]
        assert {*selector} == {f"app.kubernetes.io/{label}" for label in ("name", "instance", "component")}
        assert selector.items() <= each["spec"]["template"]["metadata"]["labels"].items()
    pods = [pod["metadata"]["labels"].items() for _, pod in charts.pods(found)]
    selectors = [each["spec"]["selector"] for each in found.of_kind("Service")]
    selectors += [each["spec"]["selector"]["matchLabels"] for each in found.of_kind("PodDisruptionBudget")]
    selectors += [each["spec"]["podSelector"]["matchLabels"] for each in found.of_kind("NetworkPolicy")]
    assert selectors
    for selector in selectors:
        assert sum(selector.items() <= labels for labels in pods) == 1


@pytest.mark.parametrize("name", INSTALLED)
def test_what_is_not_asked_for_is_not_there(name: str) -> None:
    found = charts.release(name)
    assert len([each for each in found.objects if not charts.is_hook(each)]) == INSTALLED[name]
    assert not {"Secret", "Ingress", "HTTPRoute", "HorizontalPodAutoscaler", "ServiceMonitor", "PrometheusRule"} & {
        each["kind"] for each in found.objects
    }


def test_the_chart_is_of_the_version_that_it_installs() -> None:
    project = tomllib.loads((charts.ROOT / "pyproject.toml").read_text())["project"]
    assert charts.chart().metadata["appVersion"] == project["version"]
    assert (
        charts.container(charts.release("minimal"), "web")["image"] == f"registry.example.com/idp:{project['version']}"
    )
    assert charts.chart().metadata["kubeVersion"] == ">=1.30.0-0"  # its library renders for any version


@pytest.mark.parametrize("name", charts.MATRIX)
def test_every_pod_is_of_one_image_and_its_version_is_said(name: str) -> None:
    found = charts.release(name)
    images = {charts.container(found, component)["image"] for component, _ in charts.pods(found)}
    assert len(images) == 1
    (image,) = images
    assert not image.endswith(":latest")
    digest = charts.read(name)["image"].get("digest")
    assert digest is None or image.endswith(f"/idp@{digest}")


@pytest.mark.parametrize("name", ["minimal", "everything"])
def test_pods_start_anew_when_a_setting_changes(name: str) -> None:
    values = charts.read(name)
    changed = charts.merged(values, {"config": {"IDP_LOG_LEVEL": "debug"}})
    before, after = (charts.render(each) for each in (values, changed))
    for component in ("web", "worker"):
        one, other = (charts.pod(each, component)["metadata"]["annotations"] for each in (before, after))
        assert one["checksum/config"] != other["checksum/config"]
    same = charts.render(charts.merged(values, {"web": {"replicas": 7}}))
    assert charts.pod(same, "web")["metadata"] == charts.pod(before, "web")["metadata"]
    assert charts.pod(same, "worker") == charts.pod(before, "worker")


def test_the_host_of_the_base_url_is_the_only_one_that_is_routed() -> None:
    ingress = charts.release("everything").one("Ingress")["spec"]
    assert [rule["host"] for rule in ingress["rules"]] == ["id.example.com"]
    assert ingress["tls"] == [{"hosts": ["id.example.com"], "secretName": "id-example-com"}]
    route = charts.release("gateway").one("HTTPRoute")["spec"]
    assert route["hostnames"] == ["id.example.com"]
    for name, backend in (
        ("everything", ingress["rules"][0]["http"]["paths"][0]["backend"]["service"]),
        ("gateway", route["rules"][0]["backendRefs"][0]),
    ):
        (service,) = [each for each in charts.release(name).of_kind("Service") if "type" in each["spec"]]
        assert backend["name"] == service["metadata"]["name"]
        (port,) = service["spec"]["ports"]
        assert backend["port"] in ({"name": port["name"]}, port["port"])


def test_an_autoscaler_alone_decides_how_many_there_are() -> None:
    assert charts.release("minimal").one("Deployment", "web")["spec"]["replicas"] == 2
    scaled = charts.release("autoscaling")
    web = scaled.one("Deployment", "web")
    assert "replicas" not in web["spec"]
    target = scaled.one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert target == {"apiVersion": "apps/v1", "kind": "Deployment", "name": web["metadata"]["name"]}
