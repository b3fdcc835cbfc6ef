"""Who came back from an upstream, where none is asked: rows as the verbs leave them."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from idp.authn import passwords
from idp.federation import connections, identities, testing, transactions
from idp.federation.errors import SignInRefused
from idp.federation.models import Connection, FederatedIdentity
from idp.federation.providers.base import Tokens, UpstreamProfile
from idp.users.models import User
from tests.factories import People

SECRET = "a-secret-of-the-upstream"
_BROWSER = "secret of the cookie of the administrator's browser"


def profile(**changes: Any) -> UpstreamProfile:
    """Ida, as GitHub knows her."""
    ida = UpstreamProfile(
        issuer="https://github.com",
        subject="583231",
        email="ida@acme.example",
        email_verified=True,
        username="ida",
        attributes={"name": "Ida Noor"},
        groups=("acme", "acme/core"),
        claims={"id": 583231, "login": "ida", "emails": [{"email": "ida@acme.example", "verified": True}]},
        tokens=Tokens("gho_of_ida", scope="read:user"),
    )
    return replace(ida, **changes)


def connect(people: People, name: str = "github", **members: Any) -> Connection:
    """A connection to GitHub."""
    with people.unit() as uow:
        row = connections.create(
            uow, name=name, **{"kind": "github", "client_id": name, "client_secret": SECRET, **members}
        )
        uow.flush()
        return row


def link(people: People, user: User, name: str = "github", **changes: Any) -> FederatedIdentity:
    """An identity of somebody's at a connection."""
    with people.unit() as uow:
        row = identities.link(uow, uow.get(User, user.id), connections.get(uow, name), profile(**changes))
        uow.flush()
        return row


def labels(people: People, user: User) -> list[str]:
    """Names of the connections that somebody is linked at."""
    with people.unit() as uow:
        return [connection.name for _identity, connection in identities.list_of(uow, user.id)]


def forget_password(people: People, user: User) -> None:
    """Make somebody who has none, as of whoever came by an upstream."""
    with people.unit() as uow:
        passwords.remove(uow, uow.get(User, user.id))


def come_back(people: People, name: str, url: str, said: UpstreamProfile | SignInRefused) -> None:
    """A browser opens the URL of a test and comes back."""
    (ticket,) = parse_qs(urlsplit(url).query)[testing.PARAMETER]
    with people.unit() as uow:
        connection = connections.get(uow, name)
        trip = testing.depart(uow, connection, ticket, _BROWSER)
        assert trip is not None
        returned = transactions.claim(uow, connection, trip.state, _BROWSER)
        assert returned is not None
        if isinstance(said, SignInRefused):
            testing.fail(uow, connection, returned, said)
        else:
            testing.receive(uow, connection, returned, said)
