"""Sessions: the row behind the cookie (R37, R38).

The cookie holds a random secret, the row its digest; a session belongs to one tenant, ends by idleness, by age, by
sign-out, and when its person is disabled.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from idp import log
from idp.authn import assurance
from idp.authn.models import Session
from idp.crypto.secrets import digest, new_secret
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.ids import new_id
from idp.users.models import User

TOUCH_EVERY = timedelta(minutes=1)
"""Being seen is written down at most this often."""


def start(uow: UnitOfWork, user_id: UUID, methods: list[str], *, replaces: Session | None) -> tuple[Session, str]:
    """Sign somebody in; answers the session and the secret for the cookie.

    Args:
        uow: the tenant's unit.
        user_id: who was authenticated.
        methods: how, as ``amr`` values.
        replaces: the session that this browser had.  The same person's goes on under a new secret, so that what
            hangs on it lives; another person's ends.
    """
    secret = new_secret("ss")
    if replaces is not None and replaces.user_id == user_id:
        replaces.secret_digest, replaces.authenticated_at = digest(secret), uow.now
        replaces.methods, replaces.acr, replaces.last_seen_at = methods, assurance.acr_of(methods), uow.now
        replaces.expires_at = uow.now + uow.tenant.policy.session_absolute_ttl
        events.record(uow, EventType.SESSION_STARTED, replaces, user_id=user_id, amr=methods, renewed=True)
        return replaces, secret
    if replaces is not None:
        end(uow, replaces, reason="another-account")
    session = uow.add(
        Session(
            id=new_id(),
            user_id=user_id,
            secret_digest=digest(secret),
            authenticated_at=uow.now,
            methods=methods,
            acr=assurance.acr_of(methods),
            last_seen_at=uow.now,
            expires_at=uow.now + uow.tenant.policy.session_absolute_ttl,
            ip=uow.actor.ip,
            user_agent=uow.actor.user_agent,
        )
    )
    events.record(uow, EventType.SESSION_STARTED, session, user_id=user_id, amr=methods)
    return session, secret


def resume(uow: UnitOfWork, secret: str | None) -> Session | None:
    """The living session behind a cookie's secret; None when there is none any more."""
    if not secret or not secret.startswith("idp_ss_"):
        return None
    session = uow.session.scalar(
        select(Session)
        .join(User, (User.tenant_id == Session.tenant_id) & (User.id == Session.user_id))
        .where(
            Session.secret_digest == digest(secret),
            Session.ended_at.is_(None),
            Session.expires_at > func.now(),
            Session.last_seen_at > func.now() - uow.tenant.policy.session_idle_ttl,
            Session.authenticated_at > uow.not_before,
            User.disabled_at.is_(None),
        )
    )
    if session is not None:
        log.bind(user_id=str(session.user_id))
        touch(uow, session)
    return session


def touch(uow: UnitOfWork, session: Session) -> None:
    """Write down that somebody uses this session."""
    if session.last_seen_at + TOUCH_EVERY < uow.now:
        session.last_seen_at = uow.now


def end(uow: UnitOfWork, session: Session, *, reason: str) -> None:
    """Sign out: what was issued for this session ends with it (R8)."""
    ended = uow.execute(
        update(Session)
        .where(Session.id == session.id, Session.ended_at.is_(None))
        .values(ended_at=func.now())
        .returning(Session.id)
    )
    if ended.first() is not None:
        events.record(uow, EventType.SESSION_ENDED, session, user_id=session.user_id, reason=reason)


def end_all(uow: UnitOfWork, user_id: UUID, *, reason: str, keep: UUID | None = None) -> None:
    """Sign a person out everywhere, or everywhere but in the session `keep`.

    Sessions that expired end too: an offline grant outlives its session's age, and not its end.
    """
    unended = uow.session.scalars(select(Session).where(Session.user_id == user_id, Session.ended_at.is_(None))).all()
    for session in unended:
        if session.id != keep:
            end(uow, session, reason=reason)


def end_of_user(uow: UnitOfWork, event: Event) -> None:
    """React to what ends a person's sessions: disabled, and each change of what they sign in with (R8)."""
    if event.user_id is not None:
        kept = event.data.get("kept_session_id")
        end_all(uow, event.user_id, reason=event.type, keep=UUID(kept) if kept else None)


def renew(uow: UnitOfWork, session: Session) -> str:
    """Another secret for a session (R37); for the cookie.  It is no sign-in: `authenticated_at` stays what it is."""
    secret = new_secret("ss")
    session.secret_digest, session.last_seen_at = digest(secret), uow.now
    return secret
