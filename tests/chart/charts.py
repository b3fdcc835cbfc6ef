"""The chart, rendered without a cluster by Helm's own library."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "idp"
VALUES = Path(__file__).with_name("values")
MATRIX = sorted(path.stem for path in VALUES.glob("*.yaml"))
LONGEST_RELEASE_NAME = 53
RELEASES = {"long-name": "r" * LONGEST_RELEASE_NAME, "by-others": "sign-in", "everything": "prod"}

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Release:
    """What one file of values makes.

    Attributes:
        name: of the release.
        objects: every object, hooks included.
        notes: what Helm prints at the end.
    """

    name: str
    objects: list[Manifest]
    notes: str

    def of_kind(self, kind: str) -> list[Manifest]:
        return [found for found in self.objects if found["kind"] == kind]

    def one(self, kind: str, component: str = "") -> Manifest:
        """The only object of a kind, among those of a component where it is named."""
        found = [
            each
            for each in self.of_kind(kind)
            if not component or each["metadata"]["labels"]["app.kubernetes.io/component"] == component
        ]
        assert len(found) == 1, [each["metadata"]["name"] for each in found]
        return found[0]


@cache
def chart() -> helm_python.Chart:
    return helm_python.Chart.load(CHART)


def read(name: str) -> dict[str, Any]:
    """A file of values of the matrix."""
    return read_file(VALUES / f"{name}.yaml")


def read_file(path: Path) -> dict[str, Any]:
    return helm_python.values_from_yaml(path.read_text())


@cache
def release(name: str) -> Release:
    """What the values of the matrix make, as a first installation."""
    return render(read(name), name=RELEASES.get(name, "idp"))


def render(values: dict[str, Any], *, name: str = "idp", is_upgrade: bool = False) -> Release:
    rendered = chart().render(values, name=name, namespace="auth", is_install=not is_upgrade, is_upgrade=is_upgrade)
    notes = rendered.pop("idp/templates/NOTES.txt")
    objects = [each for text in rendered.values() for each in yaml.load_all(text, yaml.CSafeLoader) if each]
    return Release(name, objects, notes)


def is_hook(manifest: Manifest) -> bool:
    return "helm.sh/hook" in manifest["metadata"].get("annotations", {})


def pods(found: Release) -> Iterator[tuple[str, Manifest]]:
    """Each pod that a release starts: its component, and `{metadata, spec}`."""
    for each in found.objects:
        pod = each if each["kind"] == "Pod" else each.get("spec", {}).get("template")
        if pod is not None and "containers" in pod.get("spec", {}):
            yield pod["metadata"]["labels"]["app.kubernetes.io/component"], pod


def pod(found: Release, component: str) -> Manifest:
    return dict(pods(found))[component]


def container(found: Release, component: str) -> dict[str, Any]:
    (only,) = pod(found, component)["spec"]["containers"]
    return only


def merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Values with others over them, as a second ``--values`` file does it."""
    result = dict(values)
    for key, value in changes.items():
        is_deep = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if is_deep else value
    return result
