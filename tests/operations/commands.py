"""The commands of the documentation, run word for word."""

import os
import re
import subprocess
import sys
from pathlib import Path

from idp.dev.binaries import postgres_folder
from tests.operations.installation import ROOT

_BLOCK = re.compile(r"<!-- run: (\w+) -->\n```sh\n(.*?)```", re.DOTALL)
_AGE = """#!{python}
# Stands in for `age`: something that is neither the text nor readable without the identity.
import argparse, sys
from hashlib import shake_256
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--encrypt", action="store_true")
parser.add_argument("--decrypt", action="store_true")
parser.add_argument("-r", dest="recipient")
parser.add_argument("-i", dest="identity", type=Path)
parser.add_argument("file", nargs="?", type=Path)
given = parser.parse_args()
key = given.recipient if given.encrypt else given.identity.read_text()
text = given.file.read_bytes() if given.file else sys.stdin.buffer.read()
stream = shake_256(key.encode()).digest(len(text))
sys.stdout.buffer.write(bytes(a ^ b for a, b in zip(text, stream)))
"""
_IDP = """#!/bin/sh
exec {python} -m idp "$@"
"""


def blocks(page: str) -> dict[str, str]:
    """The marked blocks of a page of docs/operations, by name."""
    return dict(_BLOCK.findall((ROOT / "docs" / "operations" / page).read_text("utf-8")))


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A block in bash, with PostgreSQL's programs, `idp` and something like `age` on the path."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    for name, text in {"age": _AGE, "idp": _IDP}.items():
        (tools / name).write_text(text.format(python=sys.executable))
        (tools / name).chmod(0o755)
    path = os.pathsep.join([str(tools), str(postgres_folder(None)), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env={"PATH": path, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
