"""Direct sign-in: tokens for a session that a first-party application began itself, without a browser (R11, R14).

Only for clients that the tenant marked first-party and allowed to sign in directly.  Nobody is asked for consent, and
the grant, its tokens and their end are those of the authorization code.
"""

from collections.abc import Sequence

from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.errors import Forbidden
from idp.oauth import grants, refresh_families, resources, scopes, tokens
from idp.oauth.clients import Registration
from idp.oauth.errors import OAuthError
from idp.oauth.models import Client
from idp.oauth.tokens import TokenResponse

_REFRESH = "refresh_token"


class DirectSignInNotAllowed(Forbidden):
    """The client may not see passwords: it is somebody else's, or was not allowed to."""

    code = "direct-sign-in-not-allowed"


def require_allowed(client: Client) -> None:
    """Refuse a client that must send people to the hosted pages.

    Raises:
        DirectSignInNotAllowed: always for a third party.
    """
    if not (client.first_party and client.direct_sign_in):
        raise DirectSignInNotAllowed("This client may not sign people in directly. Use the authorization endpoint.")


def wanted(registration: Registration, scope: str | None, resource: Sequence[str]) -> list[str]:
    """The scope to grant: what is asked for and the client may have; all of it when nothing is asked for.

    Raises:
        OAuthError: ``invalid_scope`` or ``invalid_target``, before anything was touched.
    """
    resources.require_targets(registration, resource)
    client = registration.client
    allowed = [name for name in client.scope if name != scopes.OFFLINE_ACCESS or _REFRESH in client.grant_types]
    if scope is None:
        return allowed
    narrowed = scopes.narrow(scopes.parse(scope) or (), allowed)
    if not narrowed:
        raise OAuthError("invalid_scope", "None of these scopes is open to this client.")
    return narrowed


def issue(
    uow: UnitOfWork, registration: Registration, session: Session, *, scope: Sequence[str], resource: Sequence[str]
) -> TokenResponse:
    """A grant on this session, and its first tokens.

    Raises:
        OAuthError: ``invalid_grant`` when the person or the session ended meanwhile.
    """
    grant = grants.start(uow, registration.client, session, scope=scope, resource=resource)
    subject = grants.find_subject(uow, grant.id)
    if subject is None:
        raise OAuthError("invalid_grant", "This sign-in is over.")
    refresh = refresh_families.start(uow, grant) if _REFRESH in registration.client.grant_types else None
    return tokens.respond(uow, registration, subject, scope=scope, resource=resource, refresh_token=refresh)
