"""Servers of Valkey on TCP ports of loopback, by a configuration file, that can be killed, frozen and started again."""

import os
import signal
from pathlib import Path
from typing import Any

import redis

from idp.dev.binaries import valkey_server
from idp.dev.process import Child
from tests.shapes.waiting import wait_until


class Node:
    """One server, or one sentinel.  Start it from the main thread.

    Args:
        folder: for its configuration, its log and what it writes; made when missing.
        port: where it listens, as its configuration says.
        configuration: its file.
        password: that it asks for.
        is_sentinel: whether it watches over servers and is none.
    """

    def __init__(
        self, folder: Path, port: int, configuration: str, *, password: str, is_sentinel: bool = False
    ) -> None:
        self.folder, self.port, self.is_sentinel = folder, port, is_sentinel
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "valkey.conf").write_text(configuration)
        self.client = redis.Redis(port=port, password=password, socket_timeout=5, decode_responses=True)

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [valkey_server(), self.folder / "valkey.conf", *(["--sentinel"] if self.is_sentinel else [])]
        self.child = Child("Valkey", command, log=self.folder / "log", cwd=self.folder)
        self.child.wait_until(self.answers, timeout=15)

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False

    def kill(self) -> None:
        """SIGKILL: it says nothing to anybody."""
        self.child.kill()
        wait_until(lambda: self.child.exit_status() is not None, 10, "Valkey ends")

    def freeze(self) -> None:
        """Its connections stay open, and nothing is answered."""
        os.kill(self.child.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.child.pid, signal.SIGCONT)

    def info(self, section: str) -> dict[str, Any]:
        """What INFO says; ``{}`` while it is down."""
        try:
            found: dict[str, Any] = self.client.info(section)
        except redis.RedisError:
            return {}
        return found

    def stop(self) -> None:
        """Stop, frozen or not.  Nothing of it must last."""
        self.client.close()
        if hasattr(self, "child"):
            self.child.kill()
            wait_until(lambda: self.child.exit_status() is not None, 10, "Valkey ends")
