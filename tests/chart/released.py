"""What each released chart was: its default values, two files of values, and what those made that cannot change.

A release freezes itself: ``python -m tests.chart.released``.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.chart import charts
from tests.chart.charts import Manifest, Release

FOLDER = Path(__file__).with_name("released")
CASES = ("minimal", "everything")


def identity(manifest: Manifest) -> dict[str, Any]:
    """By what Kubernetes and others know an object, and what it does not let anybody change."""
    spec = manifest.get("spec", {})
    selector = spec.get("selector", spec.get("podSelector"))
    return {
        "kind": manifest["kind"],
        "name": manifest["metadata"]["name"],
        **({"selector": selector} if selector else {}),
        **({"is_headless": spec.get("clusterIP") == "None"} if manifest["kind"] == "Service" else {}),
        **({"ports": [port["name"] for port in spec["ports"]]} if manifest["kind"] == "Service" else {}),
    }


def identities(found: Release) -> list[dict[str, Any]]:
    """Of everything that stays; hooks are made anew each time."""
    made = [identity(each) for each in found.objects if not charts.is_hook(each)]
    return sorted(made, key=lambda each: (each["kind"], each["name"]))


def freeze() -> None:
    folder = FOLDER / charts.chart().version
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(charts.CHART / "values.yaml", folder / "defaults.yaml")
    for case in CASES:
        shutil.copy(charts.VALUES / f"{case}.yaml", folder)
    frozen = {case: identities(charts.release(case)) for case in CASES}
    (folder / "objects.json").write_text(json.dumps(frozen, indent=1) + "\n")


if __name__ == "__main__":
    freeze()
