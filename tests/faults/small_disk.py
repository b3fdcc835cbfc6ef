"""A disk of some megabytes, without a loop device and without being root: a tmpfs in a namespace of our own.

The namespace ends with its last process, so the test that needs the disk runs itself once more inside.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

VARIABLE = "IDP_FAULTS_SMALL_DISK"
"""Set inside to where the disk is."""
_BLOCK = 1 << 16


def command(disk: Path, megabytes: int, argv: Sequence[str]) -> list[str]:
    """What runs `argv` with a disk of that size at `disk`, as the same user as we are."""
    uid, gid = os.geteuid(), os.getegid()
    inner = " ".join(shlex.quote(word) for word in argv)
    mount = f"mount -t tmpfs -o size={megabytes}m,mode=0711 tmpfs {shlex.quote(str(disk))}"
    if uid == 0:
        return ["unshare", "--mount", "sh", "-c", f"{mount} && exec {inner}"]
    again = f"unshare --user --map-user={uid} --map-group={gid}"
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f"{mount} && exec {again} {inner}"]


def run_again_inside(test: str, megabytes: int) -> None:
    """Run one test with the disk; it must pass.

    Raises:
        AssertionError: it failed, or this machine lets nobody mount a tmpfs.
    """
    disk = Path(tempfile.mkdtemp(prefix="idp-small-disk-"))
    try:
        _run(test, disk, megabytes)
    finally:
        disk.rmdir()


def _run(test: str, disk: Path, megabytes: int) -> None:
    possible = subprocess.run(command(disk, 1, ["true"]), capture_output=True, text=True, check=False)
    assert possible.returncode == 0, f"This machine lets us mount no tmpfs, so no disk can be full: {possible.stderr}"
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "soak", test]
    done = subprocess.run(
        command(disk, megabytes, pytest),
        env={**os.environ, VARIABLE: str(disk)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def given() -> Path | None:
    """The disk, inside."""
    found = os.environ.get(VARIABLE)
    return Path(found) if found else None


def fill(disk: Path) -> Path:
    """Write until nothing more fits; answers what to remove again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = _BLOCK
        while size:
            try:
                size = size if file.write(b"\0" * size) == size else size // 2
            except OSError:
                size //= 2
    return ballast
