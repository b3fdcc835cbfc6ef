"""The migration runs before anything of the release exists: all that it stands on comes before it."""

import pytest

from tests.chart import charts
from tests.chart.charts import Manifest, Release

WITH_MIGRATION = [name for name in charts.MATRIX if charts.release(name).of_kind("Job")]
ORDER = ["NetworkPolicy", "ServiceAccount", "ConfigMap", "Pod", "Job"]
"""How Helm sorts hooks of the same weight, where it matters here."""


def hooks(found: Release, event: str) -> list[Manifest]:
    """In the order in which Helm makes them."""
    wanted = [each for each in found.objects if event in annotation(each, "hook").split(",")]
    return sorted(wanted, key=lambda each: (int(annotation(each, "hook-weight") or 0), ORDER.index(each["kind"])))


def annotation(manifest: Manifest, name: str) -> str:
    return manifest["metadata"].get("annotations", {}).get(f"helm.sh/{name}", "")


@pytest.mark.parametrize("event", ["pre-install", "pre-upgrade"])
@pytest.mark.parametrize("name", WITH_MIGRATION)
def test_what_the_migration_stands_on_is_made_before_it(name: str, event: str) -> None:
    found = charts.release(name)
    *before, job = hooks(found, event)
    assert job["kind"] == "Job"
    spec = job["spec"]["template"]["spec"]
    assert all(int(annotation(each, "hook-weight")) < int(annotation(job, "hook-weight")) for each in before)
    accounts = {each["metadata"]["name"] for each in before if each["kind"] == "ServiceAccount"}
    theirs = charts.read(name).get("serviceAccount", {}).get("create", True) is False
    assert accounts == (set() if theirs else {spec["serviceAccountName"]})
    (container,) = spec["containers"]
    assert "envFrom" not in container
    yours = {each["name"] for each in charts.read(name).get("extraVolumes", [])}
    ours = [each for each in spec["volumes"] if each["name"] not in yours]
    assert all({*volume} - {"name"} <= {"projected", "emptyDir"} for volume in ours)
    sources = [source for volume in ours for source in volume.get("projected", {}).get("sources", [])]
    assert all({*source} == {"secret"} for source in sources)


@pytest.mark.parametrize("name", WITH_MIGRATION)
def test_the_migration_has_the_settings_of_those_who_serve(name: str) -> None:
    found = charts.release(name)
    (config,) = [each for each in found.of_kind("ConfigMap") if "IDP_BASE_URL" in each["data"]]
    inline = {each["name"]: each.get("value") for each in charts.container(found, "migration")["env"]}
    assert config["data"].items() <= inline.items()


@pytest.mark.parametrize("name", WITH_MIGRATION)
def test_a_migration_that_failed_is_kept_and_can_be_run_again(name: str) -> None:
    job = charts.release(name).one("Job")
    assert annotation(job, "hook-delete-policy") == "before-hook-creation,hook-succeeded"
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert "ttlSecondsAfterFinished" not in job["spec"]


@pytest.mark.parametrize("name", WITH_MIGRATION)
def test_the_migration_is_not_a_part_of_what_serves(name: str) -> None:
    found = charts.release(name)
    labels = charts.pod(found, "migration")["metadata"]["labels"].items()
    served = [each["spec"]["selector"] for each in found.of_kind("Service")]
    served += [each["spec"]["selector"]["matchLabels"] for each in found.of_kind("Deployment")]
    assert not [selector for selector in served if selector.items() <= labels]


def test_without_a_migration_there_is_no_hook_but_the_test() -> None:
    found = charts.release("by-others")
    assert [annotation(each, "hook") for each in found.objects if charts.is_hook(each)] == ["test"]
    assert charts.pod(found, "web")["spec"]["serviceAccountName"] == "identity"
