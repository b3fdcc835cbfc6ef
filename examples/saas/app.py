"""Notes: a small SaaS product whose customers sign in through their own tenant.

Each customer is one OpenID Connect connection (issuer, client id, client secret), used through Authlib:
discovery, authorization code with PKCE S256, state, nonce, `iss` (RFC 9207), refresh, RP-initiated logout.
Configuration is by environment only; README.md lists it.
"""

import json
import logging
import os
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth, OAuthError
from flask import Flask, Response, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from werkzeug.serving import make_server

PORT = int(os.environ.get("NOTES_PORT", "8001"))
API_URL = os.environ.get("NOTES_API_URL", "http://localhost:8002")
HOME = f"http://localhost:{PORT}/"
CUSTOMERS = {customer["slug"]: customer for customer in json.loads(os.environ["NOTES_CUSTOMERS"])}
ORIGINS = sorted({"{0.scheme}://{0.netloc}".format(urlsplit(c["issuer"])) for c in CUSTOMERS.values()})


@dataclass
class Account:
    """Somebody who is signed in.  The browser holds only a random key to it, never a token."""

    slug: str
    email: str
    token: dict
    messages: list[str] = field(default_factory=list)


accounts: dict[str, Account] = {}

app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ["NOTES_SECRET_KEY"],
    SESSION_COOKIE_NAME="notes",  # cookies ignore ports: "session" would meet other programs on localhost
    SESSION_COOKIE_SAMESITE="Lax",  # also keeps other sites' forms from posting here as the reader
)

oauth = OAuth(app)
for customer in CUSTOMERS.values():
    oauth.register(
        customer["slug"],
        client_id=customer["client_id"],
        client_secret=customer["client_secret"],
        server_metadata_url=f"{customer['issuer']}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email offline_access notes:read",
            "code_challenge_method": "S256",
            "default_timeout": 10,
        },
    )


def connection(slug: str) -> FlaskOAuth2App:
    """The customer's OpenID Connect client."""
    return oauth.create_client(slug) if slug in CUSTOMERS else abort(404)


def current_account() -> Account | None:
    return accounts.get(session.get("account", ""))


@app.get("/")
def home() -> ResponseReturnValue:
    account = current_account()
    messages = account.messages if account else []
    page = render_template("home.html", account=account, customers=CUSTOMERS, messages=messages)
    if account:
        account.messages = []
    return page


@app.get("/login/<slug>")
def login(slug: str) -> ResponseReturnValue:
    return connection(slug).authorize_redirect(f"{HOME}callback/{slug}", resource=API_URL)


@app.get("/callback/<slug>")
def callback(slug: str) -> ResponseReturnValue:
    client, issuer = connection(slug), CUSTOMERS[slug]["issuer"]
    metadata = client.load_server_metadata()
    expects_iss = metadata.get("authorization_response_iss_parameter_supported", False)
    answered_by = request.args.get("iss", None if expects_iss else issuer)
    if metadata["issuer"] != issuer or answered_by != issuer:
        raise OAuthError("mismatching_issuer", "The answer came from another issuer.")
    token = client.authorize_access_token(claims_options={"iss": {"essential": True, "value": issuer}})
    claims, profile = token.pop("userinfo"), client.userinfo(token=token)
    if profile["sub"] != claims["sub"]:  # OpenID Connect Core, section 5.3.2
        raise OAuthError("mismatching_subject", "The userinfo answer is about somebody else.")
    accounts.pop(session.get("account", ""), None)
    session.clear()
    session["account"] = secrets.token_urlsafe(32)
    accounts[session["account"]] = Account(slug, profile.get("email") or claims["sub"], token)
    return redirect(url_for("home"))


@app.post("/renew")
def renew() -> ResponseReturnValue:
    account = current_account() or abort(401)
    renew_token(account)
    account.messages.append("The token was renewed.")
    return redirect(url_for("home"), 303)


@app.post("/call")
def call() -> ResponseReturnValue:
    account = current_account() or abort(401)
    if account.token["expires_at"] < time.time() + 10:
        renew_token(account)
    bearer = {"Authorization": f"Bearer {account.token['access_token']}"}
    answer = requests.get(f"{API_URL}/notes", headers=bearer, timeout=10)
    account.messages.append(f"The API answered {answer.status_code}:\n{answer.text.strip()}")
    return redirect(url_for("home"), 303)


@app.post("/logout/<slug>")
def logout(slug: str) -> ResponseReturnValue:
    account = accounts.pop(session.get("account", ""), None)
    session.clear()
    hint = account.token.get("id_token") if account and account.slug == slug else None
    target = connection(slug).create_logout_url(HOME, hint, client_id=CUSTOMERS[slug]["client_id"])
    return redirect(target["url"], 303)


def renew_token(account: Account) -> None:
    """Trade the refresh token for new tokens; what the answer leaves out stays as it was."""
    token = connection(account.slug).fetch_access_token(
        grant_type="refresh_token",
        refresh_token=account.token.get("refresh_token"),
        scope=None,  # as much as was granted, which may be less than what was asked for
    )
    account.token = {**account.token, **token}


@app.errorhandler(OAuthError)
@app.errorhandler(JoseError)
def refused(error: OAuthError | JoseError) -> ResponseReturnValue:
    if getattr(error, "error", "") == "invalid_grant":  # the sign-in has ended at the identity provider
        accounts.pop(session.pop("account", ""), None)
    return render_template("error.html", title="Sign-in did not succeed", detail=error), 400


@app.errorhandler(requests.RequestException)
def unreachable(error: requests.RequestException) -> ResponseReturnValue:
    return render_template("error.html", title="Something Notes needs did not answer", detail=error), 503


@app.after_request
def harden(response: Response) -> Response:
    # Browsers apply form-action to the whole redirect chain, so signing out needs the tenants' origins too.
    policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    response.headers["Content-Security-Policy"] = f"{policy}; form-action 'self' {' '.join(ORIGINS)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its access log would show codes
    make_server("127.0.0.1", PORT, app, threaded=True).serve_forever()
