"""Whoever installed an earlier chart upgrades in place: nothing is renamed, and no selector changes."""

import json
from pathlib import Path

import pytest

from tests.chart import charts, released
from tests.chart.charts import Release

FROZEN = sorted(path for path in released.FOLDER.iterdir() if path.is_dir())
UPGRADES = [pytest.param(folder, case, id=f"{folder.name}-{case}") for folder in FROZEN for case in released.CASES]


def upgraded(folder: Path, case: str, **changes: object) -> Release:
    """With ``--reuse-values``: what was default then is said now."""
    values = charts.merged(charts.read_file(folder / "defaults.yaml"), charts.read_file(folder / f"{case}.yaml"))
    return charts.render(charts.merged(values, changes), name=charts.RELEASES.get(case, "idp"), is_upgrade=True)


@pytest.mark.parametrize(("folder", "case"), UPGRADES)
def test_an_upgrade_keeps_names_and_selectors(folder: Path, case: str) -> None:
    before = json.loads((folder / "objects.json").read_text())[case]
    after = released.identities(upgraded(folder, case))
    assert before
    assert [each for each in before if each not in after] == []


@pytest.mark.parametrize(("folder", "case"), UPGRADES)
def test_values_of_that_time_are_taken_without_the_defaults_too(folder: Path, case: str) -> None:
    values = charts.read_file(folder / f"{case}.yaml")
    alone = charts.render(values, name=charts.RELEASES.get(case, "idp"), is_upgrade=True)
    before = json.loads((folder / "objects.json").read_text())[case]
    assert [each for each in before if each not in released.identities(alone)] == []


@pytest.mark.parametrize("change", [{"nameOverride": "another"}, {"fullnameOverride": "another"}])
def test_a_new_name_would_be_noticed(change: dict[str, str]) -> None:
    (folder, *_) = FROZEN
    before = json.loads((folder / "objects.json").read_text())["minimal"]
    after = released.identities(upgraded(folder, "minimal", **change))
    assert [each for each in before if each not in after]


def test_this_version_is_frozen() -> None:
    """With ``python -m tests.chart.released``, when the version of the chart is raised."""
    folder = released.FOLDER / charts.chart().version
    assert json.loads((folder / "objects.json").read_text()) == {
        case: released.identities(charts.release(case)) for case in released.CASES
    }


def test_a_new_version_of_the_product_changes_no_selector() -> None:
    for each in charts.release("minimal").objects:
        assert charts.chart().version not in json.dumps(released.identity(each))
