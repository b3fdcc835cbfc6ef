"""``userinfo``: bearer in the header or a form body, never in the query (OpenID Connect Core §5.3, RFC 6750)."""

from uuid import UUID

from flask import Response, jsonify, request

from idp.http import limits
from idp.http.context import current_unit
from idp.keys import signing
from idp.keys.errors import TokenInvalid
from idp.oauth import claims, grants, scopes
from idp.oauth.endpoints import FORM, blueprint, read_form
from idp.oauth.errors import OAuthError


@blueprint.route("/userinfo", methods=["GET", "POST"])
def userinfo() -> Response:
    """Claims about the person whose token this is."""
    limits.spend(limits.VISIT)
    uow = current_unit()
    try:
        token = signing.verify(uow, _bearer(), "at+jwt", aud=uow.tenant.issuer)
    except TokenInvalid:
        raise _refusal("invalid_token", "The access token is wrong, expired or not meant for userinfo.") from None
    scope = token["scope"].split()
    if scopes.OPENID not in scope or "grant_id" not in token:
        raise _refusal("insufficient_scope", "The access token has no openid scope.", status=403)
    subject = grants.find_subject(uow, UUID(token["grant_id"]), jti=token["jti"])
    if subject is None:
        raise _refusal("invalid_token", "The access token was revoked.")
    return jsonify(claims.userinfo(subject, scope))


def _bearer() -> str:
    """The token, from exactly one of the two places that RFC 6750 leaves us (§2.1, §2.2)."""
    header = request.headers.get("Authorization")
    in_form = None
    if request.method == "POST" and request.mimetype == FORM:
        in_form = read_form().get("access_token")
    if header is not None and in_form is not None:
        raise _refusal("invalid_request", "One access token, in one place.", status=400)
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
    elif in_form is not None:
        return in_form
    raise OAuthError("invalid_token", "A bearer token is needed.", status=401, challenge='Bearer realm="userinfo"')


def _refusal(error: str, detail: str, *, status: int = 401) -> OAuthError:
    challenge = f'Bearer realm="userinfo", error="{error}", error_description="{detail}"'
    return OAuthError(error, detail, status=status, challenge=challenge)
