"""One web server with two processes and one worker, traced, whose metrics and logs can be read."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.programs import ROOT, free_port
from tests.observability.receivers import Receiver, receiving

START_SECONDS = 240.0


@dataclass
class Running:
    """The two programs, and where their telemetry goes."""

    base_url: str
    web: int
    worker: int
    collector: Receiver
    logs: Path

    def samples(self, port: int) -> dict[str, list[tuple[dict[str, str], float]]]:
        """Name of each sample → labels and value."""
        status, text = get(f"http://127.0.0.1:{port}/metrics")
        assert status == 200
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    def lines(self, program: str) -> list[dict[str, Any]]:
        """What a program has logged."""
        text = (self.logs / program).read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A tenant of the tests has its issuer elsewhere."""

    def redirect_request(self, *_args: Any) -> None:
        return None


def get(url: str, **headers: str) -> tuple[int, str]:
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


@pytest.fixture(scope="package")
def running(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    port, internal, worker = free_port(), free_port(), free_port()
    folder = tmp_path_factory.mktemp("observed")
    with receiving() as collector:
        changed = environment | {
            "IDP_BASE_URL": f"http://localhost:{port}",
            "IDP_PORT": str(port),
            "IDP_INTERNAL_PORT": str(internal),
            "IDP_WORKER_PORT": str(worker),
            "IDP_WEB_WORKERS": "2",
            "IDP_LOG_LEVEL": "info",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "TMPDIR": str(folder),
        }
        env = {name: value for name, value in os.environ.items() if not name.startswith(("IDP_", "OTEL_"))} | changed
        started = []
        for program in ("serve", "worker"):
            with (folder / program).open("wb") as output:
                command = [sys.executable, "-m", "idp", program]
                started.append(subprocess.Popen(command, cwd=ROOT, env=env, stderr=output, stdout=output))
        found = Running(f"http://localhost:{port}", internal, worker, collector, folder)
        try:
            for process, at in zip(started, (internal, worker), strict=True):
                _wait(process, f"http://127.0.0.1:{at}/readyz", folder)
            yield found
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(30)


def _wait(process: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        said = [path.read_text() for path in folder.iterdir() if path.is_file()]
        assert process.poll() is None, said
        assert time.monotonic() < deadline, said
        try:
            if get(url)[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
