"""A GitHub Enterprise Server, as GitHub's documentation describes its OAuth apps and its REST API.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
https://docs.github.com/en/rest/users/emails, /rest/orgs/orgs, /rest/teams/teams, /rest/using-the-rest-api
"""

import base64
import hashlib
import html
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

from tests.upstreams.serving import Ask, Reply, Serving, as_form, as_json, as_page, redirect

CLIENT_ID = "Iv1.8a61f9b3a7aba766"
CLIENT_SECRET = "github-client-secret"
DOCS = "https://docs.github.com/rest"
AUTHORIZE, TOKEN, API = "/login/oauth/authorize", "/login/oauth/access_token", "/api/v3"


@dataclass
class Person:
    """Who is signed in at GitHub; `teams` as ``organization/slug``."""

    id: Any = 583231
    login: Any = "octocat"
    name: Any = "The Octocat"
    emails: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"email": "octocat@noreply.example", "primary": False, "verified": True, "visibility": None},
            {"email": "octocat@acme.example", "primary": True, "verified": True, "visibility": "private"},
        ]
    )
    orgs: list[str] = field(default_factory=lambda: ["github"])
    teams: list[str] = field(default_factory=list)


@dataclass
class Script:
    """How the server behaves.

    Attributes:
        client_secret: the one in force.
        redirect_uris: registered; empty means that every address is.
        form_only: whether it never answers JSON at its token endpoint, as old servers do.
        expires: whether tokens end after eight hours and come with refresh tokens.
        most: how many objects of a list it gives at once, whatever was asked for.
        used_up: whether the rate limit is.
        revoked: whether no token works any more.
    """

    client_secret: str = CLIENT_SECRET
    redirect_uris: list[str] = field(default_factory=list)
    form_only: bool = False
    expires: bool = False
    most: int = 100
    used_up: bool = False
    revoked: bool = False


@dataclass(frozen=True)
class _Grant:
    redirect_uri: str
    challenge: str
    scope: frozenset[str]


class GitHub(Serving):
    """The server; `person` and `script` may be changed at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.person, self.script = Person(), Script()
        self._codes: dict[str, _Grant] = {}
        self._tokens: dict[str, frozenset[str]] = {}
        self._refresh_tokens: dict[str, frozenset[str]] = {}

    def answer(self, ask: Ask) -> Reply:
        if ask.path == AUTHORIZE:
            return self._authorize(ask)
        if ask.path == TOKEN and ask.method == "POST":
            members = self._exchange(ask)
            takes_json = "json" in ask.headers.get("Accept", "") and not self.script.form_only
            return as_json(members) if takes_json else as_form(members)
        if ask.path.startswith(f"{API}/"):
            return self._api(ask)
        return as_page("Page not found", "", 404)

    def approve(self, url: str) -> dict[str, str]:
        """What the browser of somebody who clicks Authorize at `url` brings to the callback."""
        shown = requests.get(url, timeout=5)
        assert shown.status_code == 200, shown.text
        answer = requests.post(url, data={"authorize": "1"}, allow_redirects=False, timeout=5)
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    def _authorize(self, ask: Ask) -> Reply:
        asked = ask.query
        registered = self.script.redirect_uris
        back = asked.get("redirect_uri", "")
        if asked.get("client_id") != CLIENT_ID or not urlsplit(back).hostname:
            return as_page("Page not found", "", 404)
        state = {"state": asked.get("state", "")}
        if registered and back not in registered:
            return redirect(registered[0], error="redirect_uri_mismatch", **state)
        if (
            not state["state"]
            or asked.get("code_challenge_method") != "S256"
            or len(asked.get("code_challenge", "")) != 43
        ):
            return as_page("The request is not protected", "", 400)
        if ask.method == "GET":
            denied = {"error": "access_denied", "error_description": "The user has denied your application access."}
            cancel = html.escape(f"{back}?{urlencode({**denied, **state})}")
            name = html.escape(str(self.person.login))
            form = (
                f"<p>Signed in as {name}</p><form method=post><button name=authorize value=1>Authorize</button></form>"
            )
            return as_page("Authorize Acme", f'{form}<a href="{cancel}">Cancel</a>')
        code = secrets.token_hex(10)
        self._codes[code] = _Grant(back, asked["code_challenge"], frozenset(asked.get("scope", "").split()))
        return redirect(back, code=code, **state)

    def _exchange(self, ask: Ask) -> dict[str, Any]:
        sent = ask.form
        if (sent.get("client_id"), sent.get("client_secret")) != (CLIENT_ID, self.script.client_secret):
            return _error("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.")
        if sent.get("grant_type") == "refresh_token":
            scope = self._refresh_tokens.pop(sent.get("refresh_token", ""), None)
            if scope is None:
                return _error("bad_refresh_token", "The refresh token passed is incorrect or expired.")
            return self._issue(scope)
        grant = self._codes.pop(sent.get("code", ""), None)
        if grant is None or grant.challenge != _challenge(sent.get("code_verifier", "")):
            return _error("bad_verification_code", "The code passed is incorrect or expired.")
        if sent.get("redirect_uri", grant.redirect_uri) != grant.redirect_uri:
            return _error("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL.")
        return self._issue(grant.scope)

    def _issue(self, scope: frozenset[str]) -> dict[str, Any]:
        token = f"gho_{secrets.token_hex(18)}"
        self._tokens[token] = scope
        issued: dict[str, Any] = {
            "access_token": token,
            "scope": ",".join(sorted(scope)),
            "token_type": "bearer",
        }
        if self.script.expires:
            refresh_token = f"ghr_{secrets.token_hex(36)}"
            self._refresh_tokens[refresh_token] = scope
            issued |= {"expires_in": 28800, "refresh_token": refresh_token, "refresh_token_expires_in": 15897600}
        return issued

    def _api(self, ask: Ask) -> Reply:
        if self.script.used_up:
            return _message(403, "API rate limit exceeded", X_RateLimit_Remaining="0", X_RateLimit_Reset="1893456000")
        if not ask.headers.get("User-Agent"):
            return _message(403, "Request forbidden by administrative rules.")
        scope = self._tokens.get(ask.headers.get("Authorization", "").removeprefix("Bearer "))
        if scope is None or self.script.revoked:
            return _message(401, "Bad credentials")
        path = ask.path.removeprefix(API)
        needed, items = self._lists().get(path, ("", []))
        if path == "/user":
            return as_json(self._user(self.person))
        return self._page(ask, items) if needed in scope else _message(404, "Not Found")

    def _lists(self) -> dict[str, tuple[str, list[dict[str, Any]]]]:
        """Each list of a person's, and the scope that it is for."""
        person, named = self.person, [name.partition("/") for name in self.person.teams]
        orgs = [{"login": name, "id": number} for number, name in enumerate(person.orgs, start=1)]
        teams = [{"name": slug.title(), "slug": slug, "organization": {"login": org}} for org, _, slug in named]
        return {
            "/user/emails": ("user:email", person.emails),
            "/user/orgs": ("read:org", orgs),
            "/user/teams": ("read:org", teams),
        }

    def _user(self, person: Person) -> dict[str, Any]:
        return {
            "login": person.login,
            "id": person.id,
            "node_id": "MDQ6VXNlcjE=",
            "avatar_url": f"{self.url}/avatars/u/1",
            "html_url": f"{self.url}/{person.login}",
            "type": "User",
            "site_admin": False,
            "name": person.name,
            "company": None,
            "blog": "",
            "email": None,
            "bio": None,
        }

    def _page(self, ask: Ask, items: Sequence[dict[str, Any]]) -> Reply:
        """Some of a list, and where the others are (RFC 8288)."""
        size = min(int(ask.query.get("per_page", 30)), 100, self.script.most)
        number, last = int(ask.query.get("page", 1)), max(1, -(-len(items) // size))
        links = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        named = [
            f'<{self.url}{ask.path}?per_page={size}&page={page}>; rel="{rel}"'
            for rel, page in links.items()
            if 0 < page <= last and page != number
        ]
        some = items[(number - 1) * size : number * size]
        return as_json(some, Link=", ".join(named)) if named else as_json(some)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _error(code: str, description: str) -> dict[str, Any]:
    where = urljoin(DOCS, "/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/")
    return {"error": code, "error_description": description, "error_uri": where}


def _message(status: int, message: str, **headers: str) -> Reply:
    return as_json({"message": message, "documentation_url": DOCS, "status": str(status)}, status, **headers)


@contextmanager
def github() -> Iterator[GitHub]:
    """A GitHub, stopped at the end of the block."""
    with GitHub().running() as server:
        yield server
