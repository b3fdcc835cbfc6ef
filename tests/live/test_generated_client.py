"""A TypeScript client that @hey-api/openapi-ts generates of the committed document: it compiles, and it works."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from clients import demo_tenant
from node import ROOT, SCRIPTS, commands, environment, npm_ci, run_script

pytestmark = pytest.mark.live

COMPILER = {
    "target": "ES2022",
    "module": "NodeNext",
    "lib": ["ES2022", "DOM", "DOM.Iterable"],
    "types": [],
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "exactOptionalPropertyTypes": False,
    "noEmitOnError": True,
    "outDir": "compiled",
}


def test_a_generated_client_compiles_strictly_and_pages_changes_and_fails_as_described(
    live: Any, tmp_path: Path
) -> None:
    run_script(
        "generate_client", {"document": str(ROOT / "openapi" / "openapi.json"), "folder": str(tmp_path / "client")}
    )
    shutil.copy(SCRIPTS / "typed_client.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILER, "include": ["*.ts", "client"]}))
    npm_ci()
    node, _ = commands()
    compiler = SCRIPTS / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [node, str(compiler), "--project", str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        env=environment(node),
        timeout=120,
    )
    assert done.returncode == 0, done.stdout

    secret = demo_tenant(live, "globex")["clients"]["management"]
    module = str(tmp_path / "compiled" / "typed_client.js")
    seen = run_script("typed_client", {"module": module, "base_url": live.base_url, "tenant_slug": "globex", **secret})

    assert seen["kind"] == "client"
    assert all(len(page) == 2 for page in seen["pages"][:-1])
    names = [name for page in seen["pages"] for name in page]
    assert names == sorted(set(names))
    assert {"owner", "admin", "member", seen["made"]["name"]} <= set(names)
    assert seen["replayed"] == seen["made"]["id"]
    assert seen["changed"] == ["groups:read"]
    assert (seen["missed"]["status"], seen["missed"]["code"]) == (412, "changed-meanwhile")
    assert (seen["refused"]["status"], seen["refused"]["code"]) == (422, "body-invalid")
    assert seen["refused"]["errors"][0]["pointer"] == "/name"
    assert seen["deleted"] == 204
