"""Identities: who somebody is at an upstream, linked, used, listed and taken away (R22)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, delete, exists, select

from idp.authn import passwords
from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.federation import connections, tokens
from idp.federation.errors import IdentityTaken, LastWayIn, NoSuchIdentity
from idp.federation.models import Connection, FederatedIdentity
from idp.federation.providers.base import UpstreamProfile
from idp.i18n import gettext as _
from idp.ids import new_id
from idp.rbac import bounds
from idp.users import service as users
from idp.users.models import User


def find(uow: UnitOfWork, connection: Connection, profile: UpstreamProfile) -> FederatedIdentity | None:
    """The identity that an upstream speaks of: the same connection, issuer and subject, to the letter."""
    return uow.session.scalar(
        select(FederatedIdentity).where(
            FederatedIdentity.connection_id == connection.id,
            FederatedIdentity.issuer == profile.issuer,
            FederatedIdentity.subject == profile.subject,
        )
    )


def find_of(uow: UnitOfWork, user_id: UUID, connection: Connection) -> FederatedIdentity | None:
    """Who a person is at a connection."""
    return uow.session.scalar(
        select(FederatedIdentity).where(
            FederatedIdentity.user_id == user_id, FederatedIdentity.connection_id == connection.id
        )
    )


def get(uow: UnitOfWork, user_id: UUID, identity_id: UUID | None) -> FederatedIdentity:
    """An identity of this person.

    Raises:
        NoSuchIdentity: they have none with that id.
    """
    row = None if identity_id is None else uow.find(FederatedIdentity, identity_id)
    if row is None or row.user_id != user_id:
        raise NoSuchIdentity(_("There is no such way to sign in."))
    return row


def list_of(uow: UnitOfWork, user_id: UUID) -> Sequence[Row[FederatedIdentity, Connection]]:
    """A person's identities, each with its connection, in the order of the buttons."""
    same = (Connection.tenant_id == FederatedIdentity.tenant_id) & (Connection.id == FederatedIdentity.connection_id)
    return uow.session.execute(
        select(FederatedIdentity, Connection)
        .join(Connection, same)
        .where(FederatedIdentity.user_id == user_id)
        .order_by(Connection.position, Connection.name)
    ).all()


def link(
    uow: UnitOfWork, user: User, connection: Connection, profile: UpstreamProfile, *, at_creation: bool = False
) -> FederatedIdentity:
    """Let somebody sign in as who they are at an upstream; whoever calls has decided that they may.

    Args:
        uow: the tenant's unit.
        user: whose account it opens.
        connection: by which.
        profile: who they are there.
        at_creation: whether the account was made just now for it, so that it is no news to anybody.

    Raises:
        IdentityTaken: it is somebody else's, or they have another one at this connection.
    """
    if find(uow, connection, profile) is not None or find_of(uow, user.id, connection) is not None:
        raise IdentityTaken(_("This account is linked already."))
    row = uow.add(
        FederatedIdentity(
            id=new_id(),
            user_id=user.id,
            connection_id=connection.id,
            issuer=profile.issuer,
            subject=profile.subject,
        )
    )
    use(uow, row, connection, profile)
    uow.flush()
    events.record(
        uow,
        EventType.IDENTITY_LINKED,
        row,
        user_id=user.id,
        connection=connection.name,
        at_creation=at_creation,
    )
    return row


def use(uow: UnitOfWork, row: FederatedIdentity, connection: Connection, profile: UpstreamProfile) -> None:
    """Write down that somebody came by it, and what they are called there now."""
    row.email, row.username, row.last_used_at = profile.email, profile.username, uow.now
    if connection.options.keeps_tokens and profile.tokens is not None:
        tokens.keep(uow, row, profile.tokens)


def unlink(uow: UnitOfWork, user: User, identity_id: UUID | None, *, session: Session | None = None) -> None:
    """A person gives one up.  The session in which they do goes on, every other one ends.

    Raises:
        NoSuchIdentity: it is not theirs.
        LastWayIn: they have no password and no other identity that opens anything (R22).
    """
    uow.session.refresh(user, with_for_update={"key_share": True})  # of two at once the second sees what is left
    row = get(uow, user.id, identity_id)
    if not has_other_way_in(uow, user, row):
        raise LastWayIn(_("This is the only way you can sign in. Set a password first."))
    _remove(uow, user, row, session)


def remove(uow: UnitOfWork, user: User, identity_id: UUID) -> None:
    """An administrator takes one from somebody: all their sessions end, and a recovery mail lets them in again.

    Raises:
        NoSuchIdentity: it is not theirs.
        BeyondYourOwn: they may do more than the actor.
        LastWayIn: nothing would be left, not even a proven address that a recovery could go to.
    """
    bounds.require_over_user(uow, user.id)
    uow.session.refresh(user, with_for_update={"key_share": True})
    row = get(uow, user.id, identity_id)
    if not has_other_way_in(uow, user, row) and users.primary_email(uow, user.id).verified_at is None:
        raise LastWayIn("They have no password and no proven address, so they could not get in any more.")
    _remove(uow, user, row, None)


def has_other_way_in(uow: UnitOfWork, user: User, row: FederatedIdentity) -> bool:
    """Whether somebody could still sign in without this identity."""
    if passwords.changed_at(uow, user) is not None:
        return True
    same = (Connection.tenant_id == FederatedIdentity.tenant_id) & (Connection.id == FederatedIdentity.connection_id)
    other = (FederatedIdentity.user_id == user.id) & (FederatedIdentity.id != row.id) & Connection.disabled_at.is_(None)
    return bool(uow.session.scalar(select(exists(select(FederatedIdentity.id).join(Connection, same).where(other)))))


def remove_all(uow: UnitOfWork, user_id: UUID) -> None:
    """Nobody signs in as this person by an upstream any more; whoever calls says why."""
    uow.execute(
        delete(FederatedIdentity).where(FederatedIdentity.user_id == user_id),
        execution_options={"synchronize_session": "fetch"},
    )


def remove_of_disowned(uow: UnitOfWork, event: Event) -> None:
    """React to “this was not me”: whoever it was may have linked an account of theirs."""
    if event.target_id is not None:
        remove_all(uow, event.target_id)


def _remove(uow: UnitOfWork, user: User, row: FederatedIdentity, session: Session | None) -> None:
    connection = uow.get(Connection, row.connection_id)
    uow.session.delete(row)
    uow.flush()
    events.record(
        uow,
        EventType.IDENTITY_UNLINKED,
        row,
        user_id=user.id,
        connection=connection.name,
        kept_session_id=str(session.id) if session is not None else None,
    )


def upstream_label(uow: UnitOfWork, event: Event) -> str:
    """What the connection of an event is called, to a person; its name once it is gone."""
    name = str(event.data.get("connection", ""))
    row = connections.find(uow, name)
    return name if row is None else row.label
