"""Whoever calls the management API with a token; every answer is held against the document."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from idp.authn import sessions
from idp.oauth import console, direct, management
from idp.oauth.clients import find_registration, forget
from idp.rbac import service as rbac
from tests.api.conformance import conforms
from tests.factories import People, make_user


class Caller:
    """A token, and where it is good."""

    def __init__(self, app: Any, base: str, token: str, who: UUID) -> None:
        self.http = app.test_client(use_cookies=False)
        self.base, self.token, self.id = base, token, who

    def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **options: Any
    ) -> Any:
        """Send a request; `path` is below ``/api/v1``."""
        if body is not None:
            options["json"] = body
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        url = f"{self.base}{path}"
        answer = self.http.open(url, method=method, headers=sent, **options)
        assert "Set-Cookie" not in answer.headers
        conforms(method, urlsplit(url).path, answer)
        return answer

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("POST", path, body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> Any:
        return self.call("PATCH", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.call("DELETE", path, **options)


def person_caller(
    app: Any, people: People, *, email: str, roles: tuple[str, ...] = (), scope: Iterable[str] | None = None
) -> Caller:
    """A person with roles, through the console's client."""
    with people.unit() as uow:
        user = make_user(uow, email=email, roles=roles)
        token = token_of(uow, user, scope)
    return Caller(app, management.audience(people.tenant), token, user.id)


def token_of(uow: Any, user: Any, scope: Iterable[str] | None = None) -> str:
    """What the console's client gets for somebody."""
    registration = find_registration(uow, console.CLIENT_ID)
    assert registration is not None
    session, _secret = sessions.start(uow, user.id, ["pwd"], replaces=None)
    uow.flush()
    allowed = [name for name in registration.client.scope if ":" in name]
    wanted = allowed if scope is None else list(scope)
    return str(direct.issue(uow, registration, session, scope=wanted, resource=[])["access_token"])


def machine_caller(app: Any, people: People, *, scope: str, roles: tuple[str, ...] = ()) -> Caller:
    """A machine client with roles; its token is what the token endpoint gives it."""
    with people.unit() as uow:
        from tests.factories import make_client

        client, secret = make_client(uow, type="machine", scope=scope)
        for role in roles:
            rbac.assign_to_client(uow, client, role)
    forget()
    answer = app.test_client(use_cookies=False).post(
        f"{people.tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(str(client.id), secret),
    )
    assert answer.status_code == 200, answer.text
    return Caller(app, management.audience(people.tenant), answer.json["access_token"], client.id)
