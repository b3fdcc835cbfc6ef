"""A browser made of the test client: cookies, redirects inside our own site, forms with their hidden fields."""

import base64
import hashlib
import secrets
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from idp.oauth.models import Client
from idp.tenants.models import Tenant
from tests.factories import CALLBACK, PASSWORD


class Forms(HTMLParser):
    """One form of a page: its action and the named inputs that a browser would send.

    Args:
        html: the page.
        number: which of its forms, from the first.
    """

    def __init__(self, html: str, number: int = 0) -> None:
        super().__init__()
        self.action, self.fields = "", {}
        self._before, self._is_open = number, False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self._is_open = self._before == 0
            self._before -= 1
            if self._is_open:
                self.action = values.get("action") or ""
        elif self._is_open and tag == "input" and values.get("name") and self._is_sent(values):
            self.fields[values["name"]] = values.get("value") or ""

    @staticmethod
    def _is_sent(values: dict[str, str | None]) -> bool:
        return values.get("type") != "checkbox" or "checked" in values

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_open = False


class Browser:
    """One browser at one tenant."""

    def __init__(self, app: Any, tenant: Tenant) -> None:
        self.http = app.test_client()
        self.tenant = tenant
        self.verifier = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def url(self, path: str) -> str:
        return f"{self.tenant.issuer}{path}"

    def get(self, url: str, **kwargs: Any) -> Any:
        return self.http.get(url, base_url=None, **kwargs)

    def post(self, url: str, data: Any = None, **kwargs: Any) -> Any:
        return self.http.post(url, data=data, **kwargs)

    def follow(self, response: Any) -> Any:
        """Follow redirects as long as they stay at the tenant."""
        for _ in range(10):
            location = response.headers.get("Location", "")
            if response.status_code != 303 or not location.startswith(self.tenant.issuer):
                return response
            response = self.get(location)
        raise AssertionError("a redirect loop")

    def parameters(self, client: Client, **changes: Any) -> dict[str, Any]:
        wanted = {
            "response_type": "code",
            "client_id": str(client.id),
            "redirect_uri": CALLBACK,
            "scope": "openid email",
            "state": "a-state",
            "nonce": "a-nonce",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        } | changes
        return {name: value for name, value in wanted.items() if value is not None}

    def authorize(self, client: Client, **changes: Any) -> Any:
        """Open the authorization endpoint and follow to the first page or the client."""
        query = urlencode(self.parameters(client, **changes), doseq=True)
        return self.follow(self.get(self.url(f"/oauth/authorize?{query}")))

    def submit(self, page: Any, number: int = 0, /, **values: str) -> Any:
        """Send the page's first form, or the one with this number, with these values, and follow."""
        form = Forms(page.text, number)
        return self.follow(self.post(form.action, data={**form.fields, **values}))

    def sign_in(self, page: Any, email: str = "ada@example.com", password: str = PASSWORD) -> Any:
        return self.submit(page, email=email, password=password)

    def code(self, client: Client, *, email: str = "ada@example.com", **changes: Any) -> str:
        """Sign in where need be, and come back with a code."""
        response = self.authorize(client, **changes)
        if response.status_code == 200 and "password" in response.text:
            response = self.sign_in(response, email)
        return answer(response)["code"]

    def token(self, client: Client, secret: str | None, **values: Any) -> Any:
        """Call the token endpoint as this client."""
        headers = {}
        if secret is not None:
            pair = base64.b64encode(f"{client.id}:{secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        else:
            values["client_id"] = str(client.id)
        return self.post(self.url("/oauth/token"), data=values, headers=headers)

    def exchange(self, client: Client, secret: str | None, code: str, /, **changes: Any) -> Any:
        values = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        } | changes
        return self.token(client, secret, **{name: value for name, value in values.items() if value is not None})

    def tokens(self, client: Client, secret: str | None, **changes: Any) -> dict[str, Any]:
        """The whole way: sign in, come back, exchange."""
        response = self.exchange(client, secret, self.code(client, **changes))
        assert response.status_code == 200, response.text
        return response.json


def answer(response: Any) -> dict[str, str]:
    """Members of an authorization response that went to the client by query."""
    assert response.status_code == 303, response.text
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))
