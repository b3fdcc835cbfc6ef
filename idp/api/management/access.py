"""Who calls the management API, and what they may do: the token's scope and their own rights of now, both (R8, R47)."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from flask import request

from idp.actor import Actor, ActorKind
from idp.api.management import operator_tokens
from idp.api.operations import Access
from idp.db.unit import UnitOfWork
from idp.http import limits
from idp.http.context import current_unit
from idp.oauth import bearer, management
from idp.oauth.bearer import Bearer
from idp.oauth.clients import find_registration
from idp.oauth.errors import OAuthError
from idp.rbac import bounds
from idp.rbac.permissions import NAMES, Permission

REALM = "management"
_REFUSES = ("invalid-token", "too-many-requests")


def needs(permission: Permission | None) -> Access:
    """Access for whoever has `permission`, or for everybody with a token for this API."""

    def enter() -> UnitOfWork:
        uow = current_unit()
        authenticate(uow, audience=management.audience(uow.tenant))
        if permission is not None:
            bounds.require(uow, permission)
        return uow

    return described(enter, permission)


def described(enter: Callable[[], Any], permission: Permission | None) -> Access:
    """Access by `enter`, as the document shows it."""
    scopes = [] if permission is None else [permission.value]
    refuses = (*_REFUSES, "permission-needed") if permission else _REFUSES
    return Access(enter, [{"management": scopes}], refuses, permission and permission.value)


def authenticate(uow: UnitOfWork, *, audience: str) -> None:
    """Make whoever sent the request's token the actor, with what they may do by it.

    Raises:
        OAuthError: no token, or none that is good here and now.
        TooMany: too often.
    """
    try:
        text = bearer.read(request.headers.get("Authorization"), realm=REALM)
        claims = bearer.verify(uow, text, realm=REALM, aud=audience)
    except OAuthError:
        limits.spend(limits.CLIENT_UNPROVEN)
        raise
    limits.spend(limits.CLIENT, client=claims["sub"])  # people share the console's client, not its bucket
    uow.actor = _actor(uow, claims)


def _actor(uow: UnitOfWork, claims: dict[str, Any]) -> Actor:
    if operator_tokens.CLAIM in claims:
        return operator_tokens.actor_of(uow, claims, realm=REALM)
    found = bearer.authenticate_anyone(uow, claims, realm=REALM)
    if not isinstance(found, Bearer):
        registration = found.registration
        permissions = narrowed(registration.rights.permissions, found.scope)
        return uow.actor.authenticated(ActorKind.CLIENT, registration.client.id, permissions)
    _require_still_open(uow, found.subject.grant.client_id)
    permissions = narrowed(found.subject.rights.permissions, found.scope)
    return uow.actor.authenticated(ActorKind.USER, found.subject.user.id, permissions)


def narrowed(held: Iterable[str], scope: Iterable[str]) -> set[str]:
    """What is held of the product's own permissions and is in `scope`, and what is held of the applications' own."""
    asked = set(scope)
    return {name for name in held if name in asked or name not in NAMES}


def _require_still_open(uow: UnitOfWork, client_id: UUID) -> None:
    """A client that is nobody's own any more gets in no more."""
    registration = find_registration(uow, client_id)
    if registration is None or not registration.client.first_party:
        raise bearer.refusal(REALM, "invalid_token", "The access token was revoked.")
