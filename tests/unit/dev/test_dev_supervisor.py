"""The supervisor owns a whole process, its signal handlers included: here it gets one."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from idp.dev.supervisor import answers

PROGRAM = """
import pathlib, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests under nohup hands its deafness down
from idp.dev.supervisor import Supervisor
from idp.errors import IdPError

POLITE = "trap 'echo $0 ends; exit 0' TERM; echo $0 $$; while :; do sleep 0.05; done"
try:
    with Supervisor(pathlib.Path(sys.argv[1])) as supervisor:
        for name in sys.argv[2:]:
            program = ["/bin/sh", "-c", POLITE if name in ("first", "second") else "sleep 0.2; echo alas; exit 7", name]
            supervisor.start(name, program, env={"PATH": "/usr/bin:/bin"}, required=name != "optional")
        print("up", flush=True)
        supervisor.run()
except IdPError as error:
    sys.exit(error.detail)
"""


def supervise(folder: Path, *names: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PROGRAM, str(folder), *names]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(process: "subprocess.Popen[str]", *lines: str) -> None:
    wanted = list(lines)
    assert process.stdout
    for line in process.stdout:
        wanted = [text for text in wanted if text not in line]
        if not wanted:
            return
    pytest.fail(f"never said: {wanted}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_in_reverse_and_is_a_success(folder: Path, number: signal.Signals) -> None:
    with supervise(folder, "first", "second") as process:
        wait_for(process, "first    first", "second   second")
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert output.index("second ends") < output.index("first ends")


def test_sigint_works_where_the_shell_had_it_ignored(folder: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = supervise(folder, "first")
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        wait_for(process, "first    first")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_the_end_of_a_required_process_is_the_end_of_all_and_says_why(folder: Path) -> None:
    with supervise(folder, "first", "broken") as process:
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert errors == f"broken ended with status 7. The end of {folder}/logs/broken.log:\n    alas\n"
    assert "first ends" in output


def test_the_end_of_an_optional_process_is_told_and_survived(folder: Path) -> None:
    with supervise(folder, "first", "optional") as process:
        wait_for(process, "optional ended with status 7", "The rest goes on without it.")
        process.terminate()
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "first ends" in output


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG")
def test_a_killed_supervisor_leaves_nobody_and_the_next_one_waits_for_that(folder: Path) -> None:
    with supervise(folder, "first", "second") as process:
        wait_for(process, "first    first", "second   second")
        children = psutil.Process(process.pid).children()
        assert len(children) == 2
        process.kill()
    with supervise(folder, "first") as process:
        wait_for(process, "up")
        assert all(not child.is_running() or child.status() == psutil.STATUS_ZOMBIE for child in children)
        process.terminate()
        process.communicate(timeout=20)


def test_a_ready_check_says_no_until_somebody_listens(folder: Path) -> None:
    assert not answers("http://127.0.0.1:9/")()
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        address = server.stdout.readline().split("(")[1].split(")")[0]
        deadline = time.monotonic() + 10
        while not answers(address)() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert answers(address)()
        server.terminate()
