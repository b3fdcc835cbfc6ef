"""Code → tokens (RFC 6749 §4.1.3, RFC 7636 §4.5)."""

from idp.db.unit import UnitOfWork
from idp.oauth import codes, grants, pkce, refresh_families, resources, tokens
from idp.oauth.clients import Registration
from idp.oauth.errors import OAuthError
from idp.oauth.parameters import Parameters
from idp.oauth.tokens import TokenResponse


def grant(uow: UnitOfWork, registration: Registration, parameters: Parameters) -> TokenResponse | OAuthError:
    """Exchange a code.  A refusal is returned: a replayed code has ended its grant, which must be committed.

    Raises:
        OAuthError: ``invalid_request`` or ``invalid_target``, before anything was touched.
    """
    code, redirect_uri = parameters.get("code"), parameters.get("redirect_uri")
    if code is None or redirect_uri is None:
        raise OAuthError("invalid_request", "code and redirect_uri are needed.")
    verifier = parameters.get("code_verifier")
    challenge = pkce.challenge_of(verifier) if verifier is not None else None
    if verifier is not None and challenge is None:
        raise OAuthError("invalid_grant", "code_verifier must be 43 to 128 unreserved characters.")
    resources.require_targets(registration, parameters.resource)
    grant_id = codes.consume_code(
        uow, code, client_id=registration.client.id, redirect_uri=redirect_uri, code_challenge=challenge
    )
    subject = grants.find_subject(uow, grant_id) if grant_id is not None else None
    if subject is None:
        return OAuthError("invalid_grant", "The code is wrong, used, expired or not yours.")
    resources.require_granted(registration, subject.grant, parameters.resource)
    refresh = refresh_families.start(uow, subject.grant) if "refresh_token" in registration.client.grant_types else None
    return tokens.respond(
        uow,
        registration,
        subject,
        scope=subject.grant.scope,
        resource=parameters.resource,
        refresh_token=refresh,
    )
