"""Clients: register, find, rotate a secret, delete; and the snapshot of one that every hot endpoint reads (R9, R11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, literal_column, or_, select, update

from idp.crypto.secrets import digest, matches, new_secret
from idp.db.cache import RowCache
from idp.db.snapshot import read_tenant
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.oauth import management
from idp.oauth.errors import NoSuchClient
from idp.oauth.metadata import ClientMetadata
from idp.oauth.models import ApiResource, Client, ClientSecret
from idp.rbac import effective
from idp.rbac.effective import Rights
from idp.rbac.models import AppPermission

SECRET_OVERLAP = timedelta(hours=24)
"""How long the old secret stays good when a new one is made."""


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


def register(uow: UnitOfWork, metadata: ClientMetadata) -> tuple[Client, str | None]:
    """Add a client; answers it with its secret, which is shown this once, where its method has one."""
    client = uow.add(
        Client(
            id=new_id(),
            name=metadata.client_name,
            type=metadata.type,
            token_endpoint_auth_method=metadata.token_endpoint_auth_method,
            redirect_uris=metadata.redirect_uris,
            post_logout_redirect_uris=metadata.post_logout_redirect_uris,
            grant_types=list(metadata.grant_types),
            scope=metadata.scope_list,
            allowed_origins=metadata.allowed_origins,
            jwks=metadata.jwks,
            first_party=metadata.first_party,
            direct_sign_in=metadata.direct_sign_in,
            require_pkce=metadata.require_pkce,
            require_pushed_authorization_requests=metadata.require_pushed_authorization_requests,
            permissions_claim=metadata.permissions_claim,
            client_uri=metadata.client_uri,
            policy_uri=metadata.policy_uri,
            tos_uri=metadata.tos_uri,
        )
    )
    uow.flush()
    events.record(uow, EventType.CLIENT_CREATED, client, name=client.name, type=client.type)
    has_secret = client.token_endpoint_auth_method.startswith("client_secret_")
    return client, _add_secret(uow, client) if has_secret else None


def get(uow: UnitOfWork, client_id: UUID) -> Client:
    """A client of this tenant, to change it.

    Raises:
        NoSuchClient: there is none.
    """
    client = uow.find(Client, client_id)
    if client is None:
        raise NoSuchClient(f"There is no client {client_id}.")
    return client


def list_all(uow: UnitOfWork) -> Sequence[Client]:
    """The tenant's clients, oldest first; not the console's, which is ours."""
    return uow.session.scalars(select(Client).where(Client.id != management.CONSOLE).order_by(Client.id)).all()


def rotate_secret(uow: UnitOfWork, client: Client, *, overlap: timedelta = SECRET_OVERLAP) -> str:
    """Make another secret; the newest old one lives on for `overlap`, older ones end now.

    Raises:
        NoSuchClient: this client authenticates without a secret.
    """
    if not client.token_endpoint_auth_method.startswith("client_secret_"):
        raise NoSuchClient(f"This client authenticates by {client.token_endpoint_auth_method}; it has no secret.")
    newest = uow.session.scalar(
        select(ClientSecret.id)
        .where(ClientSecret.client_id == client.id)
        .order_by(ClientSecret.created_at.desc(), ClientSecret.id.desc())
        .limit(1)
    )
    uow.execute(delete(ClientSecret).where(ClientSecret.client_id == client.id, ClientSecret.id != newest))
    uow.execute(
        update(ClientSecret)
        .where(ClientSecret.client_id == client.id)
        .values(expires_at=func.least(ClientSecret.expires_at, func.now() + overlap))
    )
    events.record(uow, EventType.CLIENT_SECRET_ROTATED, client)
    return _add_secret(uow, client)


def remove(uow: UnitOfWork, client: Client) -> None:
    """Delete a client with its grants, codes, tokens and consents."""
    events.record(uow, EventType.CLIENT_DELETED, client, name=client.name)
    uow.flush()
    uow.execute(delete(Client).where(Client.id == client.id))


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


def _add_secret(uow: UnitOfWork, client: Client) -> str:
    secret = new_secret("cs")
    uow.add(ClientSecret(client_id=client.id, secret_digest=digest(secret)))
    return secret
