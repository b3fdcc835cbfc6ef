"""One whole installation a worker: `python -m idp dev` in a folder of its own, on free ports, stopped at the end."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.dev.instance import living_instance

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Product:
    """A running `idp dev`; what `clients.Live` asks for."""

    folder: Path
    demo: dict[str, Any]

    @property
    def base_url(self) -> str:
        return str(self.demo["base_url"])

    def issuer(self, slug: str) -> str:
        """The issuer of a tenant."""
        return f"{self.base_url}/t/{slug}"

    def cli(self, *args: str) -> Any:
        """`python -m idp … --json` beside the running product."""
        command = [sys.executable, "-m", "idp", *args, "--json", "--data-dir", str(self.folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def live() -> Iterator[Product]:
    folder = Path(tempfile.mkdtemp(prefix="idp-live-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)  # PostgreSQL is not root, and must get in
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    output = folder / "terminal"
    with output.open("wb") as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "idp", "dev", "--port", "0", "--data-dir", str(folder / "data")],
            cwd=ROOT,
            env=environment,
            stdout=terminal,
            stderr=terminal,
        )
    try:
        deadline = time.monotonic() + 120
        while living_instance(folder / "data") is None:
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        demo = json.loads((folder / "data" / "demo.json").read_text())
        yield Product(folder / "data", demo)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)
