"""A first-party application at one tenant: it speaks JSON, and holds what it was given."""

import base64
from typing import Any

from idp.oauth.models import Client
from idp.tenants.models import Tenant
from tests.api.conformance import conforms
from tests.factories import PASSWORD

EMAIL = "ada@example.com"
AGENT = "Notes/3.2"


class Application:
    """One client of one tenant; every answer is held against the document."""

    def __init__(self, app: Any, tenant: Tenant, client: Client, secret: str | None = None) -> None:
        self.http = app.test_client(use_cookies=False)
        self.tenant, self.client, self.secret = tenant, client, secret
        self.tokens: dict[str, Any] = {}

    @property
    def access_token(self) -> str:
        return str(self.tokens["access_token"])

    def send(self, method: str, path: str, body: Any = None, *, token: str | None = None, **options: Any) -> Any:
        headers = {"User-Agent": AGENT, **options.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            options["json"] = body
        answer = self.http.open(f"{self.tenant.issuer}/api/v1/auth/{path}", method=method, headers=headers, **options)
        assert "Set-Cookie" not in answer.headers
        if "ETag" not in answer.headers:
            assert answer.headers["Cache-Control"] == "no-store"
        conforms(method, path, answer)
        return answer

    def post(self, path: str, **body: Any) -> Any:
        """As the client, by its registered method."""
        headers: dict[str, str] = {}
        if self.client.token_endpoint_auth_method == "client_secret_basic":
            pair = base64.b64encode(f"{self.client.id}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        elif self.client.token_endpoint_auth_method == "client_secret_post":
            body = {"client_id": str(self.client.id), "client_secret": self.secret, **body}
        else:
            body = {"client_id": str(self.client.id), **body}
        return self.send("POST", path, body, headers=headers)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """As the person who is signed in."""
        return self.send(method, path, body, token=self.access_token, **options)

    def log_in(self, email: str = EMAIL, password: str = PASSWORD, **values: Any) -> Any:
        answer = self.post("login", email=email, password=password, **values)
        if answer.status_code == 200 and "access_token" in answer.json:
            self.tokens = answer.json
        return answer

    def signed_in(self, email: str = EMAIL, **values: Any) -> "Application":
        answer = self.log_in(email, **values)
        assert "access_token" in answer.json, answer.text
        return self


def refused(answer: Any, code: str, status: int) -> bool:
    assert answer.mimetype == "application/problem+json", answer.text
    assert (answer.json["code"], answer.status_code) == (code, status), answer.text
    assert answer.json["type"] == f"urn:idp:problem:{code}"
    return True


def pointers(answer: Any) -> list[str]:
    return sorted(error["pointer"] for error in answer.json["errors"])
