"""A client for itself (RFC 6749 §4.4).  Touches no row when its client is warm."""

from idp.db.unit import UnitOfWork
from idp.oauth import claims, resources, scopes, tokens
from idp.oauth.clients import Registration
from idp.oauth.errors import OAuthError
from idp.oauth.parameters import Parameters
from idp.oauth.tokens import TokenResponse


def grant(uow: UnitOfWork, registration: Registration, parameters: Parameters) -> TokenResponse | OAuthError:
    """A token by what the client is allowed, or the part of it that is asked for.

    Raises:
        OAuthError: ``invalid_scope`` or ``invalid_target``.
    """
    allowed = [scope for scope in registration.client.scope if scope not in scopes.STANDARD]
    asked = parameters.get("scope")
    wanted = allowed if asked is None else scopes.parse(asked)
    if wanted is None or not set(wanted) <= set(allowed):
        raise OAuthError("invalid_scope", "A scope that this client may not have.")
    resources.require_targets(registration, parameters.resource)
    narrowed, audience = resources.target(registration, uow.tenant.issuer, wanted, parameters.resource)
    rights = registration.rights
    permissions = tokens.permissions_for(registration, rights, audience)
    token = claims.for_machine(
        uow.tenant, registration.client.id, narrowed, audience, roles=rights.roles, permissions=permissions
    )
    return tokens.bearer(uow, token)
