"""The whole document of a person: what `idp.accounts.export` knows, and who they are at upstreams (R63)."""

from typing import Any

from idp.accounts import export
from idp.db.unit import UnitOfWork
from idp.federation import identities
from idp.users.models import User


def document(uow: UnitOfWork, user: User) -> dict[str, Any]:
    """As `idp.accounts.export.document`, with `identities`; tokens of upstreams are secrets, and not in it."""
    whole = export.document(uow, user)
    activity = whole.pop("activity")
    whole["identities"] = [
        {
            "connection": connection.name,
            "issuer": identity.issuer,
            "subject": identity.subject,
            "email": identity.email,
            "username": identity.username,
            "linked_at": identity.linked_at.isoformat(),
            "last_used_at": None if identity.last_used_at is None else identity.last_used_at.isoformat(),
        }
        for identity, connection in identities.list_of(uow, user.id)
    ]
    return {**whole, "activity": activity}
