"""Somebody who signs in at a served image, over HTTP, through the pages."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import jwt
import requests

from tests.browser import Forms

CALLBACK = "https://notes.example/callback"
EMAIL, PASSWORD = "ada@acme.example", "a long enough pass phrase"


def sign_in(issuer: str, client_id: str) -> dict[str, Any]:
    """The whole way, from the authorization endpoint to an ID token; its claims, once its signature is verified."""
    verifier = secrets.token_urlsafe(48)
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "s",
        "nonce": "n",
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    with requests.Session() as session:
        session.trust_env = False
        page = _follow(session, session.get(f"{issuer}/oauth/authorize?{urlencode(asked)}", allow_redirects=False))
        form = Forms(page.text)
        values = {**form.fields, "email": EMAIL, "password": PASSWORD}
        headers = {"Origin": "{0.scheme}://{0.netloc}".format(urlsplit(issuer)), "Sec-Fetch-Site": "same-origin"}
        target = urljoin(page.url, form.action)
        sent = session.post(target, data=values, headers=headers, allow_redirects=False, timeout=20)
        answer = _follow(session, sent)
        exchange = {
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0],
            "redirect_uri": CALLBACK,
            "client_id": client_id,
            "code_verifier": verifier,
        }
        token = session.post(f"{issuer}/oauth/token", data=exchange, timeout=20).json()["id_token"]
        keys = jwt.PyJWKSet.from_dict(session.get(f"{issuer}/jwks.json", timeout=20).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key.key, ["RS256"], audience=client_id, issuer=issuer)


def _follow(session: requests.Session, response: requests.Response) -> requests.Response:
    """Follow redirects until a page, or until they lead to the client."""
    for _ in range(10):
        location = urljoin(response.url, response.headers.get("Location", ""))
        if response.status_code != 303 or location.startswith(CALLBACK):
            return response
        response = session.get(location, allow_redirects=False, timeout=20)
    raise AssertionError("a redirect loop")
