"""Verbs on connections: create, change, order, enable, disable, another secret, delete.

Whoever may decide what an upstream's word is worth could come back as anybody, so what `trusts_email` opens is the
owners' to set, and roles by mapping are bounded as roles by hand (R22, R48).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import aliased

from idp.db.locks import lock
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.federation import mapping, secrets
from idp.federation.errors import (
    ConnectionInUse,
    ConnectionInvalid,
    ConnectionNameTaken,
    NoSuchConnection,
    TooManyConnections,
)
from idp.federation.models import ClientConnection, Connection, FederatedIdentity
from idp.federation.options import Options
from idp.federation.providers.registry import COMMON, KINDS, Kind
from idp.ids import new_id
from idp.rbac import bounds
from idp.rbac.permissions import Permission

MAX_CONNECTIONS = 100
NAME_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$"
"""Of a name: it is part of the callback URL, and never changes."""

_NAME = re.compile(NAME_PATTERN)
ENDPOINTS = frozenset({"issuer", "base_url", "directory"})
"""Members that say where the secret is sent (R54)."""
_WEIGHTY = ENDPOINTS | {
    "roles",
    "groups_claim",
    "claims",
    "trusts_email",
    "hosted_domains",
    "organizations",
    "teams",
}
"""Members that decide who comes back, as whom, or with which roles."""


def create(
    uow: UnitOfWork,
    *,
    name: str,
    kind: str,
    client_id: str,
    client_secret: str | None = None,
    label: str | None = None,
    enabled: bool = True,
    options: Mapping[str, Any] | None = None,
) -> Connection:
    """Trust an upstream.

    Args:
        uow: the tenant's unit.
        name: as `NAME_PATTERN`; in the callback URL.
        kind: of `KINDS`.
        client_id: as what the tenant's application is known there.
        client_secret: of that application.
        label: what the button says; the kind's own name by default.
        enabled: whether it is offered at once.
        options: members of `Options`.

    Raises:
        ConnectionInvalid, ConnectionNameTaken, TooManyConnections: it cannot be.
        NoSuchRole: a role of the mapping.
        BeyondYourOwn, PermissionNeeded: it would open more than the actor may.
    """
    if not _NAME.fullmatch(name):
        raise ConnectionInvalid("A name is 1 to 50 characters: a-z, 0-9, and hyphens inside.", field="name")
    known = require_kind(kind)
    whole = _parsed(kind, options or {})
    if known.needs_secret and not client_secret:
        raise ConnectionInvalid("This kind of connection needs a client_secret.", field="client_secret")
    lock(uow, f"connections:{uow.tenant.id}")
    if find(uow, name) is not None:
        raise ConnectionNameTaken(f"There is a connection {name!r} already.")
    count = uow.session.scalar(select(func.count()).select_from(Connection)) or 0
    if count >= MAX_CONNECTIONS:
        raise TooManyConnections(f"A tenant has at most {MAX_CONNECTIONS} connections.")
    _require_weight(uow, whole)
    row = uow.add(
        Connection(
            id=new_id(),
            name=name,
            kind=kind,
            label=label or known.label,
            position=_last(uow) + 1,
            client_id=client_id,
            options=whole,
            disabled_at=None if enabled else uow.now,
        )
    )
    if client_secret:
        secrets.replace(uow, row, client_secret, keep_previous=False)
    uow.flush()
    events.record(uow, EventType.CONNECTION_CREATED, row, connection=name, connection_kind=kind)
    return row


def update_connection(
    uow: UnitOfWork,
    row: Connection,
    *,
    label: str | None = None,
    position: int | None = None,
    client_id: str | None = None,
    client_secret: str | None = None,
    enabled: bool | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Change what is not None; of `options` the members that are named, None among them meaning the default.

    Raises:
        ConnectionInvalid: it cannot be; where the secret would go to another address, it must come along (R54).
        NoSuchRole: a role of the mapping.
        BeyondYourOwn, PermissionNeeded: it opens, or would open, more than the actor may.
    """
    before, whole = row.options, _parsed(row.kind, options or {}, row.options)
    differing = {name for name in Options.model_fields if getattr(before, name) != getattr(whole, name)}
    if client_id is not None and client_id != row.client_id:
        differing.add("client_id")
    if differing & ENDPOINTS and row.client_secret_sealed is not None and not client_secret:
        raise ConnectionInvalid(
            "Another address of the upstream needs the client_secret too: it would be sent there.",
            field="client_secret",
        )
    if differing & _WEIGHTY or "client_id" in differing or enabled:
        _require_weight(uow, before, as_it_was=True)
        _require_weight(uow, whole)
    named = {"label": label, "position": position, "client_id": client_id}
    changed = {name for name, value in named.items() if value is not None and value != getattr(row, name)} | differing
    for name, value in named.items():
        if value is not None:
            setattr(row, name, value)
    row.options = whole
    if client_secret:
        secrets.replace(uow, row, client_secret, keep_previous=not differing & ENDPOINTS)
    if before.keeps_tokens and not whole.keeps_tokens:
        forget_tokens(uow, row)
    if changed:
        events.record(uow, EventType.CONNECTION_UPDATED, row, connection=row.name, changed=sorted(changed))
    if enabled is not None and enabled != (row.disabled_at is None):
        row.disabled_at = None if enabled else uow.now
        kind = EventType.CONNECTION_ENABLED if enabled else EventType.CONNECTION_DISABLED
        events.record(uow, kind, row, connection=row.name)


def remove(uow: UnitOfWork, row: Connection) -> None:
    """Trust an upstream no more.  Everybody's identities there go with it, their accounts stay.

    Raises:
        NoSuchConnection: somebody else did so meanwhile.
        ConnectionInUse: a client may use no other, and would then use them all.
    """
    uow.flush()
    others = aliased(ClientConnection)
    of_client = (others.tenant_id == ClientConnection.tenant_id) & (others.client_id == ClientConnection.client_id)
    has_other = exists().where(of_client, others.connection_id != row.id)
    alone = select(ClientConnection.client_id).where(ClientConnection.connection_id == row.id, ~has_other).limit(1)
    client_id = uow.session.scalar(alone)
    if client_id is not None:
        raise ConnectionInUse(f"The client {client_id} may use no other connection. Give it another one first, or all.")
    if uow.session.scalar(delete(Connection).where(Connection.id == row.id).returning(Connection.id)) is None:
        raise NoSuchConnection(f"There is no connection {row.name!r}.")
    events.record(uow, EventType.CONNECTION_DELETED, row, connection=row.name)


def list_all(uow: UnitOfWork) -> Sequence[Connection]:
    """The tenant's connections, in the order of their buttons."""
    return uow.session.scalars(select(Connection).order_by(Connection.position, Connection.name)).all()


def find(uow: UnitOfWork, name: str) -> Connection | None:
    """The connection of that name."""
    return uow.session.scalar(select(Connection).where(Connection.name == name)) if _NAME.fullmatch(name) else None


def get(uow: UnitOfWork, name: str) -> Connection:
    """The connection of that name.

    Raises:
        NoSuchConnection: none of this tenant.
    """
    row = find(uow, name)
    if row is None:
        raise NoSuchConnection(f"There is no connection {name[:50]!r} here.")
    return row


def hold(uow: UnitOfWork, name: str) -> Connection:
    """The connection of that name as it is now, locked: whoever wants to change it too waits.

    So does whoever deletes another one, or changes a role: a mapping follows its name.

    Raises:
        NoSuchConnection: there is none, or it was deleted meanwhile.
    """
    bounds.take_turn(uow)
    locked = select(Connection).where(Connection.id == get(uow, name).id).with_for_update()
    row = uow.session.scalar(locked, execution_options={"populate_existing": True})
    if row is None:
        raise NoSuchConnection(f"There is no connection {name!r} here.")
    return row


def callback_url(uow: UnitOfWork, name: str) -> str:
    """What has to be registered at the upstream, to the letter."""
    return f"{uow.tenant.issuer}/connections/{name}/callback"


def login_url(uow: UnitOfWork, name: str) -> str:
    """Where somebody signs in by it at once."""
    return f"{uow.tenant.issuer}/connections/{name}/login"


def issuer_of(row: Connection) -> str:
    """What names its upstream in identities."""
    return KINDS[row.kind].issuer(row.options)


def forget_tokens(uow: UnitOfWork, row: Connection) -> None:
    """Keep none of the tokens that this connection brought."""
    uow.execute(
        update(FederatedIdentity).where(FederatedIdentity.connection_id == row.id).values(tokens_sealed=None),
        execution_options={"synchronize_session": False},
    )


def require_kind(kind: str) -> Kind:
    """The row of `KINDS`.

    Raises:
        ConnectionInvalid: there is no such kind.
    """
    known = KINDS.get(kind)
    if known is None:
        raise ConnectionInvalid(f"The kind of a connection is one of {', '.join(KINDS)}.", field="kind")
    return known


def _last(uow: UnitOfWork) -> int:
    last = uow.session.scalar(select(func.max(Connection.position)))
    return -1 if last is None else last


def _parsed(kind: str, changes: Mapping[str, Any], before: Options | None = None) -> Options:
    """Options as they would be, if the kind has a use for all of them."""
    known = require_kind(kind)
    useless = sorted(set(changes) & set(Options.model_fields) - known.members - COMMON)
    if useless:
        raise ConnectionInvalid(f"A connection to {known.label} has no {useless[0]}.", field=f"options.{useless[0]}")
    try:
        whole = (before or Options()).changed(dict(changes))
    except ValidationError as refused:
        first = refused.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ConnectionInvalid(f"{where}: {message}".strip(": ") + ".", field=f"options.{where}".strip(".")) from None
    missing = sorted(name for name in known.required if not getattr(whole, name))
    if missing:
        raise ConnectionInvalid(f"A connection to {known.label} needs {missing[0]}.", field=f"options.{missing[0]}")
    return whole


def _require_weight(uow: UnitOfWork, options: Options, *, as_it_was: bool = False) -> None:
    """Refuse whoever may not decide what these options let an upstream decide; a role that is gone gives nothing."""
    if options.trusts_email:
        bounds.require(uow, Permission.OWNERS_WRITE)
    mapping.require_grantable(uow, options, as_it_was=as_it_was)
