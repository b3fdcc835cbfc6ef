"""``register``, ``verify-email``, ``verify-email/resend``: become somebody, and prove an address (R26, R33)."""

from typing import Any

from flask import Response, jsonify

from idp.accounts import invitations, verification
from idp.accounts import registration as registrations
from idp.accounts.errors import LinkExpired
from idp.accounts.verification import Refusal
from idp.api.auth import caller as callers
from idp.api.auth import examples, schemas, transactions
from idp.api.auth.routes import auth
from idp.api.problems import PasswordNeeded, ProofNeeded, answer, code_mismatch, credentials_mismatch
from idp.api.profile import PROFILE
from idp.api.tags import SIGN_IN
from idp.authn import login as stages
from idp.authn.assurance import Method
from idp.authn.errors import FlowExpired
from idp.authn.models import LoginTransaction
from idp.http import limits
from idp.http.context import current_unit
from idp.i18n import gettext as _
from idp.oauth.clients import Registration
from idp.users.errors import EmailInvalid

_TOKENS_WERE_ASKED_FOR = ("invalid-scope", "invalid-target")


@auth.operation(
    "POST",
    "/register",
    tag=SIGN_IN,
    body=(schemas.Register, examples.REGISTER),
    answers={
        200: ((schemas.Tokens, schemas.Status), examples.TOKENS_OR_STATUS),
        202: (schemas.ActionRequired, examples.ACTION),
    },
    refuses=(
        "registration-closed",
        "terms-not-accepted",
        "email-invalid",
        "profile-invalid",
        "password-unacceptable",
        "link-expired",
        *_TOKENS_WERE_ASKED_FOR,
        "busy",
    ),
)
def register(sent: dict[str, Any]) -> Response:
    """Sign up.

    Answers the same for every address, also for one that somebody has: the mail to it says what comes next. Nobody is
    a user before the address is proven at `verify-email`.

    With the token of an invitation a new account is there at once, since its link has proven the address, and the
    answer is tokens (200). Whoever has that address already keeps their password and gets what they were invited to;
    they sign in as ever (200, `accepted`).
    """
    if "invitation" in sent:
        return _accept(callers.client(sent, limits.PROOF), sent)
    email = sent.get("email", "")
    registration, uow = callers.client(sent, limits.SIGN_UP, recipient=email), current_unit()
    if not email:
        raise EmailInvalid("An email address is needed.", field="email")
    transactions.wanted(registration, sent)
    transaction, text = transactions.begin(uow, registration, email=email)
    registrations.begin(
        uow,
        transaction,
        email=email,
        password=sent["password"],
        terms_accepted=sent.get("terms_accepted", False),
        profile=_profile(sent),
    )
    response = jsonify(transactions.action_required(transaction, text, now=uow.now))
    response.status_code = 202
    return response


@auth.operation(
    "POST",
    "/verify-email",
    tag=SIGN_IN,
    body=(schemas.VerifyEmail, examples.VERIFY),
    answers={200: ((schemas.Tokens, schemas.Status), examples.TOKENS_OR_STATUS)},
    refuses=(
        "flow-expired",
        "link-expired",
        "code-mismatch",
        "password-needed",
        "proof-needed",
        "credentials-mismatch",
        *_TOKENS_WERE_ASKED_FOR,
        "throttled",
        "busy",
    ),
)
def verify_email(sent: dict[str, Any]) -> Response:
    """Prove an address.

    With the `transaction` and the `code` of the mail: answers tokens. With the `token` of the mail's link: answers
    tokens when its transaction comes too, and `verified` otherwise. A link that makes an account wants its transaction
    or the password of its sign-up, so that nobody can have one made by whoever opens it. A code lives ten minutes and
    bears five guesses.
    """
    registration = callers.client(sent, limits.PROOF)
    transactions.wanted(registration, sent)
    if ("code" in sent) == ("token" in sent):
        raise ProofNeeded("Send either code or token.", field="code")
    if "token" in sent:
        return _by_link(registration, sent)
    if "transaction" not in sent:
        raise ProofNeeded("A code goes with its transaction.", field="transaction")
    uow = current_unit()
    transaction = transactions.resume(uow, registration, sent["transaction"])
    if not verification.prove_by_code(uow, transaction, sent["code"]):
        return answer(code_mismatch())
    return _tokens(registration, transaction, sent)


@auth.operation(
    "POST",
    "/verify-email/resend",
    tag=SIGN_IN,
    body=(schemas.Resend, examples.RESEND),
    answers={202: (schemas.ActionRequired, examples.ACTION)},
    refuses=("flow-expired",),
)
def resend_verification(sent: dict[str, Any]) -> Response:
    """Send the proof again.

    The newer code and link supersede those before.
    """
    registration = callers.client(sent)
    uow = current_unit()
    transaction = transactions.resume(uow, registration, sent["transaction"])
    limits.spend(limits.RECOVERY, recipient=transaction.email_hint or "")
    if verification.ask_again(uow, transaction) is None:
        raise FlowExpired(_("This sign-in has expired. Go back to the application and start again."))
    response = jsonify(transactions.action_required(transaction, sent["transaction"], now=uow.now))
    response.status_code = 202
    return response


def _accept(registration: Registration, sent: dict[str, Any]) -> Response:
    transactions.wanted(registration, sent)
    uow = current_unit()
    found = invitations.find(uow, sent["invitation"])
    user = invitations.accept(
        uow,
        sent["invitation"],
        password=sent["password"],
        terms_accepted=sent.get("terms_accepted", False),
        profile=_profile(sent),
    )
    if found is None or found[1] is not None:
        return jsonify(status="accepted")
    transaction, _text = transactions.begin(uow, registration, email=None)
    stages.prove(transaction, user.id, Method.PASSWORD)
    return _tokens(registration, transaction, sent)


def _by_link(registration: Registration, sent: dict[str, Any]) -> Response:
    uow, text = current_unit(), sent.get("transaction")
    browser = None if text is None else transactions.browser(registration, text)
    offer = verification.look(uow, sent["token"], browser)
    if offer is not None and offer.needs_password and "password" not in sent:
        raise PasswordNeeded("Send the password of the sign-up too, or its transaction.", field="password")
    proven = verification.prove_by_link(uow, sent["token"], browser=browser, password=sent.get("password"))
    if proven is Refusal.PASSWORD_MISMATCH:
        return answer(credentials_mismatch())
    if isinstance(proven, Refusal):
        return answer(LinkExpired(_("This link has expired")))
    transaction = proven.transaction
    if transaction is None and text is not None:
        waiting = transactions.find(uow, registration, text)
        transaction = waiting if waiting is not None and waiting.user_id == proven.user.id else None
    return jsonify(status="verified") if transaction is None else _tokens(registration, transaction, sent)


def _tokens(registration: Registration, transaction: LoginTransaction, sent: dict[str, Any]) -> Response:
    tokens = transactions.go_on(current_unit(), registration, transaction, sent=sent)
    return jsonify(status="verified") if tokens is None else jsonify(tokens)


def _profile(sent: dict[str, Any]) -> dict[str, Any]:
    return {name: sent[name] for name in PROFILE if name in sent}
