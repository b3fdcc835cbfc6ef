"""API resources of a tenant: the audiences a token can be for, and what their scopes mean (RFC 8707)."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, or_, select

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.oauth import management, scopes
from idp.oauth.clients import Registration
from idp.oauth.errors import ClientMetadataInvalid, NoSuchResource, OAuthError, ResourceTaken
from idp.oauth.models import ApiResource, Grant
from idp.rbac import permissions

MAX_IDENTIFIER = 500


def register(
    uow: UnitOfWork, *, identifier: str, name: str, scope: Sequence[str], client_id: UUID | None = None
) -> ApiResource:
    """Add an API.

    Args:
        uow: the tenant's unit.
        identifier: absolute URI; the ``aud`` of its tokens.
        name: for people.
        scope: at least one scope of its own; a scope belongs to one resource.
        client_id: the machine client that may introspect its tokens.

    Raises:
        ClientMetadataInvalid: malformed.
        ResourceTaken: identifier or scope is another resource's.
    """
    if not is_identifier(identifier) or management.is_ours(uow.tenant, identifier):
        raise ClientMetadataInvalid(
            "identifier: an absolute URI without a fragment, and not under our own address.", field="identifier"
        )
    if not name.strip() or not name.isprintable() or len(name) > 100:  # noqa: PLR2004
        raise ClientMetadataInvalid("name: 1 to 100 printable characters.", field="name")
    if not scope or not all(scopes.is_scope(item) and item not in scopes.STANDARD for item in scope):
        raise ClientMetadataInvalid("scope: at least one scope name that is not a standard one.", field="scope")
    if reserved := sorted(set(scope) & permissions.NAMES):
        raise ClientMetadataInvalid(f"scope: {reserved[0]} is a scope of the management API.", field="scope")
    other = uow.session.scalar(
        select(ApiResource).where(or_(ApiResource.identifier == identifier, ApiResource.scope.op("&&")(list(scope))))
    )
    if other is not None:
        raise ResourceTaken(f"{other.identifier} has that identifier or one of these scopes already.")
    resource = uow.add(
        ApiResource(id=new_id(), identifier=identifier, name=name.strip(), scope=list(scope), client_id=client_id)
    )
    events.record(uow, EventType.RESOURCE_CREATED, resource, identifier=identifier)
    return resource


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


def remove(uow: UnitOfWork, identifier: str) -> None:
    """Delete an API; tokens for it live out their minutes.

    Raises:
        NoSuchResource: there is none.
    """
    resource = uow.session.scalar(select(ApiResource).where(ApiResource.identifier == identifier))
    if resource is None:
        raise NoSuchResource(f"There is no API resource {identifier!r}.")
    events.record(uow, EventType.RESOURCE_DELETED, resource, identifier=identifier)
    uow.flush()
    uow.execute(delete(ApiResource).where(ApiResource.id == resource.id))


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
