"""API resources of a tenant: the audiences a token can be for, and what their scopes mean (RFC 8707)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, or_, select

from idp.db.locks import lock
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.oauth import management, scopes
from idp.oauth.clients import Registration
from idp.oauth.errors import ClientMetadataInvalid, NoSuchResource, OAuthError, ResourceTaken
from idp.oauth.models import ApiResource, Client, Grant
from idp.rbac import app_permissions, permissions

MAX_IDENTIFIER = 500


def register(
    uow: UnitOfWork,
    *,
    identifier: str,
    name: str,
    scope: Sequence[str],
    client_id: UUID | None = None,
    permissions_claim: bool = False,
) -> ApiResource:
    """Add an API.

    Args:
        uow: the tenant's unit.
        identifier: absolute URI; the ``aud`` of its tokens.
        name: for people.
        scope: at least one scope of its own; a scope belongs to one resource.
        client_id: the machine client that may introspect its tokens.
        permissions_claim: whether its tokens carry what their holder may do there.

    Raises:
        ClientMetadataInvalid: malformed.
        ResourceTaken: identifier or scope is another resource's.
    """
    if not is_identifier(identifier) or management.is_ours(uow.tenant, identifier):
        raise ClientMetadataInvalid(
            "identifier: an absolute URI without a fragment, and not under our own address.", field="identifier"
        )
    row = ApiResource(id=new_id(), identifier=identifier, permissions_claim=permissions_claim)
    _fill(uow, row, name=name, scope=scope, client_id=client_id)
    events.record(uow, EventType.RESOURCE_CREATED, uow.add(row), identifier=identifier)
    return row


def update_resource(uow: UnitOfWork, row: ApiResource, changes: Mapping[str, Any]) -> ApiResource:
    """Change an API; its identifier stays.

    Args:
        uow: the tenant's unit.
        row: which one.
        changes: by name: `name`, `scope`, `client_id`, `permissions_claim`.

    Raises:
        ClientMetadataInvalid: malformed.
        ResourceTaken: a scope is another resource's.
    """
    before = {name: getattr(row, name) for name in ("name", "scope", "client_id", "permissions_claim")}
    wanted = {**before, **changes}
    changed = sorted(name for name, value in wanted.items() if value != before[name])
    if changed:
        _fill(uow, row, name=wanted["name"], scope=wanted["scope"], client_id=wanted["client_id"])
        row.permissions_claim = wanted["permissions_claim"]
        events.record(uow, EventType.RESOURCE_UPDATED, row, identifier=row.identifier, changed=changed)
    uow.flush()
    return row


def _fill(uow: UnitOfWork, row: ApiResource, *, name: str, scope: Sequence[str], client_id: UUID | None) -> None:
    if not name.strip() or not name.isprintable() or len(name) > 100:  # noqa: PLR2004
        raise ClientMetadataInvalid("name: 1 to 100 printable characters.", field="name")
    if not scope or not all(scopes.is_scope(item) and item not in scopes.STANDARD for item in scope):
        raise ClientMetadataInvalid("scope: at least one scope name that is not a standard one.", field="scope")
    if reserved := sorted((set(scope) - set(row.scope or ())) & permissions.NAMES):
        raise ClientMetadataInvalid(f"scope: {reserved[0]} is a scope of the management API.", field="scope")
    if client_id is not None and uow.find(Client, client_id) is None:
        raise ClientMetadataInvalid("client_id: there is no such client.", field="client_id")
    lock(uow, f"resources:{uow.tenant.id}")
    with uow.session.no_autoflush:
        same = or_(ApiResource.identifier == row.identifier, ApiResource.scope.op("&&")(list(scope)))
        other = uow.session.scalar(select(ApiResource).where(same, ApiResource.id != row.id))
    if other is not None:
        raise ResourceTaken(f"{other.identifier} has that identifier or one of these scopes already.")
    row.name, row.scope, row.client_id = name.strip(), list(dict.fromkeys(scope)), client_id


def is_identifier(text: str) -> bool:
    """Whether `text` can name a resource (RFC 8707 §2): absolute, printable, no fragment."""
    if not text or len(text) > MAX_IDENTIFIER or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path) and "#" not in text


def list_all(uow: UnitOfWork) -> Sequence[ApiResource]:
    """The tenant's APIs by identifier."""
    return uow.session.scalars(select(ApiResource).order_by(ApiResource.identifier)).all()


def get(uow: UnitOfWork, resource_id: UUID) -> ApiResource:
    """The API with this id.

    Raises:
        NoSuchResource: there is none.
    """
    row = uow.find(ApiResource, resource_id)
    if row is None:
        raise NoSuchResource("There is no such API resource.")
    return row


def hold(uow: UnitOfWork, resource_id: UUID) -> ApiResource:
    """The API as it is now, locked: whoever wants to change it too waits for the end of this transaction.

    Raises:
        NoSuchResource: there is none, or it was deleted meanwhile.
    """
    locked = select(ApiResource).where(ApiResource.id == resource_id).with_for_update()
    row = uow.session.scalar(locked, execution_options={"populate_existing": True})
    if row is None:
        raise NoSuchResource("There is no such API resource.")
    return row


def get_by_identifier(uow: UnitOfWork, identifier: str) -> ApiResource:
    """The API with this identifier.

    Raises:
        NoSuchResource: there is none.
    """
    row = uow.session.scalar(select(ApiResource).where(ApiResource.identifier == identifier))
    if row is None:
        raise NoSuchResource(f"There is no API resource {identifier!r}.")
    return row


def remove(uow: UnitOfWork, row: ApiResource) -> None:
    """Delete an API with its permissions, which leave the roles too; tokens for it live out their minutes.

    Whoever locks its row takes their turn at the roles first (`idp.rbac.bounds.take_turn`).
    """
    for permission in app_permissions.list_of(uow, [row.id]):
        app_permissions.remove(uow, row.id, permission.name)
    events.record(uow, EventType.RESOURCE_DELETED, row, identifier=row.identifier)
    uow.flush()
    uow.execute(delete(ApiResource).where(ApiResource.id == row.id))


def require_targets(registration: Registration, asked: Iterable[str]) -> None:
    """Refuse a resource that this client may not ask for.

    Raises:
        OAuthError: ``invalid_target`` (RFC 8707 §2).
    """
    known = {resource.identifier for resource in registration.resources}
    if not set(asked) <= known:
        raise OAuthError("invalid_target", "An API resource that is unknown here, or not open to this client.")


def target(
    registration: Registration, issuer: str, scope: Sequence[str], asked: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Scope and audience of one access token.

    The resources asked for or, when none was, those whose scopes were granted.  Scopes that mean something only to
    other resources fall away (RFC 8707 §2.2).  Our own endpoints are an audience when nothing else is, and whenever
    ``openid`` opens userinfo.

    Returns:
        scope, audience.
    """
    chosen = [
        resource
        for resource in registration.resources
        if (resource.identifier in asked if asked else set(resource.scope) & set(scope))
    ]
    foreign = {item for resource in registration.resources if resource not in chosen for item in resource.scope}
    narrowed = [item for item in scope if item not in foreign]
    audience = [resource.identifier for resource in chosen]
    return narrowed, [*audience, issuer] if not audience or scopes.OPENID in narrowed else audience


def require_granted(registration: Registration, grant: Grant, asked: Iterable[str]) -> None:
    """Refuse a resource beyond those authorized or, when none was named then, those whose scopes were (RFC 8707 §2.2).

    Raises:
        OAuthError: ``invalid_target``.
    """
    by_scope = (item.identifier for item in registration.resources if set(item.scope) & set(grant.scope))
    if not set(asked) <= set(grant.resource or by_scope):
        raise OAuthError("invalid_target", "An API resource beyond what was authorized.")
