"""Discovery and the key set: built from configuration and rows only, the same bytes for everyone (R20).

OpenID Connect Discovery §3, RFC 8414 §2, RFC 7517 §5.
"""

import hashlib
import json
import threading
from collections.abc import Mapping
from typing import Any

from cachetools import LRUCache, cached
from flask import Blueprint, Response, request

from idp import i18n
from idp.authn import assurance
from idp.http.context import SLUG, current_unit, public_document
from idp.keys import rsa
from idp.keys import service as keys
from idp.oauth import scopes
from idp.oauth.authorize.request import PROMPTS, RESPONSE_MODES
from idp.oauth.client_authentication import METHODS
from idp.oauth.endpoints import GRANT_TYPES

blueprint = Blueprint("discovery", __name__)

CACHE_CONTROL = f"public, max-age={int(keys.JWKS_MAX_AGE.total_seconds())}"
_CONFIDENTIAL = tuple(method for method in METHODS if method != "none")


@blueprint.get(f"/t/<{SLUG}>/.well-known/openid-configuration")
@blueprint.get(f"/t/<{SLUG}>/.well-known/oauth-authorization-server")
@blueprint.get(f"/.well-known/openid-configuration/t/<{SLUG}>")
@blueprint.get(f"/.well-known/oauth-authorization-server/t/<{SLUG}>")
@public_document
def openid_configuration() -> Response:
    """The tenant's metadata, at four addresses."""
    return _document(_metadata(current_unit().tenant.issuer))


@blueprint.get(f"/t/<{SLUG}>/jwks.json")
@public_document
def jwks() -> Response:
    """The tenant's public keys: pending, active and retiring."""
    return _document(_serialise(keys.jwks(current_unit())))


@cached(LRUCache(10_000), lock=threading.Lock())
def _metadata(issuer: str) -> bytes:
    endpoint = f"{issuer}/oauth"
    return _serialise(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{endpoint}/authorize",
            "token_endpoint": f"{endpoint}/token",
            "userinfo_endpoint": f"{endpoint}/userinfo",
            "introspection_endpoint": f"{endpoint}/introspect",
            "revocation_endpoint": f"{endpoint}/revoke",
            "pushed_authorization_request_endpoint": f"{endpoint}/par",
            "end_session_endpoint": f"{endpoint}/end_session",
            "jwks_uri": f"{issuer}/jwks.json",
            "scopes_supported": list(scopes.STANDARD),
            "response_types_supported": ["code"],
            "response_modes_supported": list(RESPONSE_MODES),
            "grant_types_supported": list(GRANT_TYPES),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [rsa.ALG],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": list(METHODS),
            "token_endpoint_auth_signing_alg_values_supported": [rsa.ALG],
            "introspection_endpoint_auth_methods_supported": list(_CONFIDENTIAL),
            "introspection_endpoint_auth_signing_alg_values_supported": [rsa.ALG],
            "revocation_endpoint_auth_methods_supported": list(METHODS),
            "revocation_endpoint_auth_signing_alg_values_supported": [rsa.ALG],
            "acr_values_supported": list(assurance.ACR_VALUES),
            "claim_types_supported": ["normal"],
            "claims_supported": [
                *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"),
                *scopes.SCOPE_OF_CLAIM,
            ],
            "claims_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "require_pushed_authorization_requests": False,
            "authorization_response_iss_parameter_supported": True,
            "prompt_values_supported": list(PROMPTS),
            "ui_locales_supported": list(i18n.SUPPORTED),
        }
    )


def _serialise(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


def _document(body: bytes) -> Response:
    response = Response(body, mimetype="application/json")
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response
