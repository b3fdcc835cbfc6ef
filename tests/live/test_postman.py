"""The committed Postman collection, run by newman against a running product: green from first to last."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from node import ROOT, SCRIPTS, commands, environment, npm_ci

pytestmark = pytest.mark.live


def test_the_collection_runs_green(live: Any, tmp_path: Path) -> None:
    npm_ci()
    node, _ = commands()
    report = tmp_path / "report.json"
    command = [node, str(SCRIPTS / "node_modules" / "newman" / "bin" / "newman.js"), "run"]
    command += [str(ROOT / "openapi" / "idp.postman_collection.json")]
    command += ["--environment", str(ROOT / "openapi" / "idp.postman_environment.json")]
    command += [
        "--working-dir",
        str(ROOT / "openapi"),
        "--reporters",
        "json,cli",
        "--reporter-json-export",
        str(report),
        "--delay-request",
        "20",
    ]
    for name, value in _variables(live.demo).items():
        command += ["--env-var", f"{name}={value}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment(node), timeout=180)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    run = json.loads(report.read_text())["run"]
    assert run["stats"]["assertions"]["failed"] == 0
    named = [execution["item"]["name"] for execution in run["executions"]]
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
