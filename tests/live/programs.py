"""Programs that the tests start beside the product, each waited for and each stopped."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody listens on that port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def program(command: Sequence[str], port: int, **env: str) -> Iterator[str]:
    """Run a server until the end of the block; its address, once it listens on `port`."""
    process = subprocess.Popen([*command], cwd=ROOT, env={**os.environ, **env})
    try:
        deadline = time.monotonic() + 20
        while not answers(port):
            assert process.poll() is None, f"{command} ended with status {process.returncode}"
            assert time.monotonic() < deadline, f"{command} does not listen on {port}"
            time.sleep(0.05)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(20)
