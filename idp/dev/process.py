"""One program of ours: started so that it cannot outlive us, written to a log file, stopped with patience."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from idp.dev.accounts import CLEAN_ENVIRONMENT, Account
from idp.dev.errors import ServerFailed

_PR_SET_PDEATHSIG = 1


class Child:
    """A running program. Start it from the main thread: Linux ends it when the thread that made it ends.

    Args:
        name: what people call it.
        argv: the program and its arguments.
        log: file for everything it says; emptied first.
        env: its whole environment.
        account: whom it runs as; None for ourselves.
        stop_signal: asks it to end; also sent by Linux when we die, however we die.
        keep: file descriptors that it inherits, such as the lock on its data.
    """

    grace = 30.0
    """Seconds that it gets to end, once asked, before it is killed."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path = Path("/"),
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        keep: Sequence[int] = (),
    ) -> None:
        self.name, self.log, self.stop_signal = name, log, stop_signal
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=CLEAN_ENVIRONMENT if env is None else env,
                cwd=cwd,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                pass_fds=keep,
                start_new_session=True,  # Ctrl-C in the terminal is for us; we stop our children in order
                preexec_fn=_end_with_parent(stop_signal),  # noqa: PLW1509 - it makes two system calls
            )
        except OSError as error:
            raise ServerFailed(f"{name} could not be started: {error.strerror or error}.") from error
        finally:
            os.close(output)
        self.pid = self._process.pid

    def exit_status(self) -> int | None:
        """How it ended, negative for a signal; None while it runs."""
        return self._process.poll()

    def wait_until(self, ready: Callable[[], bool], timeout: float, between: Callable[[], None] = lambda: None) -> None:
        """Wait for `ready`, calling `between` meanwhile.

        Raises:
            ServerFailed: it ended first, or took longer than `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            self.check()
            if ready():
                return
            between()
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} was not ready within {timeout:g} seconds.{self.last_words()}")
            time.sleep(0.02)

    def finish(self, timeout: float) -> None:
        """Wait for its good end.

        Raises:
            ServerFailed: it failed, or took longer than `timeout` seconds.
        """
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.stop()
            raise ServerFailed(f"{self.name} took longer than {timeout:g} seconds.{self.last_words()}") from None
        if status:
            self.check()

    def check(self) -> None:
        """Raise ServerFailed when it has ended."""
        status = self.exit_status()
        if status is not None:
            how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
            raise ServerFailed(f"{self.name} {how}.{self.last_words()}")

    def last_words(self, lines: int = 12) -> str:
        """The end of its log, indented below a sentence; empty when it said nothing."""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 8192))
            said = log.read().decode("utf-8", "replace").rstrip().splitlines()[-lines:]
        return f" The end of {self.log}:\n" + "\n".join(f"    {line}" for line in said) if said else ""

    def stop(self) -> None:
        """Ask it to end; kill it when it has not ended within its grace. Does nothing once it has ended."""
        if self._process.poll() is None:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(self.grace)
            except subprocess.TimeoutExpired:
                self.kill()
                self._process.wait()

    def kill(self) -> None:
        """Kill it, and what it started in its own process group."""
        if self._process.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)


def _end_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """What the new process runs before the program: have Linux signal it when we die, even by SIGKILL."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # we died in between
            os._exit(1)

    return bind
