"""Refresh token → new tokens (RFC 6749 §6), rotated every time (R7)."""

from idp.db.unit import UnitOfWork
from idp.oauth import grants, refresh_families, resources, scopes, tokens
from idp.oauth.clients import Registration
from idp.oauth.errors import OAuthError
from idp.oauth.parameters import Parameters
from idp.oauth.tokens import TokenResponse


def grant(uow: UnitOfWork, registration: Registration, parameters: Parameters) -> TokenResponse | OAuthError:
    """Rotate.  A refusal is returned: a reused token has ended its grant, which must be committed.

    Raises:
        OAuthError: what leaves the refresh token as it was.
    """
    text = parameters.get("refresh_token")
    if text is None:
        raise OAuthError("invalid_request", "refresh_token is needed.")
    resources.require_targets(registration, parameters.resource)
    rotation = refresh_families.rotate(uow, text, registration.client.id)
    subject = grants.find_subject(uow, rotation.grant_id) if rotation is not None else None
    if rotation is None or subject is None:
        return OAuthError("invalid_grant", "This refresh token is not good any more.")
    resources.require_granted(registration, subject.grant, parameters.resource)
    return tokens.respond(
        uow,
        registration,
        subject,
        scope=_narrowed(subject.grant.scope, registration.client.scope, parameters.get("scope")),
        resource=parameters.resource,
        refresh_token=rotation.successor,
    )


def _narrowed(granted: list[str], allowed: list[str], asked: str | None) -> list[str]:
    """What was granted and is still allowed; less, when less is asked for; never more (R11)."""
    still = scopes.narrow(granted, allowed)
    if asked is None:
        return still
    wanted = scopes.parse(asked)
    if wanted is None or not set(wanted) <= set(still):
        raise OAuthError("invalid_scope", "A scope that was not granted.")
    return wanted
