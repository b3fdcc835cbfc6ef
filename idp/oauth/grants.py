"""Grants: what a person allowed a client.  Living ones are found with all a token needs; revoking ends the family."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, or_, select, update

from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.ids import new_id
from idp.oauth import scopes
from idp.oauth.claims import Subject
from idp.oauth.models import Client, Grant, RefreshFamily, RevokedToken
from idp.rbac import effective
from idp.users.models import User, UserEmail

_LIVING = (
    select(
        Grant,
        User,
        UserEmail,
        effective.user_roles(literal_column("grants.tenant_id"), literal_column("grants.user_id")),
    )
    .join(User, (User.tenant_id == Grant.tenant_id) & (User.id == Grant.user_id))
    .join(UserEmail, (UserEmail.tenant_id == User.tenant_id) & (UserEmail.user_id == User.id))
    .join(Client, (Client.tenant_id == Grant.tenant_id) & (Client.id == Grant.client_id))
    .join(Session, (Session.tenant_id == Grant.tenant_id) & (Session.id == Grant.session_id))
    .where(
        Grant.id == bindparam("grant"),
        Grant.revoked_at.is_(None),
        Grant.expires_at > func.now(),
        Grant.authenticated_at > bindparam("not_before"),
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


def start(
    uow: UnitOfWork,
    client: Client,
    session: Session,
    *,
    scope: Sequence[str],
    resource: Sequence[str] = (),
    userinfo_claims: Sequence[str] = (),
    id_token_claims: Sequence[str] = (),
    nonce: str | None = None,
) -> Grant:
    """Write down what a client may do for the person of `session`, as long as that session lasts.

    Args:
        uow: the tenant's unit.
        client: for whom.
        session: whose sign-in it stands on.
        scope: within the client's registration, and consented to where that is needed (R11, R14).
        resource: identifiers of APIs that were asked for.
        userinfo_claims: asked for one by one, from userinfo.
        id_token_claims: the same, in the ID token.
        nonce: of the request.
    """
    grant = uow.add(
        Grant(
            id=new_id(),
            user_id=session.user_id,
            client_id=client.id,
            session_id=session.id,
            scope=list(scope),
            resource=list(resource),
            userinfo_claims=list(userinfo_claims),
            id_token_claims=list(id_token_claims),
            nonce=nonce,
            acr=session.acr,
            amr=session.methods,
            authenticated_at=session.authenticated_at,
            expires_at=uow.now + uow.tenant.policy.refresh_absolute_ttl,
        )
    )
    uow.flush()
    events.record(
        uow,
        EventType.GRANT_CREATED,
        grant,
        user_id=grant.user_id,
        client_id=str(client.id),
        scope=grant.scope,
        session_id=str(session.id),
    )
    return grant


def find_subject(uow: UnitOfWork, grant_id: UUID, *, jti: str | None = None) -> Subject | None:
    """A grant that lives, with its person, address and roles, in one query.

    Args:
        uow: the tenant's unit.
        grant_id: claim of the access token, or parent of the code or family.
        jti: of an access token, which must not have been revoked.

    Returns:
        None when grant, person, client or session ended, or the token was revoked.
    """
    row: Any = uow.execute(_LIVING, {"grant": grant_id, "token": jti or "", "not_before": uow.not_before}).first()
    return None if row is None else Subject(row[0], row[1], row[2], effective.rights(uow.tenant, row[3]))


def list_sessions(uow: UnitOfWork, user_id: UUID) -> Sequence[Session]:
    """Where a person is signed in, the last seen first."""
    latest = (Session.last_seen_at.desc(), Session.id.desc())
    return uow.session.scalars(sessions_of(uow, user_id).order_by(*latest)).all()


def sessions_of(uow: UnitOfWork, user_id: UUID) -> Select[Session]:
    """A query for where a person is signed in: sessions in use, and those that an application still refreshes.

    The second kind is idle by `idp.authn.sessions`, whose clock is the cookie's, and opens an account all the same.
    """
    policy = uow.tenant.policy
    refreshed = (
        select(Grant.id)
        .join(RefreshFamily, (RefreshFamily.tenant_id == Grant.tenant_id) & (RefreshFamily.grant_id == Grant.id))
        .where(
            Grant.tenant_id == Session.tenant_id,
            Grant.session_id == Session.id,
            Grant.revoked_at.is_(None),
            RefreshFamily.expires_at > func.now(),
            or_(Grant.scope.op("@>")([scopes.OFFLINE_ACCESS]), Session.expires_at > func.now()),
        )
        .exists()
    )
    in_use = and_(Session.expires_at > func.now(), Session.last_seen_at > func.now() - policy.session_idle_ttl)
    return select(Session).where(
        Session.user_id == user_id,
        Session.ended_at.is_(None),
        Session.authenticated_at > uow.not_before,
        or_(in_use, refreshed),
    )


def find_session(uow: UnitOfWork, user_id: UUID, session_id: UUID | None) -> Session | None:
    """The session with this id, if it is one of `list_sessions`."""
    return uow.session.scalar(sessions_of(uow, user_id).where(Session.id == session_id))


def revoke_grant(uow: UnitOfWork, grant_id: UUID, *, reason: str) -> None:
    """End one grant with its code and tokens."""
    _revoke(uow, Grant.id == grant_id, reason=reason)


def revoke_of_session(uow: UnitOfWork, ended: Event) -> None:
    """React to ``session.ended``: what was issued for it ends (R8)."""
    _revoke(uow, Grant.session_id == ended.target_id, reason=ended.type)


def revoke_of_user(uow: UnitOfWork, event: Event) -> None:
    """React to ``user.disabled``, and to each change of what somebody signs in with (R8)."""
    _revoke(uow, Grant.user_id == event.user_id, reason=event.type)


def revoke_of_client(uow: UnitOfWork, event: Event) -> None:
    """React to ``client.disabled`` and ``client.enabled``, and to what made it a third party (R8)."""
    _revoke(uow, Grant.client_id == event.target_id, reason=event.type)


def revoke_of_consent(uow: UnitOfWork, withdrawn: Event) -> None:
    """React to ``consent.withdrawn`` (R8)."""
    _revoke(
        uow,
        (Grant.client_id == withdrawn.target_id) & (Grant.user_id == withdrawn.user_id),
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
            user_id=grant.user_id,
            client_id=str(grant.client_id),
        )
