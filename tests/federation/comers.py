"""Who comes back from an upstream, and by what: what the tests of linking have in common."""

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from idp.db.unit import UnitOfWork
from idp.federation import connections
from idp.federation.models import Connection
from idp.federation.providers.base import UpstreamProfile

ADA, BOB = "ada@acme.example", "bob@acme.example"
ISSUER = "https://github.com"


def connect(uow: UnitOfWork, *, name: str = "github", kind: str = "github", **options: Any) -> Connection:
    return connections.create(
        uow, name=name, kind=kind, client_id="Iv1.0123", client_secret="a secret of GitHub's", options=options
    )


def profile(subject: str, *, email: str | None = ADA, verified: bool = True, **more: Any) -> UpstreamProfile:
    values = {"username": "ada", "attributes": {"name": "Ada Lovelace"}, "groups": (), "claims": {}, **more}
    return UpstreamProfile(ISSUER, subject, email, verified, **values)


def at(connection: Connection, came: UpstreamProfile) -> UpstreamProfile:
    """The same as if that connection's upstream said it."""
    return replace(came, issuer=connections.issuer_of(connection))


def count(uow: UnitOfWork, model: Any) -> int:
    return uow.session.scalar(select(func.count()).select_from(model)) or 0
