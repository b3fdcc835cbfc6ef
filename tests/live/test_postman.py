"""The committed Postman collection, run by newman against a running product: green from first to last."""

import json
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from node import ROOT, SCRIPTS, commands, environment, npm_ci

pytestmark = pytest.mark.live


def test_the_collection_runs_green(live: Any, tmp_path: Path) -> None:
    npm_ci()
    node, _ = commands()
    report = tmp_path / "report.xml"
    command = [node, str(SCRIPTS / "node_modules" / "newman" / "bin" / "newman.js"), "run"]
    command += [str(ROOT / "openapi" / "idp.postman_collection.json")]
    command += ["--environment", str(ROOT / "openapi" / "idp.postman_environment.json")]
    command += [
        "--working-dir",
        str(ROOT / "openapi"),
        "--reporters",
        "junit,cli",
        "--reporter-junit-export",
        str(report),
        "--delay-request",
        "20",
    ]
    for name, value in _variables(live.demo).items():
        command += ["--env-var", f"{name}={value}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment(node), timeout=180)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    ran = list(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 - newman wrote it just now
    assert {suite.get("failures", "0") for suite in ran} == {"0"}
    named = [suite.get("name", "").split(" / ")[-1] for suite in ran]
    collection = json.loads((ROOT / "openapi" / "idp.postman_collection.json").read_text())
    assert list(dict.fromkeys(named)) == [item["name"] for folder in collection["item"] for item in folder["item"]]


def _variables(demo: dict[str, Any]) -> dict[str, str]:
    """What the environment wants to know, from where docs/api.md says that it stands."""
    acme = demo["tenants"][0]["clients"]
    pairs = {"machine": acme["machine"], "management": acme["management"], "operator": demo["operator_client"]}
    return {
        "base_url": demo["base_url"],
        "client_id": acme["app"]["client_id"],
        **{f"{name}_{key}": pair[key] for name, pair in pairs.items() for key in ("client_id", "client_secret")},
    }
