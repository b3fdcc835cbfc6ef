"""The code of the release before, out of the history of this repository."""

import io
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from tests.operations.installation import ROOT, Installation

PREVIOUS = "0006"
"""The schema of the release before; a release that makes the next one moves this on."""
_VERBS = """
import sys, json
from idp.cli.main import cli
for verb in json.loads(sys.argv[1]):
    try:
        cli.main(args=[*verb, "--json"])
    except SystemExit as end:
        if end.code:
            raise
"""


def unpack_previous(folder: Path) -> Path:
    """The last commit whose schema is `PREVIOUS`, unpacked into `folder`.

    Raises:
        AssertionError: the history is not there, as in a shallow clone or a tarball.
    """
    (migration,) = (
        path
        for path in (ROOT / "migrations" / "versions").glob("*.py")
        if re.search(rf'^down_revision = "{PREVIOUS}"$', path.read_text("utf-8"), re.MULTILINE)
    )
    place = str(migration.relative_to(ROOT))
    made = _git("log", "--diff-filter=A", "--format=%H", "--", place).decode().split()
    assert made, f"No commit made {place}: upgrades are tested with the history, so clone the repository whole."
    archive = _git("archive", "--format=tar", f"{made[-1]}^", "idp", "migrations", "pyproject.toml")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    assert not (folder / place).exists()
    return folder


def _git(*args: str) -> bytes:
    done = subprocess.run(["git", "-C", str(ROOT), *args], capture_output=True, check=False)
    sentence = done.stderr.decode(errors="replace").strip()
    assert done.returncode == 0, f"Upgrades are tested with the history, which git does not give: {sentence}"
    return done.stdout


def run_verbs(installation: Installation, code: Path, *verbs: tuple[str, ...]) -> list[Any]:
    """Verbs of `idp`, by the code in a folder; what each answers."""
    answers = run_python(installation, code, _VERBS, json.dumps(verbs))
    return [json.loads(line) for line in answers.splitlines()]


def run_python(installation: Installation, code: Path, script: str, *args: str) -> str:
    """A script over the code in a folder; what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", script, *args],
        cwd=code,
        env={"PYTHONPATH": str(code), **installation.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
