"""A resource server: keeps notes for whoever presents an access token of an issuer that it trusts.

Tokens are checked offline against the issuer's JWKS: RFC 9068 (`at+jwt`), RFC 6750 (bearer), RS256 only.
Configuration is by environment only; README.md lists it.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from http import HTTPStatus

import jwt
import requests
from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

IDENTIFIER = os.environ.get("API_IDENTIFIER", "http://localhost:8002")
ISSUERS = frozenset(issuer.strip() for issuer in os.environ["API_ISSUERS"].split(",") if issuer.strip())

View = Callable[[list[str]], ResponseReturnValue]

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
notes: dict[tuple[str, str], list[str]] = {}


@dataclass(eq=False)
class RefusalError(Exception):
    """Why a request is not served, as RFC 6750 section 3.1 puts it."""

    status: int
    error: str = ""
    description: str = ""
    scope: str = ""


@lru_cache(maxsize=64)
def keys_of(issuer: str) -> jwt.PyJWKClient:
    """The issuer's keys, found by discovery; an unknown kid fetches them anew, at most every five seconds."""
    response = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5)
    response.raise_for_status()
    metadata = response.json()
    if metadata["issuer"] != issuer:
        raise RefusalError(503, description="The issuer's metadata names another issuer.")
    return jwt.PyJWKClient(metadata["jwks_uri"], lifespan=300, timeout=5, cooldown_duration=5)


def verify(token: str) -> dict:
    """The claims of a token that is meant for us."""
    unverified = jwt.decode_complete(token, options={"verify_signature": False})
    issuer, header = unverified["payload"].get("iss"), unverified["header"]
    if issuer not in ISSUERS:  # before anything is fetched
        raise RefusalError(401, "invalid_token", "The token is from an issuer that is not trusted here.")
    if header.get("typ", "").lower().removeprefix("application/") != "at+jwt":
        raise RefusalError(401, "invalid_token", "This is not an access token.")
    return jwt.decode(
        token,
        keys_of(issuer).get_signing_key(header.get("kid")),
        algorithms=["RS256"],
        audience=IDENTIFIER,
        issuer=issuer,
        leeway=30,
        options={"require": ["iss", "aud", "sub", "exp", "iat", "client_id"]},
    )


def requires(scope: str) -> Callable[[View], Callable[[], ResponseReturnValue]]:
    """Let a view be called only with a good token that carries `scope`."""

    def decorate(view: View) -> Callable[[], ResponseReturnValue]:
        @wraps(view)
        def guarded() -> ResponseReturnValue:
            kind, _, token = request.headers.get("Authorization", "").partition(" ")
            if kind.lower() != "bearer" or not token:
                raise RefusalError(401)
            try:
                g.claims = verify(token.strip())
            except (jwt.PyJWKClientConnectionError, requests.RequestException) as error:
                raise RefusalError(503, description="The issuer's keys cannot be reached.") from error
            except (jwt.PyJWTError, ValueError, AttributeError, TypeError) as error:
                raise RefusalError(401, "invalid_token", "The token is not valid here.") from error
            if scope not in g.claims.get("scope", "").split():
                raise RefusalError(403, "insufficient_scope", f"This needs the scope {scope}.", scope)
            return view(notes.setdefault((g.claims["iss"], g.claims["sub"]), []))

        return guarded

    return decorate


@app.get("/notes")
@requires("notes:read")
def list_notes(mine: list[str]) -> ResponseReturnValue:
    return jsonify(issuer=g.claims["iss"], subject=g.claims["sub"], scope=g.claims["scope"], notes=mine)


@app.post("/notes")
@requires("notes:write")
def write_note(mine: list[str]) -> ResponseReturnValue:
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("text"), str) or not body["text"].strip():
        return jsonify(error="invalid_request", error_description='Send {"text": "…"}.'), 400
    mine.append(body["text"].strip())
    return jsonify(notes=mine), 201


@app.errorhandler(RefusalError)
def refuse(refusal: RefusalError) -> ResponseReturnValue:
    named = {"error": refusal.error, "error_description": refusal.description, "scope": refusal.scope}
    response = jsonify({name: value for name, value in named.items() if value})
    if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    else:
        challenge = ['realm="notes"', *(f'{name}="{value}"' for name, value in named.items() if value)]
        response.headers["WWW-Authenticate"] = f"Bearer {', '.join(challenge)}"
    return response, refusal.status


@app.after_request
def harden(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    make_server("127.0.0.1", int(os.environ.get("API_PORT", "8002")), app, threaded=True).serve_forever()
