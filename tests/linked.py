"""People and who they are at upstreams, without any upstream."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.authn import passwords
from idp.federation import connections, identities
from idp.federation.models import Connection, FederatedIdentity
from idp.federation.providers.base import UpstreamProfile
from idp.users.models import User
from tests.factories import People

GITHUB = "https://github.com"


def connect(people: People, name: str = "github", **values: Any) -> Connection:
    """A connection to GitHub."""
    with people.unit() as uow:
        return connections.create(
            uow, name=name, kind="github", client_id="our-client", client_secret="our-secret", **values
        )


def profile(subject: str = "583231", **values: Any) -> UpstreamProfile:
    """What GitHub says of somebody."""
    members = {"email": "octocat@github.example", "email_verified": True, "username": "octocat"} | values
    return UpstreamProfile(issuer=GITHUB, subject=subject, attributes={}, groups=(), claims={}, **members)


def link(people: People, user: User, connection: Connection, subject: str = "583231", **values: Any) -> UUID:
    """Link somebody; answers the id of the identity."""
    with people.unit() as uow:
        return identities.link(uow, uow.get(User, user.id), connection, profile(subject, **values)).id


def forget_password(people: People, user: User) -> None:
    """As of somebody who came by an upstream."""
    with people.unit() as uow:
        passwords.remove(uow, uow.get(User, user.id))


def labels(people: People, user: User) -> list[str]:
    """Names of the connections that somebody is linked at."""
    with people.unit() as uow:
        return [connection.name for _identity, connection in identities.list_of(uow, user.id)]


def identity(people: People, user: User) -> FederatedIdentity:
    """The only one that somebody has."""
    with people.unit() as uow:
        return uow.session.scalars(select(FederatedIdentity).where(FederatedIdentity.user_id == user.id)).one()
