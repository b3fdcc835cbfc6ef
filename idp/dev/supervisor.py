"""The processes of an instance as one: started in order, watched, echoed to the terminal, stopped in reverse.

Nothing is restarted silently. When a process that matters ends, everything ends, and the message is the last
words of the culprit.
"""

import contextlib
import http.client
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self
from urllib.parse import urlsplit

from idp.dev.errors import ServerFailed
from idp.dev.files import LAST_BREATH, Lock, private_folder
from idp.dev.process import Child

_to_terminal = partial(print, flush=True)  # line by line, into a pipe too


class Supervisor:
    """Runs processes until it is told to stop, as a context manager in the main thread.

    Inside the block SIGINT, SIGTERM and SIGHUP raise SystemExit(0), SIGINT also where a shell had it ignored, as
    it does for background jobs. Leaving the block, for whatever reason, stops every process, the youngest first.
    Another signal meanwhile kills them.

    Args:
        data_dir: folder of the instance; logs go to ``logs/`` in it.
        echo: receives each line that a process writes, behind its prefix.
    """

    def __init__(self, data_dir: Path, *, echo: Callable[[str], None] = _to_terminal) -> None:
        self._logs, self._echo = data_dir / "logs", echo
        self._children: list[Child] = []
        self._optional: set[Child] = set()
        self._followed: list[_Follower] = []

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path = Path("/"),
        prefix: str | None = None,
        ready: Callable[[], bool] = lambda: True,
        timeout: float = 30,
        required: bool = True,
    ) -> Child:
        """Start a process and wait until it is ready.

        Args:
            name: what people call it; also its log file.
            argv: the program and its arguments.
            env: its whole environment.
            cwd: its folder.
            prefix: stands before each echoed line; `name` when None.
            ready: asked until it says yes, see `answers`.
            timeout: seconds to become ready in.
            required: whether its end is the end of everything.

        Raises:
            ServerFailed: it ended, or did not become ready in time.
        """
        log = self._logs / f"{name}.log"
        child = Child(name, argv, log=log, env=env, cwd=cwd, keep=[self._lock.fd])
        self.adopt(child, required=required)
        self._followed.append(_Follower(log, f"{prefix or name:<8} "))
        child.wait_until(ready, timeout, between=self._echo_all)
        return child

    def adopt(self, child: Child, *, required: bool = True) -> None:
        """Watch, and at the end stop, a process that somebody else started."""
        self._children.append(child)
        if not required:
            self._optional.add(child)

    def run(self) -> NoReturn:
        """Watch until a signal comes.

        Raises:
            SystemExit: a signal came.
            ServerFailed: a required process ended.
        """
        while True:
            self._echo_all()
            for child in [*self._children]:
                try:
                    child.check()
                except ServerFailed as failure:
                    if child not in self._optional:
                        raise
                    self._children.remove(child)
                    self._echo(f"{failure.detail} The rest goes on without it.")
            time.sleep(0.1)

    def _echo_all(self) -> None:
        for follower in self._followed:
            for line in follower.lines():
                self._echo(line)

    def __enter__(self) -> Self:
        private_folder(self._logs)
        self._lock = Lock(
            self._logs / "lock",
            taken=f"Processes of an earlier run in {self._logs.parent} have not ended yet.",
            patience=LAST_BREATH,
        )
        hangup = [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else []  # nohup
        numbers = [signal.SIGINT, signal.SIGTERM, *hangup]
        self._before = {number: signal.signal(number, _leave) for number in numbers}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in self._before:
            signal.signal(number, self._kill_all)
        for child in reversed(self._children):
            child.stop()
            with contextlib.suppress(BrokenPipeError):
                self._echo_all()
        self._lock.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _kill_all(self, number: int, frame: FrameType | None) -> None:
        for child in self._children:
            child.kill()


def answers(url: str) -> Callable[[], bool]:
    """A ready-check: whether `url` answers over HTTP, and not with a 5xx. No proxy comes between."""
    parts = urlsplit(url)

    def check() -> bool:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=2)
        try:
            connection.request("GET", parts.path or "/")
            return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return check


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


class _Follower:
    """Reads what was added to a log file since the last look, in whole lines."""

    def __init__(self, log: Path, prefix: str) -> None:
        self._log, self._prefix, self._position, self._rest = log, prefix, 0, b""

    def lines(self) -> list[str]:
        with self._log.open("rb") as log:
            log.seek(self._position)
            *whole, self._rest = (self._rest + log.read()).split(b"\n")
            self._position = log.tell()
        return [self._prefix + line.decode("utf-8", "replace") for line in whole]
