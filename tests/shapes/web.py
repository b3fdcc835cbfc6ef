"""Web hosts, `idp serve` on ports of loopback; and people who come to them over TCP from an address of their own."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from idp.dev.process import Child
from tests.live.programs import ROOT, answers, free_port

START_SECONDS = 120.0


class Host:
    """One `idp serve`.  Start it from the main thread."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.port, self._folder = free_port(), folder
        self.internal_port = free_port()
        self._environment = {
            **environment,
            "IDP_PORT": str(self.port),
            "IDP_INTERNAL_PORT": str(self.internal_port),
            "IDP_WEB_WORKERS": "1",
        }

    def launch(self) -> None:
        """Start, and wait for nothing."""
        log = self._folder / f"{self.port}.log"
        command = [sys.executable, "-m", "idp", "serve"]
        self.child = Child("idp serve", command, log=log, env=self._environment, cwd=ROOT)

    def wait(self) -> None:
        """Until it listens and answers."""
        self.child.wait_until(self._is_ready, START_SECONDS)

    def _is_ready(self) -> bool:
        if not answers(self.internal_port):
            return False
        try:
            return requests.get(f"http://127.0.0.1:{self.internal_port}/readyz", timeout=10).status_code == 200
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """The master and all of its processes, at once."""
        self.child.kill()
        self.child.stop()


@dataclass(frozen=True)
class Answer:
    """As the test client of `tests.browser.Browser` gives it."""

    status_code: int
    headers: Mapping[str, str]
    text: str
    body: Any

    @property
    def json(self) -> Any:
        return self.body()


class Wire(HTTPAdapter):
    """A client with cookies that connects from `address`; what `Browser` takes for an application.

    Args:
        address: on loopback.
        trust: file of the certificate that it believes.
    """

    def __init__(self, address: str, trust: Path) -> None:
        self._address = address
        super().__init__()
        self.session = requests.Session()
        self.session.verify = str(trust)
        self.session.trust_env = False
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, self)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, source_address=(self._address, 0))  # type: ignore[no-untyped-call]

    def test_client(self) -> "Wire":
        return self

    def get(self, url: str, *, base_url: str | None = None, **options: Any) -> Answer:
        return self.ask("GET", url, **options)

    def post(self, url: str, **options: Any) -> Answer:
        return self.ask("POST", url, **options)

    def ask(self, method: str, url: str, **options: Any) -> Answer:
        """Send a request; redirects are for the caller to follow."""
        came = self.session.request(method, url, allow_redirects=False, timeout=30, **options)
        return Answer(came.status_code, came.headers, came.text, came.json)
