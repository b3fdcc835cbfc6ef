"""The endpoints that clients call: token, introspect, revoke, par; `idp.oauth.userinfo` adds its own.

What every grant needs (one parse, one client authentication, the allow-list) happens here, once.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from idp.db.unit import UnitOfWork
from idp.errors import Conflict, IdPError, Invalid, RateLimited, Unavailable
from idp.http import limits, metrics, problems
from idp.http.context import SLUG, current_unit
from idp.keys import signing
from idp.keys.errors import TokenInvalid
from idp.oauth import client_authentication, grants, parameters, refresh_families, tokens
from idp.oauth.authorize import store
from idp.oauth.authorize.request import Candidate, examine
from idp.oauth.clients import Registration, find_registration
from idp.oauth.errors import AuthorizationRefused, InvalidClient, OAuthError, PageError
from idp.oauth.grant_types import authorization_code, client_credentials, refresh_token
from idp.oauth.models import Grant
from idp.oauth.parameters import ParameterProblem, Parameters
from idp.oauth.tokens import TokenResponse
from idp.rbac.effective import Rights
from idp.tenants.errors import TenantSuspended

blueprint = Blueprint("oauth", __name__, url_prefix=f"/t/<{SLUG}>/oauth")

FORM = "application/x-www-form-urlencoded"
SERVER_ERROR = 500
_ERRORS = {
    RateLimited: ("temporarily_unavailable", 429),
    Unavailable: ("temporarily_unavailable", 503),
    TenantSuspended: ("access_denied", 403),
    Conflict: ("invalid_request", 400),
    Invalid: ("invalid_request", 400),
}
GRANT_TYPES: dict[str, Callable[[UnitOfWork, Registration, Parameters], TokenResponse | OAuthError]] = {
    "authorization_code": authorization_code.grant,
    "refresh_token": refresh_token.grant,
    "client_credentials": client_credentials.grant,
}


@blueprint.post("/token")
def token() -> Response:
    """RFC 6749 §3.2."""
    uow, sent = current_unit(), read_form()
    registration = _authenticate(uow, sent, "token")
    name = sent.get("grant_type")
    if name is None:
        raise OAuthError("invalid_request", "grant_type is needed.")
    if name not in GRANT_TYPES:
        raise OAuthError("unsupported_grant_type", f"grant_type must be among {', '.join(GRANT_TYPES)}.")
    if name not in registration.client.grant_types:
        raise OAuthError("unauthorized_client", f"This client is not registered for the {name} grant.")
    answer = GRANT_TYPES[name](uow, registration, sent)
    metrics.count_token(name, refused=isinstance(answer, OAuthError))
    return error_response(answer) if isinstance(answer, OAuthError) else jsonify(answer)


@blueprint.post("/introspect")
def introspect() -> Response:
    """RFC 7662 §2: the caller's own tokens, and those for an API that the caller is."""
    uow, sent = current_unit(), read_form()
    registration = _authenticate_confidential(uow, sent, "introspect")
    text = sent.get("token")
    if text is None:
        raise OAuthError("invalid_request", "token is needed.")
    return jsonify(_introspection(uow, registration, text))


@blueprint.post("/revoke")
def revoke() -> Response:
    """RFC 7009 §2: a token that is not the caller's, or none at all, is no error and changes nothing."""
    uow, sent = current_unit(), read_form()
    registration = _authenticate(uow, sent, "revoke")
    text = sent.get("token")
    if text is None:
        raise OAuthError("invalid_request", "token is needed.")
    family = refresh_families.find(uow, text)
    if family is not None:
        if uow.get(Grant, family.grant_id).client_id == registration.client.id:
            grants.revoke_grant(uow, family.grant_id, reason="token-revoked")
        return Response(status=200)
    claims = _access_token(uow, text)
    if claims is not None and claims["client_id"] == str(registration.client.id):
        tokens.revoke_access_token(uow, claims)
    return Response(status=200)


@blueprint.post("/par")
def par() -> Response:
    """RFC 9126 §2: the same checks as at the authorization endpoint, answered to the client directly."""
    uow, sent = current_unit(), read_form()
    registration = _authenticate(uow, sent, "par")
    if sent.get("request_uri") is not None:
        raise OAuthError("invalid_request", "request_uri cannot be pushed.")
    try:
        accepted = examine(Candidate(uow, registration, sent))
    except AuthorizationRefused as refused:
        raise OAuthError(refused.error, refused.detail) from None
    except PageError as refused:
        raise OAuthError(refused.error, refused.detail) from None
    request_uri = store.push(uow, registration.client, accepted)
    response = jsonify(request_uri=request_uri, expires_in=int(store.PUSHED_TTL.total_seconds()))
    response.status_code = 201
    return response


def read_form() -> Parameters:
    """The body's parameters; nothing may hide in the query string (R1).

    Raises:
        OAuthError: ``invalid_request``.
    """
    if request.query_string:
        raise OAuthError("invalid_request", "Parameters go into the body, not into the query string.")
    if request.mimetype != FORM:
        raise OAuthError("invalid_request", f"The body must be {FORM}.")
    try:
        return parameters.read(request.get_data())
    except ParameterProblem as problem:
        raise OAuthError("invalid_request", problem.detail) from None


def error_response(error: OAuthError) -> Response:
    """RFC 6749 §5.2."""
    response = jsonify(error=error.error, error_description=error.detail)
    response.status_code = error.status
    if error.challenge is not None:
        response.headers["WWW-Authenticate"] = error.challenge
    return response


@blueprint.errorhandler(Exception)
def protocol_error(error: Exception) -> Response:
    """Whatever else goes wrong, in the shape that clients expect; an outage is never ``invalid_grant`` (R60)."""
    known = problems.normalise(error)
    if isinstance(known, OAuthError):
        return error_response(known)
    status = problems.status_of(known)
    named = next((named for kind, named in _ERRORS.items() if isinstance(known, kind)), None)
    if named is None and status < SERVER_ERROR:
        return problems.problem(known)
    name, status = named or ("server_error", status)
    detail = known.detail if isinstance(known, IdPError) else problems.NOTHING_CHANGED
    return problems.with_headers(error_response(OAuthError(name, detail, status=status)), known)


def _authenticate(uow: UnitOfWork, sent: Parameters, endpoint: str) -> Registration:
    """Who asks; each costs one round trip to the limits, and a failure costs the address."""
    url = f"{uow.tenant.issuer}/oauth/{endpoint}"
    try:
        registration = client_authentication.authenticate(uow, request.headers.get("Authorization"), sent, endpoint=url)
    except OAuthError:
        limits.spend(limits.CLIENT_UNPROVEN)
        raise
    if registration.client.token_endpoint_auth_method == "none":
        limits.spend(limits.CLIENT_UNPROVEN)
    else:
        limits.spend(limits.CLIENT, client=str(registration.client.id))
    return registration


def _authenticate_confidential(uow: UnitOfWork, sent: Parameters, endpoint: str) -> Registration:
    registration = _authenticate(uow, sent, endpoint)
    if registration.client.token_endpoint_auth_method == "none":
        raise InvalidClient
    return registration


def _introspection(uow: UnitOfWork, caller: Registration, text: str) -> dict[str, Any]:
    claims = _access_token(uow, text)
    if claims is None:
        return _introspect_refresh_token(uow, caller, text)
    own = claims["client_id"] == str(caller.client.id)
    if not own and not _represents(caller, claims["aud"]):
        return {"active": False}
    living = _as_of_now(uow, claims)
    return {"active": False} if living is None else {"active": True, "token_type": "Bearer", **living}


def _introspect_refresh_token(uow: UnitOfWork, caller: Registration, text: str) -> dict[str, Any]:
    found = refresh_families.find_living(uow, text, caller.client.id)
    if found is None:
        return {"active": False}
    family, grant = found
    return {
        "active": True,
        "iss": uow.tenant.issuer,
        "sub": str(grant.user_id),
        "client_id": str(caller.client.id),
        "scope": " ".join(grant.scope),
        "exp": int(family.expires_at.timestamp()),
    }


def _represents(caller: Registration, audience: str | list[str]) -> bool:
    """Whether the caller is the machine client of an API among the token's audiences (R10)."""
    return not caller.represents.isdisjoint({audience} if isinstance(audience, str) else audience)


def _as_of_now(uow: UnitOfWork, claims: dict[str, Any]) -> dict[str, Any] | None:
    """The claims with the roles of now (R8); None when grant, person, client or the token itself has ended."""
    if "grant_id" in claims:
        subject = grants.find_subject(uow, UUID(claims["grant_id"]), jti=claims["jti"])
        return None if subject is None else claims | _rights_of_now(claims, subject.rights)
    client = find_registration(uow, UUID(claims["client_id"]))
    if client is None or tokens.is_revoked(uow, claims):
        return None
    return claims | _rights_of_now(claims, client.rights)


def _rights_of_now(claims: dict[str, Any], rights: Rights) -> dict[str, Any]:
    """`roles`, and `permissions` where the token has them: never more of these than when it was issued."""
    now: dict[str, Any] = {"roles": list(rights.roles)} if rights.roles or "roles" in claims else {}
    return now | ({"permissions": rights.among(claims["permissions"])} if "permissions" in claims else {})


def _access_token(uow: UnitOfWork, text: str) -> dict[str, Any] | None:
    try:
        return signing.verify(uow, text, "at+jwt", aud=None)
    except TokenInvalid:
        return None
