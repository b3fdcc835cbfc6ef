"""The browser of the tests over TCP: cookies and forms as ever, and a choice of servers under one public address."""

import secrets
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from idp.tenants.models import Tenant
from tests.browser import Browser
from tests.live.programs import free_port
from tests.operations.installation import ROOT, Installation
from tests.operations.waiting import until

PUBLIC = "http://localhost:8000"


class Answer:
    """A response as the test client gives it."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code, self.headers, self.text = response.status_code, response.headers, response.text
        self._response = response

    @property
    def json(self) -> Any:
        return self._response.json()


class Server:
    """`idp serve` of some version of the code, as one process behind one port."""

    def __init__(self, installation: Installation, log: Path, *, code: Path = ROOT, **changes: str) -> None:
        self.port, self.internal_port, self.log = free_port(), free_port(), log
        self.process = installation.start(
            "serve",
            log=log,
            code=code,
            IDP_PORT=str(self.port),
            IDP_INTERNAL_PORT=str(self.internal_port),
            IDP_WEB_WORKERS="1",
            **changes,
        )

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{self.internal_port}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """As an orchestrator does."""
        self.process.terminate()
        assert self.process.wait(60) == 0, self.log.read_text()

    def __enter__(self) -> Self:
        try:
            until(self.is_ready, f"the server of {self.log.name} becomes ready", seconds=180)
        except AssertionError as late:
            self.__exit__(None, None, None)
            raise AssertionError(f"{late}: {self.log.read_text()}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Wire:
    """A cookie jar, and the server that the next request goes to."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.http = httpx.Client(headers={"Host": PUBLIC.removeprefix("http://")}, timeout=60)

    def _at(self, url: str) -> str:
        return url.replace(PUBLIC, f"http://127.0.0.1:{self.server.port}", 1)

    def get(self, url: str, *, base_url: None = None, **options: Any) -> Answer:
        return Answer(self.http.get(self._at(url), **options))

    def post(self, url: str, data: Any = None, **options: Any) -> Answer:
        return Answer(self.http.post(self._at(url), data=data, **options))


class WireBrowser(Browser):
    """A browser at one tenant, whose load balancer is the test."""

    def __init__(self, tenant: Tenant, server: Server) -> None:
        self.http = self.wire = Wire(server)
        self.tenant = tenant
        self.verifier = secrets.token_urlsafe(32)

    def at(self, server: Server) -> Self:
        """The next requests go there."""
        self.wire.server = server
        return self

    def close(self) -> None:
        self.wire.http.close()
