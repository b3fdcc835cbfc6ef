"""Runs the image as an engine would: its own user, entry point and environment, alone among its processes, read-only.

`unshare` gives it a process table in which it is number 1 and mounts of its own: the root read-only, /tmp a fresh
memory file system, and the folders that the test lends.  It keeps no capability and can gain none.  The network is
the machine's.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.image.engine import Built

_ENTER = """
set -eu
root=$1; user=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do mount --bind "${1%%:*}" "$root${1#*:}"; shift; done
shift
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid="${user%%:*}" --regid="${user##*:}" --clear-groups \
    --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


@dataclass
class Container:
    """Something to start processes of `built` with.

    Attributes:
        environment: what is set beside the image's own.
        volumes: folders of this machine, and where they stand inside.
    """

    built: Built
    environment: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[Path, str] = field(default_factory=dict)

    def command(self, *arguments: str, entry: Sequence[str] | None = None) -> list[str]:
        config = self.built.config
        enter = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", _ENTER, "sh"]
        volumes = [f"{folder}:{inside}" for folder, inside in self.volumes.items()]
        start = [*(config["Entrypoint"] if entry is None else entry), *(arguments or config["Cmd"])]
        environment = {**self.built.environment, **self.environment}
        there = ["/usr/bin/env", "-i", f"--chdir={config['WorkingDir']}", *(f"{k}={v}" for k, v in environment.items())]
        return [*enter, str(self.built.root), config["User"], *volumes, "--", *there, *start]

    def run(self, *arguments: str, entry: Sequence[str] | None = None, stdin: str = "") -> str:
        """Run to the end; what it printed."""
        done = self.attempt(*arguments, entry=entry, stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(
        self, *arguments: str, entry: Sequence[str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, entry=entry),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self, *arguments: str, log: Path) -> "Running":
        with log.open("w") as output:
            process = subprocess.Popen(
                self.command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return Running(process, log)


@dataclass
class Running:
    """A container that goes on until it is told to stop."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """Of its process 1, as this machine counts."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def terminate(self) -> None:
        """Ask process 1 to end, as an engine does."""
        os.kill(self.pid, signal.SIGTERM)

    def exit_status(self, within: float) -> int:
        return self.process.wait(timeout=within)

    def kill(self) -> None:
        """End it and all that it started: the kernel ends every process of its table with process 1."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        self.process.wait()


def wait_until(seen: Callable[[], bool], within: float, what: str) -> None:
    """Poll `seen` until it is true."""
    deadline = time.monotonic() + within
    while not seen():
        assert time.monotonic() < deadline, f"{what}: not within {within} seconds"
        time.sleep(0.05)
