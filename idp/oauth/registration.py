"""Verbs on clients: register, change, disable, delete, and their secrets (R9, R14, R48, RFC 7591).

A client is worth what it can reach: the management scopes of one that may ask for them, and the roles that it holds.
Nobody registers, changes or lets in again what reaches further than they do, and what is first-party is the owners'.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update

from idp.crypto.secrets import digest, new_secret
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.oauth import grants, management
from idp.oauth.errors import (
    ClientHasNoSecret,
    ClientIsBuiltin,
    ClientMetadataInvalid,
    LastSecret,
    NoSuchSecret,
)
from idp.oauth.metadata import ClientMetadata
from idp.oauth.models import ApiResource, Client, ClientSecret
from idp.rbac import bounds, effective, permissions
from idp.rbac.permissions import Permission

SECRET_OVERLAP = timedelta(hours=24)
"""How long the old secret stays good when a new one is made."""
UNCHANGEABLE = ("type", "token_endpoint_auth_method", "grant_types")
"""What a client is; whoever wants another registers another."""
_OURS = ("id_token_signed_response_alg",)


def register(uow: UnitOfWork, metadata: ClientMetadata) -> tuple[Client, str | None]:
    """Add a client; answers it with its secret, which is shown this once, where its method has one.

    Raises:
        ClientMetadataInvalid: it asks for what such a client cannot have.
        BeyondYourOwn, PermissionNeeded: it would reach further than the actor.
    """
    _require_registrable(uow, metadata)
    client = uow.add(Client(id=new_id(), **_columns(metadata)))
    uow.flush()
    events.record(uow, EventType.CLIENT_CREATED, client, name=client.name, type=client.type)
    return client, _add_secret(uow, client) if has_secret(client) else None


def update_client(uow: UnitOfWork, client: Client, changes: Mapping[str, Any], *, loopback_http: bool) -> Client:
    """Change a client; what comes of it is judged as a whole.

    Args:
        uow: the tenant's unit.
        client: which one.
        changes: members of RFC 7591, by name; None takes one away.  Whoever takes `first_party` away ends its grants.
        loopback_http: whether any client may use http on a loopback address (R2).

    Raises:
        ClientIsBuiltin: it is the product's.
        ClientMetadataInvalid: it cannot be so; nothing is changed.
        BeyondYourOwn, PermissionNeeded: it reaches, or would, further than the actor.
    """
    _require_changeable(uow, client)
    before = members_of(client)
    for member in UNCHANGEABLE:
        if member in changes and changes[member] != before[member]:
            raise ClientMetadataInvalid(f"{member}: stays as it was registered.", field=member)
    whole = {name: value for name, value in {**before, **changes}.items() if value is not None}
    metadata = ClientMetadata.read(whole, loopback_http=loopback_http)
    _require_registrable(uow, metadata)
    changed = sorted(name for name, value in _columns(metadata).items() if getattr(client, name) != value)
    for name in changed:
        setattr(client, name, _columns(metadata)[name])
    if changed:
        updated = events.record(uow, EventType.CLIENT_UPDATED, client, name=client.name, changed=changed)
        if "first_party" in changed and not client.first_party:
            grants.revoke_of_client(uow, updated)  # nobody was asked for consent (R14)
    uow.flush()
    return client


def disable(uow: UnitOfWork, client: Client) -> None:
    """Shut a client out within two seconds, with everything that it may do for people.

    Raises:
        ClientIsBuiltin: it is the product's.
        BeyondYourOwn, PermissionNeeded: it reaches further than the actor.
    """
    _require_changeable(uow, client)
    if client.disabled_at is None:
        client.disabled_at = uow.now
        events.record(uow, EventType.CLIENT_DISABLED, client, name=client.name)


def enable(uow: UnitOfWork, client: Client) -> None:
    """Let a client in again; nothing that ended comes back.

    Raises:
        ClientIsBuiltin: it is the product's.
        BeyondYourOwn, PermissionNeeded: it reaches further than the actor.
    """
    _require_changeable(uow, client)
    if client.disabled_at is not None:
        client.disabled_at = None
        events.record(uow, EventType.CLIENT_ENABLED, client, name=client.name)


def remove(uow: UnitOfWork, client: Client) -> None:
    """Delete a client with its grants, codes, tokens and consents.

    Raises:
        ClientIsBuiltin: it is the product's.
        BeyondYourOwn, PermissionNeeded: it reaches further than the actor.
    """
    _require_changeable(uow, client)
    events.record(uow, EventType.CLIENT_DELETED, client, name=client.name)
    uow.flush()
    uow.execute(delete(Client).where(Client.id == client.id))


def list_secrets(uow: UnitOfWork, client: Client) -> Sequence[ClientSecret]:
    """The living secrets of a client, newest first; what they are is nowhere."""
    living = or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > func.now())
    return uow.session.scalars(
        select(ClientSecret).where(ClientSecret.client_id == client.id, living).order_by(ClientSecret.id.desc())
    ).all()


def rotate_secret(uow: UnitOfWork, client: Client, *, overlap: timedelta = SECRET_OVERLAP) -> str:
    """Make another secret; the newest old one lives on for `overlap`, older ones end now.

    Raises:
        ClientIsBuiltin: it is the product's, and has none.
        ClientHasNoSecret: this client authenticates without one.
        BeyondYourOwn: it reaches further than the actor.
    """
    _require_controllable(uow, client)
    if not has_secret(client):
        raise ClientHasNoSecret(f"This client authenticates by {client.token_endpoint_auth_method}; it has no secret.")
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


def revoke_secret(uow: UnitOfWork, client: Client, secret_id: UUID) -> None:
    """End one of a client's secrets now, within two seconds; `client` is locked.

    Raises:
        NoSuchSecret: none that lives has this id.
        LastSecret: the client would have none.
        BeyondYourOwn: it reaches further than the actor.
    """
    _require_controllable(uow, client)
    living = [secret.id for secret in list_secrets(uow, client)]
    if secret_id not in living:
        raise NoSuchSecret("There is no such secret.")
    if living == [secret_id]:
        raise LastSecret("This is the only secret. Make another one first.")
    uow.execute(delete(ClientSecret).where(ClientSecret.client_id == client.id, ClientSecret.id == secret_id))
    events.record(uow, EventType.CLIENT_SECRET_REVOKED, client, secret_id=str(secret_id))


def has_secret(client: Client) -> bool:
    """Whether a client authenticates by a secret of ours."""
    return client.token_endpoint_auth_method.startswith("client_secret_")


def members_of(client: Client) -> dict[str, Any]:
    """A client by the names of RFC 7591, as `ClientMetadata` would read it."""
    members: dict[str, Any] = {
        name: getattr(client, "name" if name == "client_name" else name)
        for name in ClientMetadata.model_fields
        if name not in _OURS
    }
    return members | {"scope": " ".join(client.scope)}


def _columns(metadata: ClientMetadata) -> dict[str, Any]:
    """The other way round."""
    members = metadata.model_dump(exclude={"client_name", *_OURS})
    return members | {"name": metadata.client_name, "scope": metadata.scope_list}


def _require_registrable(uow: UnitOfWork, metadata: ClientMetadata) -> None:
    if metadata.first_party or metadata.direct_sign_in:
        bounds.require(uow, Permission.OWNERS_WRITE)
    wanted = _management_scopes(uow, metadata.scope_list)
    for_people = "authorization_code" in metadata.grant_types
    if wanted and for_people and not metadata.first_party:
        raise ClientMetadataInvalid(f"scope: {wanted[0]} is for first-party clients and machines.", field="scope")
    bounds.require_grantable(uow, wanted)


def _require_changeable(uow: UnitOfWork, client: Client) -> None:
    """What is first-party is the owners' (R14); a secret of it is not, because whoever runs it has one anyway."""
    _require_controllable(uow, client)
    if client.first_party:
        bounds.require(uow, Permission.OWNERS_WRITE)


def _require_controllable(uow: UnitOfWork, client: Client) -> None:
    if client.id == management.CONSOLE:
        raise ClientIsBuiltin("The console's client is the product's own, and stays as it is.")
    reach = {*_management_scopes(uow, client.scope), *effective.of_client(uow, client.id).permissions}
    bounds.require_grantable(uow, reach)


def _management_scopes(uow: UnitOfWork, scope: Sequence[str]) -> list[str]:
    """Those of `scope` that are permissions of the product, and of none of the tenant's own APIs."""
    wanted = permissions.catalogue(uow.tenant.slug) & set(scope)
    if not wanted:
        return []
    own = uow.session.scalars(select(ApiResource.scope).where(ApiResource.scope.op("&&")(sorted(wanted)))).all()
    return sorted(wanted - {name for scopes in own for name in scopes})


def _add_secret(uow: UnitOfWork, client: Client) -> str:
    secret = new_secret("cs")
    uow.add(ClientSecret(client_id=client.id, secret_digest=digest(secret)))
    return secret
