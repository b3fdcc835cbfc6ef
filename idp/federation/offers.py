"""Which connections somebody may sign in by: enabled ones, those that the client may use, the one of their domain."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, exists, or_, select

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.federation import connections
from idp.federation.errors import ConnectionInvalid
from idp.federation.models import ClientConnection, Connection, FederatedIdentity
from idp.oauth.models import Client
from idp.tenants.models import TenantDomain
from idp.users import service as users
from idp.users.errors import EmailInvalid


def offered(uow: UnitOfWork, client_id: UUID | None) -> Sequence[Connection]:
    """The connections of a sign-in page, in order.

    Args:
        uow: the tenant's unit.
        client_id: of the application that waits; none waits for a sign-in to our own pages.
    """
    wanted = select(Connection).where(Connection.disabled_at.is_(None))
    if client_id is not None:
        of_client = select(ClientConnection).where(ClientConnection.client_id == client_id)
        this_one = of_client.where(ClientConnection.connection_id == Connection.id)
        wanted = wanted.where(or_(~exists(of_client), exists(this_one)))
    return uow.session.scalars(wanted.order_by(Connection.position, Connection.name)).all()


def find(uow: UnitOfWork, name: str, client_id: UUID | None) -> Connection | None:
    """The connection of that name, if it is offered."""
    return next((row for row in offered(uow, client_id) if row.name == name), None)


def of_domain(uow: UnitOfWork, email: str, client_id: UUID | None) -> Connection | None:
    """Where the people of this address's domain sign in, when the tenant has proven that the domain is its own."""
    try:
        domain = users.domain_of(users.parse_email(email))
    except EmailInvalid:
        return None
    at_home = next((row for row in offered(uow, client_id) if domain in row.options.domains), None)
    if at_home is None:
        return None
    proven = select(TenantDomain.id).where(TenantDomain.domain == domain, TenantDomain.verified_at.is_not(None))
    return at_home if uow.session.scalar(proven) is not None else None


def linkable(uow: UnitOfWork, user_id: UUID) -> Sequence[Connection]:
    """Enabled connections at which a person has no identity yet."""
    linked = select(FederatedIdentity.connection_id).where(FederatedIdentity.user_id == user_id)
    taken = set(uow.session.scalars(linked))
    return [row for row in offered(uow, None) if row.id not in taken]


def allowed_for(uow: UnitOfWork, client_id: UUID) -> list[str] | None:
    """Names of the connections that a client may use; None when it may use them all."""
    same = (ClientConnection.tenant_id == Connection.tenant_id) & (ClientConnection.connection_id == Connection.id)
    names = select(Connection.name).join(ClientConnection, same).where(ClientConnection.client_id == client_id)
    return list(uow.session.scalars(names.order_by(Connection.name))) or None


def allow(uow: UnitOfWork, client: Client, names: Sequence[str] | None) -> None:
    """Say which connections a client may use; None for all there are and will be.

    Raises:
        NoSuchConnection: one of them is none of this tenant.
        ConnectionInvalid: the list is empty, which would read like both.
    """
    if names is not None and not names:
        raise ConnectionInvalid("Name at least one connection, or null for all of them.", field="connections")
    before = allowed_for(uow, client.id)
    wanted = [connections.get(uow, name) for name in dict.fromkeys(names or ())]
    uow.execute(delete(ClientConnection).where(ClientConnection.client_id == client.id))
    for row in wanted:
        uow.add(ClientConnection(client_id=client.id, connection_id=row.id))
    uow.flush()
    if allowed_for(uow, client.id) != before:
        events.record(uow, EventType.CLIENT_UPDATED, client, changed=["connections"])
