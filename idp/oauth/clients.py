"""Clients as they are read: one, all, and the snapshot that every hot endpoint judges a request by (R9, R11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, or_, select

from idp.crypto.secrets import digest, matches
from idp.db.cache import RowCache
from idp.db.snapshot import read_tenant
from idp.db.unit import UnitOfWork
from idp.oauth import management
from idp.oauth.errors import NoSuchClient
from idp.oauth.models import ApiResource, Client, ClientSecret
from idp.rbac import effective
from idp.rbac.effective import Rights
from idp.rbac.models import AppPermission


@dataclass(frozen=True, slots=True)
class Registration:
    """A client with all that its requests are judged by; at most two seconds old.

    Attributes:
        client: the row, detached.
        secret_digests: of its living secrets.
        resources: API resources that its scope reaches, and so the audiences it may ask for.
        represents: identifiers of the API resources that it is the machine client of (R10).
        app_permissions: names of the permissions that each of the tenant's own `resources` defines.
        rights: what the client may do for itself, whatever its scope.
    """

    client: Client
    secret_digests: tuple[bytes, ...]
    resources: tuple[ApiResource, ...]
    represents: frozenset[str] = frozenset()
    app_permissions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rights: Rights = field(default_factory=Rights)

    def has_secret(self, secret: str) -> bool:
        """Whether `secret` is one of the living ones; constant time for each."""
        sent = digest(secret)
        return any([matches(sent, known) for known in self.secret_digests])  # noqa: C419 - no early exit


_DEFINED = (
    select(func.array_agg(AppPermission.name))
    .where(AppPermission.tenant_id == ApiResource.tenant_id, AppPermission.resource_id == ApiResource.id)
    .correlate(ApiResource)
    .scalar_subquery()
)
_HELD = effective.client_roles(literal_column("clients.tenant_id"), literal_column("clients.id"))
_registrations: RowCache[Registration | None] = RowCache(10_000)
_origins: RowCache[bool] = RowCache(10_000)


def get(uow: UnitOfWork, client_id: UUID) -> Client:
    """A client of this tenant, to change it.

    Raises:
        NoSuchClient: there is none.
    """
    client = uow.find(Client, client_id)
    if client is None:
        raise NoSuchClient(f"There is no client {client_id}.")
    return client


def hold(uow: UnitOfWork, client_id: UUID) -> Client:
    """A client as it is now, locked: whoever wants to change it too waits for the end of this transaction.

    Raises:
        NoSuchClient: there is none, or it was deleted meanwhile.
    """
    locked = select(Client).where(Client.id == client_id).with_for_update()
    client = uow.session.scalar(locked, execution_options={"populate_existing": True})
    if client is None:
        raise NoSuchClient(f"There is no client {client_id}.")
    return client


def list_all(uow: UnitOfWork) -> Sequence[Client]:
    """The tenant's clients, oldest first; not the console's, which is ours."""
    return uow.session.scalars(select(Client).where(Client.id != management.CONSOLE).order_by(Client.id)).all()


def find_registration(uow: UnitOfWork, client_id: UUID | None) -> Registration | None:
    """The living client with this id, in one round trip when nobody asked within two seconds."""
    if client_id is None:
        return None
    engine, tenant = uow.engine, uow.tenant

    def load() -> Registration | None:
        alive = or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > func.now())
        with read_tenant(engine, tenant.id) as session:
            rows: Sequence[Any] = session.execute(
                select(Client, ClientSecret, ApiResource, _DEFINED, _HELD)
                .outerjoin(
                    ClientSecret,
                    (ClientSecret.tenant_id == Client.tenant_id) & (ClientSecret.client_id == Client.id) & alive,
                )
                .outerjoin(
                    ApiResource,
                    (ApiResource.tenant_id == Client.tenant_id)
                    & or_(ApiResource.scope.op("&&")(Client.scope), ApiResource.client_id == Client.id),
                )
                .where(Client.id == client_id, Client.disabled_at.is_(None))
            ).all()
        if not rows:
            return None
        secrets = {row[1].id: row[1].secret_digest for row in rows if row[1] is not None}
        client: Client = rows[0][0]
        joined = {row[2].id: row[2] for row in rows if row[2] is not None}.values()
        own = tuple(resource for resource in joined if set(resource.scope) & set(client.scope))
        return Registration(
            client,
            tuple(secrets.values()),
            own + management.resources_for(tenant, client, own),
            frozenset(resource.identifier for resource in joined if resource.client_id == client.id),
            {row[2].identifier: row[3] or () for row in rows if row[2] is not None},
            effective.rights(tenant, rows[0][4]),
        )

    return _registrations.get((engine, tenant.id, client_id), load)


def allows_origin(uow: UnitOfWork, origin: str) -> bool:
    """Whether some client of the tenant runs in a browser at `origin` (R43)."""
    engine, tenant_id = uow.engine, uow.tenant.id

    def load() -> bool:
        with read_tenant(engine, tenant_id) as session:
            found = session.scalar(
                select(Client.id)
                .where(Client.allowed_origins.op("@>")([origin]), Client.disabled_at.is_(None))
                .limit(1)
            )
        return found is not None

    return _origins.get((engine, tenant_id, origin), load)


def forget() -> None:
    """Drop the caches; for tests and for the process that changed a client."""
    _registrations.clear()
    _origins.clear()
