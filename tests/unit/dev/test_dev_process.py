import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from idp.dev.errors import ServerFailed
from idp.dev.process import Child


def test_its_environment_is_clean(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    child = Child("env", ["/usr/bin/env"], log=folder / "log")
    child.finish(timeout=10)
    assert "PATH=" in (folder / "log").read_text()
    assert "PGPORT" not in (folder / "log").read_text()


def test_its_failure_is_told_in_its_last_words(folder: Path) -> None:
    child = Child("baker", ["/bin/sh", "-c", "echo out of flour; exit 3"], log=folder / "log")
    with pytest.raises(ServerFailed) as failure:
        child.wait_until(lambda: False, timeout=10)
    assert failure.value.detail == f"baker ended with status 3. The end of {folder}/log:\n    out of flour"


def test_a_program_that_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(ServerFailed, match="baker could not be started: No such file or directory"):
        Child("baker", ["/nowhere"], log=folder / "log")


def test_one_that_does_not_listen_is_killed_with_what_it_started(folder: Path) -> None:
    script = "trap '' TERM; sleep 60 & echo $!; while :; do wait; done"
    child = Child("deaf", ["/bin/sh", "-c", script], log=folder / "log")
    child.wait_until(lambda: (folder / "log").read_text().endswith("\n"), timeout=10)
    child.grace = 0.1
    child.stop()
    child.stop()
    assert child.exit_status() == -signal.SIGKILL
    assert _ends(int((folder / "log").read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG")
def test_it_does_not_outlive_a_killed_parent(folder: Path) -> None:
    program = (
        "import sys, time, pathlib; from idp.dev.process import Child\n"
        "child = Child('x', ['/bin/sleep', '60'], log=pathlib.Path(sys.argv[1]) / 'log')\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, folder], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.kill()
    assert _ends(pid)


def _ends(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False
