"""A half-finished login in an application's hands: one opaque string, good for the client that began it (R32).

It carries the id of the `LoginTransaction` and a secret.  What a browser proves by its cookie, an application proves by
that secret together with its own client id, so nobody goes on with another application's login.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request

from idp.authn import login
from idp.authn.login import Stage
from idp.authn.models import LoginTransaction
from idp.crypto.secrets import decode, digest, encode, new_secret
from idp.db.unit import UnitOfWork
from idp.oauth import direct
from idp.oauth.clients import Registration
from idp.oauth.tokens import TokenResponse

_ID_BYTES = 16


def begin(uow: UnitOfWork, registration: Registration, *, email: str | None) -> tuple[LoginTransaction, str]:
    """Start a login for a client; answers it with the string for the application."""
    secret = new_secret("tx")
    client_id = registration.client.id
    device = digest(f"{client_id} {request.user_agent.string}")
    transaction = login.begin(uow, _browser(secret, registration), email_hint=email, device_digest=device)
    return transaction, f"{secret}.{encode(transaction.id.bytes)}"


def resume(uow: UnitOfWork, registration: Registration, text: str) -> LoginTransaction:
    """The login behind a string.

    Raises:
        FlowExpired: it is over, unknown, or another client's.
    """
    return login.get(uow, _login_id(text), browser(registration, text))


def find(uow: UnitOfWork, registration: Registration, text: str) -> LoginTransaction | None:
    """As `resume`; None when it is over."""
    return login.find(uow, _login_id(text), browser(registration, text))


def browser(registration: Registration, text: str) -> str:
    """What stands for the browser's secret."""
    return _browser(text.partition(".")[0], registration)


def go_on(
    uow: UnitOfWork, registration: Registration, transaction: LoginTransaction, *, sent: dict[str, Any]
) -> TokenResponse | None:
    """Tokens, when nothing is missing any more."""
    scope, resource = wanted(registration, sent)
    if login.advance(uow, transaction) is not Stage.DONE:
        return None
    session, _secret = login.complete(uow, transaction, replaces=None)
    return direct.issue(uow, registration, session, scope=scope, resource=resource)


def wanted(registration: Registration, sent: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Scope and resources of the tokens to come.

    Raises:
        OAuthError: ``invalid_scope`` or ``invalid_target``.
    """
    resource = sent.get("resource", [])
    return direct.wanted(registration, sent.get("scope"), resource), resource


def action_required(transaction: LoginTransaction, text: str, *, now: datetime) -> dict[str, Any]:
    """The answer to an application whose next step is to prove the address."""
    return {
        "status": "action_required",
        "next": Stage.VERIFY_EMAIL.value,
        "transaction": text,
        "expires_in": int((transaction.expires_at - now).total_seconds()),
    }


def _login_id(text: str) -> UUID | None:
    try:
        raw = decode(text.partition(".")[2])
    except ValueError:
        return None
    return UUID(bytes=raw) if len(raw) == _ID_BYTES else None


def _browser(secret: str, registration: Registration) -> str:
    return f"{secret} {registration.client.id}"
