"""A client's connections: each request on one of its own, so that it is plain what a broken one had brought."""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.faults.entries import Outcome

PATIENCE = 15.0


@dataclass(frozen=True)
class Answer:
    """What came back, or what kept it from coming."""

    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    broken: Outcome | None = None

    @property
    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def code(self) -> str:
        """The name of a refusal: RFC 6749's, or that of a problem."""
        found = self.json
        return str(found.get("error") or found.get("code") or "")

    @property
    def outcome(self) -> Outcome:
        """By the status alone."""
        if self.broken is not None:
            return self.broken
        if self.status == 503:
            return Outcome.UNAVAILABLE
        if self.status >= 500:
            return Outcome.FAILED
        return Outcome.REFUSED if self.status >= 400 else Outcome.DONE


@dataclass
class Wire:
    """Whoever speaks with the product.

    Attributes:
        authority: of the base URL, whatever address the connection goes to.
        addresses: answers where the servers listen now; the second is asked where nobody takes the connection.
    """

    authority: str
    addresses: Callable[[], list[tuple[str, int]]]
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self,
        method: str,
        url: str,
        *,
        form: dict[str, str] | None = None,
        document: Any = None,
        headers: dict[str, str] | None = None,
        with_cookies: bool = False,
    ) -> Answer:
        """Send a request to the path of `url`."""
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        sent = {"Host": self.authority, "Connection": "close", **(headers or {})}
        body = None
        if form is not None:
            body, sent["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        if document is not None:
            body, sent["Content-Type"] = json.dumps(document), "application/json"
        if with_cookies and self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self._send(method, path, body, sent)
        if with_cookies:
            self._keep(answer)
        return answer

    def _send(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        connection = self._connect()
        if connection is None:
            return Answer(broken=Outcome.UNREACHABLE)
        try:
            connection.request(method, path, body, headers)
            came = connection.getresponse()
            content = came.read()
        except (OSError, http.client.HTTPException):
            return Answer(broken=Outcome.UNKNOWN)
        finally:
            connection.close()
        cookies = tuple(value for name, value in came.getheaders() if name.lower() == "set-cookie")
        return Answer(came.status, content, {name.lower(): value for name, value in came.getheaders()}, cookies)

    def _connect(self) -> http.client.HTTPConnection | None:
        for host, port in self.addresses():
            connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
            try:
                connection.connect()
            except OSError:
                connection.close()
                continue
            return connection
        return None

    def _keep(self, answer: Answer) -> None:
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
