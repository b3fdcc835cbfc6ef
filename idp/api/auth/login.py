"""``login``, ``refresh``, ``logout``: come in, stay, leave."""

from typing import Any

from flask import Response, jsonify

from idp.accounts import verification
from idp.api.auth import caller as callers
from idp.api.auth import examples, schemas, transactions
from idp.api.auth.caller import Caller
from idp.api.auth.routes import auth
from idp.api.problems import answer, credentials_mismatch
from idp.api.tags import SIGN_IN
from idp.authn import login as stages
from idp.authn import sessions
from idp.authn.errors import Throttled
from idp.crypto.passwords import PasswordGateFull
from idp.http import limits, metrics
from idp.http.context import current_unit
from idp.oauth import grants, refresh_families
from idp.oauth.errors import OAuthError
from idp.oauth.grant_types import refresh_token
from idp.oauth.models import Grant
from idp.oauth.parameters import Parameters

_GRANT_TYPE = "refresh_token"


@auth.operation(
    "POST",
    "/login",
    tag=SIGN_IN,
    body=(schemas.Login, examples.LOGIN),
    answers={200: ((schemas.Tokens, schemas.ActionRequired), examples.TOKENS_OR_ACTION)},
    refuses=("credentials-mismatch", "invalid-scope", "invalid-target", "throttled", "busy"),
)
def login(sent: dict[str, Any]) -> Response:
    """Sign in with email and password.

    Answers what the token endpoint would, or `action_required` with the step that is missing and a `transaction` for
    it. A wrong password and an unknown address get the same answer in the same time. Attempts at one account count
    together with those at the sign-in page.
    """
    registration = callers.client(sent, limits.SIGN_IN, account=sent["email"])
    uow = current_unit()
    transactions.wanted(registration, sent)
    transaction, text = transactions.begin(uow, registration, email=sent["email"])
    try:
        is_right = stages.submit_password(uow, transaction, sent["email"].strip(), sent["password"])
    except (PasswordGateFull, Throttled) as refused:
        metrics.count_signin("busy" if isinstance(refused, PasswordGateFull) else "throttled")
        raise
    metrics.count_signin("success" if is_right else "mismatch")
    if not is_right:
        return answer(credentials_mismatch())
    tokens = transactions.go_on(uow, registration, transaction, sent=sent)
    if tokens is not None:
        return jsonify(tokens)
    if limits.try_spend(limits.MAIL, recipient=sent["email"]):
        verification.ask_again(uow, transaction)
    return jsonify(transactions.action_required(transaction, text, now=uow.now))


@auth.operation(
    "POST",
    "/refresh",
    tag=SIGN_IN,
    body=(schemas.Refresh, examples.REFRESH),
    answers={200: (schemas.Tokens, examples.TOKENS)},
    refuses=("invalid-grant", "invalid-scope", "invalid-target", "unauthorized-client"),
)
def refresh(sent: dict[str, Any]) -> Response:
    """Exchange a refresh token for new tokens.

    The refresh grant of the token endpoint, by the same rules: every token is good once, an honest retry within ten
    seconds gets the same successor, and one that was used before ends the sign-in.
    """
    registration = callers.client(sent)
    if _GRANT_TYPE not in registration.client.grant_types:
        raise OAuthError("unauthorized_client", "This client is not registered for the refresh_token grant.")
    values = {name: sent[name] for name in (_GRANT_TYPE, "scope") if name in sent}
    parameters = Parameters(values, tuple(sent.get("resource", ())))
    answered = refresh_token.grant(current_unit(), registration, parameters)
    metrics.count_token(_GRANT_TYPE, refused=isinstance(answered, OAuthError))
    return answer(answered) if isinstance(answered, OAuthError) else jsonify(answered)


@auth.operation("POST", "/logout", tag=SIGN_IN, body=(schemas.Logout, {}), answers={204: (None, None)}, bearer=True)
def logout(caller: Caller, sent: dict[str, Any]) -> Response:
    """Sign out.

    Ends the session that the access token stands on, with every token that was issued for it. A refresh token beside
    it, of another sign-in of this client, ends too.
    """
    uow, client = caller.uow, caller.registration.client
    family = refresh_families.find(uow, sent["refresh_token"]) if "refresh_token" in sent else None
    if family is not None and uow.get(Grant, family.grant_id).client_id == client.id:
        grants.revoke_grant(uow, family.grant_id, reason="signed-out")
    sessions.end(uow, caller.session, reason="signed-out")
    return Response(status=204)
