"""Debian's programs for tests: what is installed, else what is fetched into `.tools/debian`, which needs no root."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from tests.live.node import locked

ROOT = Path(__file__).parents[2]
FETCHED = ROOT / ".tools" / "debian"
_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_BASE = frozenset({"libc6", "libcrypt1", "libpam0g", "libsystemd0"})
"""Libraries that every Debian has, and that belong together with what it runs."""

_FRESH_SECONDS = 3600


@dataclass(frozen=True)
class Program:
    """Where it is, and what its environment must say besides."""

    path: str
    env: dict[str, str] = field(default_factory=dict)


@cache
def find(name: str) -> Program:
    """The program `name`, of the package of that name.  Where nobody has packages, the test is skipped.

    Raises:
        RuntimeError: it could not be fetched.
    """
    installed = shutil.which(name, path=_PLACES)
    return Program(installed) if installed else fetch(name, FETCHED)


def fetch(name: str, into: Path) -> Program:
    """Unpack the package and the libraries that it needs below `into`, once."""
    folder = into / name
    with locked("debian"):
        if not folder.is_dir():
            _unpack(name, folder)
    libraries = sorted({str(file.parent) for file in folder.rglob("lib*.so.*")})
    return Program(str(folder / "usr" / "sbin" / name), {"LD_LIBRARY_PATH": os.pathsep.join(libraries)})


def _unpack(name: str, folder: Path) -> None:
    if not shutil.which("apt-get"):
        pytest.skip(f"{name} is missing, and only Debian's and Ubuntu's packages are known here.")
    partial, archives = folder.with_suffix(".partial"), folder.with_suffix(".archives")
    for made in (partial, archives):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
    options = _fresh_lists(folder.parent / "apt")
    said = _run(["apt-cache", *options, "depends", "--no-recommends", name], archives)
    needed = [line.split("Depends:")[1].strip() for line in said.splitlines() if "  Depends:" in line]
    libraries = [each for each in needed if each.startswith(("lib", "zlib")) and each not in _BASE]
    _run(["apt-get", *options, "-qq", "download", name, *libraries], archives)
    for archive in archives.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(archive), str(partial)], archives)
    shutil.rmtree(archives)
    partial.rename(folder)


def _fresh_lists(state: Path) -> list[str]:
    """Lists and caches of our own: the system's belong to root, and may be as old as its image."""
    for made in ("lists/partial", "cache/archives/partial"):
        (state / made).mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::State": state,
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": state / "cache",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    stamp = state / "updated"
    if not stamp.exists() or time.time() - stamp.stat().st_mtime > _FRESH_SECONDS:
        _run(["apt-get", *options, "-qq", "update"], state)
        stamp.touch()
    return options


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:1])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
