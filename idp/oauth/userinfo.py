"""``userinfo``: bearer in the header or a form body, never in the query (OpenID Connect Core §5.3, RFC 6750)."""

from flask import Response, jsonify, request

from idp.http import limits
from idp.http.context import current_unit
from idp.oauth import bearer, claims, scopes
from idp.oauth.endpoints import FORM, blueprint, read_form

_REALM = "userinfo"


@blueprint.route("/userinfo", methods=["GET", "POST"])
def userinfo() -> Response:
    """Claims about the person whose token this is."""
    limits.spend(limits.VISIT)
    uow = current_unit()
    caller = bearer.authenticate(uow, _bearer(), realm=_REALM, scope=scopes.OPENID)
    return jsonify(claims.userinfo(caller.subject, caller.scope))


def _bearer() -> str:
    """The token, from exactly one of the two places that RFC 6750 leaves us (§2.1, §2.2)."""
    header = request.headers.get("Authorization")
    in_form = None
    if request.method == "POST" and request.mimetype == FORM:
        in_form = read_form().get("access_token")
    if header is not None and in_form is not None:
        raise bearer.refusal(_REALM, "invalid_request", "One access token, in one place.", status=400)
    return in_form if in_form is not None else bearer.read(header, realm=_REALM)
