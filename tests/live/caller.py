"""One who calls a server that runs beside the tests, over one connection."""

from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlencode, urlsplit

from idp.config import Settings

FORM = "application/x-www-form-urlencoded"


class Caller:
    """One keep-alive connection."""

    def __init__(self, port: int, settings: Settings) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=20)
        self._host = settings.authority

    def close(self) -> None:
        self._connection.close()

    def ask(
        self, method: str, url: str, body: dict[str, str] | None = None, **headers: str
    ) -> tuple[HTTPResponse, str]:
        given = {"Host": self._host, "Content-Type": FORM, **{name.replace("_", "-"): v for name, v in headers.items()}}
        path = urlsplit(url)._replace(scheme="", netloc="").geturl()
        self._connection.request(method, path, urlencode(body or {}), given)
        answer = self._connection.getresponse()
        return answer, answer.read().decode()
