"""openid-client (npm) signs in, calls every endpoint and leaves, once with each way of authenticating a client."""

import json
import uuid
from pathlib import Path
from typing import Any

import jwt
import pytest
from clients import SCOPE, Live, demo_tenant, make_resource, register
from cryptography.hazmat.primitives.asymmetric import rsa
from node import run_script

pytestmark = pytest.mark.live

REDIRECT_URI = "http://localhost:9/callback"  # never opened: the script stops in front of it
HOME = "http://localhost:9/"


def key_pair() -> tuple[dict[str, Any], dict[str, Any]]:
    """A private JWK and its public half."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    names = {"kid": uuid.uuid4().hex, "alg": "RS256", "use": "sig"}
    to_jwk = jwt.algorithms.RSAAlgorithm.to_jwk
    return {**json.loads(to_jwk(private)), **names}, {**json.loads(to_jwk(private.public_key())), **names}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"])
def test_openid_client_finds_every_endpoint_as_the_standards_say(live: Live, tmp_path: Path, method: str) -> None:
    tenant, issuer = demo_tenant(live, "acme"), live.issuer("acme")
    resource, scope = make_resource(live, "acme")
    private, public = key_pair()
    confidential = method != "none"
    client = register(
        live,
        tmp_path,
        "acme",
        token_endpoint_auth_method=method,
        redirect_uris=[REDIRECT_URI],
        post_logout_redirect_uris=[HOME],
        grant_types=["authorization_code", "refresh_token", *(["client_credentials"] if confidential else [])],
        scope=f"{SCOPE} {scope}",
        **({"jwks": {"keys": [public]}} if method == "private_key_jwt" else {}),
    )

    seen = run_script(
        "openid_client",
        {
            "issuer": issuer,
            "client_id": client["client_id"],
            "client_secret": client.get("client_secret"),
            "auth_method": method,
            "private_jwk": private,
            "redirect_uri": REDIRECT_URI,
            "post_logout_redirect_uri": HOME,
            "scope": f"{SCOPE} {scope}",
            "resource": resource,
            "machine_scope": scope if confidential else None,
            **tenant["user"],
        },
    )

    assert seen["par"]
    assert set(seen["callback"]) == {"code", "state", "iss"}
    claims, userinfo = seen["claims"], seen["userinfo"]
    assert claims["iss"] == issuer
    assert claims["aud"] == client["client_id"]
    assert claims["amr"] == ["pwd"]
    assert userinfo["sub"] == claims["sub"]
    assert userinfo["email"] == tenant["user"]["email"]
    assert userinfo["email_verified"] is True

    access = jwt.decode(seen["tokens"]["access_token"], options={"verify_signature": False})
    assert set(access["aud"]) == {resource, issuer}
    assert scope in access["scope"].split()
    assert seen["refreshed"]["access_token"] != seen["tokens"]["access_token"]
    assert seen["refreshed"]["refresh_token"] != seen["tokens"]["refresh_token"]
    assert seen["end_session_url"].startswith(f"{issuer}/oauth/end_session?")
    if confidential:
        assert (seen["active"], seen["revoked_active"]) == (True, False)
        machine = jwt.decode(seen["machine"]["access_token"], options={"verify_signature": False})
        assert machine["sub"] == client["client_id"]
        assert machine["aud"] in (resource, [resource])
        assert "refresh_token" not in seen["machine"]
