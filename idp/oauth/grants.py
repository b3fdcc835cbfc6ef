"""Grants: what a person allowed a client.  Living ones are found with all a token needs; revoking ends the family."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select, update

from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.oauth.claims import Subject
from idp.oauth.models import Client, Grant, RevokedToken
from idp.rbac import service as rbac
from idp.users.models import User, UserEmail

_LIVING = (
    select(Grant, User, UserEmail, rbac.held_by(Grant.tenant_id, Grant.user_id))
    .join(User, (User.tenant_id == Grant.tenant_id) & (User.id == Grant.user_id))
    .join(UserEmail, (UserEmail.tenant_id == User.tenant_id) & (UserEmail.user_id == User.id))
    .join(Client, (Client.tenant_id == Grant.tenant_id) & (Client.id == Grant.client_id))
    .join(Session, (Session.tenant_id == Grant.tenant_id) & (Session.id == Grant.session_id))
    .where(
        Grant.id == bindparam("grant"),
        Grant.revoked_at.is_(None),
        Grant.expires_at > func.now(),
        User.disabled_at.is_(None),
        Client.disabled_at.is_(None),
        Session.ended_at.is_(None),  # it may have ended while the code was being issued
        UserEmail.is_primary,
        ~(
            select(RevokedToken.jti)
            .where(RevokedToken.tenant_id == Grant.tenant_id, RevokedToken.jti == bindparam("token"))
            .correlate(Grant)
            .exists()
        ),
    )
)


def find_subject(uow: UnitOfWork, grant_id: UUID, *, jti: str | None = None) -> Subject | None:
    """A grant that lives, with its person, address and roles, in one query.

    Args:
        uow: the tenant's unit.
        grant_id: claim of the access token, or parent of the code or family.
        jti: of an access token, which must not have been revoked.

    Returns:
        None when grant, person, client or session ended, or the token was revoked.
    """
    row: Any = uow.execute(_LIVING, {"grant": grant_id, "token": jti or ""}).first()
    return None if row is None else Subject(row[0], row[1], row[2], sorted(row[3] or ()))


def revoke_grant(uow: UnitOfWork, grant_id: UUID, *, reason: str) -> None:
    """End one grant with its code and tokens."""
    _revoke(uow, Grant.id == grant_id, reason=reason)


def revoke_of_session(uow: UnitOfWork, ended: Event) -> None:
    """React to ``session.ended``: what was issued for it ends (R8)."""
    _revoke(uow, Grant.session_id == ended.target_id, reason=ended.type)


def revoke_of_user(uow: UnitOfWork, event: Event) -> None:
    """React to ``user.disabled`` and ``password.set`` (R8)."""
    _revoke(uow, Grant.user_id == event.target_id, reason=event.type)


def revoke_of_consent(uow: UnitOfWork, withdrawn: Event) -> None:
    """React to ``consent.withdrawn`` (R8)."""
    _revoke(
        uow,
        (Grant.client_id == withdrawn.target_id) & (Grant.user_id == UUID(withdrawn.data["user_id"])),
        reason=withdrawn.type,
    )


def _revoke(uow: UnitOfWork, which: ColumnElement[bool], *, reason: str) -> None:
    ended: Any = uow.execute(
        update(Grant).where(which, Grant.revoked_at.is_(None)).values(revoked_at=func.now()).returning(Grant),
        execution_options={"synchronize_session": False},
    ).scalars()
    for grant in ended.all():
        events.record(
            uow,
            EventType.GRANT_REVOKED,
            grant,
            reason=reason,
            user_id=str(grant.user_id),
            client_id=str(grant.client_id),
        )
