"""``me``: the account of whoever calls, its address, and its end (R36, R38, R46, R63)."""

import json
from datetime import datetime
from typing import Any

from flask import Response, jsonify, request

from idp.accounts import credentials, leaving, verification
from idp.api import profile
from idp.api.auth import examples, schemas
from idp.api.auth.caller import Caller
from idp.api.auth.routes import auth
from idp.api.problems import ProfileChanged, answer, code_mismatch, password_mismatch
from idp.api.schemas import Deletion
from idp.api.tags import ACCOUNT
from idp.crypto.secrets import digest, encode
from idp.http import limits
from idp.rbac.errors import LastOwner
from idp.users import service as users
from idp.users.models import User


@auth.operation("GET", "/me", tag=ACCOUNT, answers={200: (schemas.Me, examples.ME)}, bearer=True, etag=True)
def get_me(caller: Caller) -> Response:
    """Show the account.

    The `ETag` names this state of it; with `If-None-Match` an unchanged account is a 304.
    """
    response = _shown(caller)
    response.make_conditional(request)
    return response


@auth.operation(
    "PATCH",
    "/me",
    tag=ACCOUNT,
    body=(schemas.ChangeMe, examples.CHANGE_ME),
    answers={200: (schemas.Me, examples.ME)},
    refuses=("profile-invalid", "profile-changed"),
    bearer=True,
    etag=True,
)
def change_me(caller: Caller, sent: dict[str, Any]) -> Response:
    """Change the profile.

    Members that are sent are set, `null` takes one away, the others stay (RFC 7396). `deletes_at: null` keeps an
    account that was to be deleted. The address is changed at `me/email`.
    """
    uow, user = caller.uow, caller.user
    uow.session.refresh(user, with_for_update=True)
    if "If-Match" in request.headers and not request.if_match.contains(_etag(_about(caller))):
        raise ProfileChanged("The account was changed meanwhile. Get it again.")
    if "deletes_at" in sent:
        leaving.cancel_deletion(uow, user)
    users.update_profile(uow, user, profile.merged(user, sent))
    uow.flush()
    uow.session.refresh(user)
    return _shown(caller)


@auth.operation(
    "DELETE",
    "/me",
    tag=ACCOUNT,
    body=(schemas.ConfirmedByPassword, examples.CONFIRMED),
    answers={202: (Deletion, examples.DELETION)},
    refuses=("password-mismatch", "recent-sign-in-needed", "last-owner", "throttled", "busy"),
    bearer=True,
)
def delete_me(caller: Caller, sent: dict[str, Any]) -> Response:
    """Have the account deleted.

    Signs out everywhere now, and deletes when the tenant's grace period is over. Until then whoever signs in again can
    keep the account: `PATCH me` with `deletes_at: null`.
    """
    limits.spend(limits.SIGN_IN, account=caller.email.address)
    if not credentials.confirm(caller.uow, caller.user, sent.get("current_password"), session=caller.session):
        return answer(password_mismatch())
    try:
        leaving.request_deletion(caller.uow, caller.user)
    except LastOwner as refused:
        return answer(refused)
    response = jsonify(deletes_at=_moment(caller.user.deletes_at))
    response.status_code = 202
    return response


@auth.operation(
    "POST",
    "/me/email",
    tag=ACCOUNT,
    body=(schemas.ChangeEmail, examples.CHANGE_EMAIL),
    answers={202: (schemas.Status, examples.ACCEPTED)},
    refuses=("email-invalid", "password-mismatch", "recent-sign-in-needed", "throttled", "busy"),
    bearer=True,
)
def change_email(caller: Caller, sent: dict[str, Any]) -> Response:
    """Ask for another address.

    A mail to the new address brings a code for `me/email/verify`; the old one is told, and stays until then. Whether
    somebody has the new address already shows in that mail only.
    """
    limits.spend(limits.SIGN_IN, limits.MAIL, account=caller.email.address, recipient=sent["email"])
    password = sent.get("current_password")
    if not credentials.request_email_change(caller.uow, caller.user, sent["email"], password, session=caller.session):
        return answer(password_mismatch())
    response = jsonify(status="accepted")
    response.status_code = 202
    return response


@auth.operation(
    "POST",
    "/me/email/verify",
    tag=ACCOUNT,
    body=(schemas.VerifyOwnEmail, examples.VERIFY_OWN),
    answers={200: (schemas.Tokens, examples.TOKENS)},
    refuses=("code-mismatch",),
    bearer=True,
)
def verify_own_email(caller: Caller, sent: dict[str, Any]) -> Response:
    """Prove the new address by the code of its mail.

    A changed address ends every other session and every token that there was; the answer brings the tokens with which
    this sign-in goes on.
    """
    limits.spend(limits.PROOF)
    if not verification.prove_own_by_code(caller.uow, caller.user, sent["code"], session=caller.session):
        return answer(code_mismatch())
    return jsonify(caller.fresh_tokens())


def _shown(caller: Caller) -> Response:
    about = _about(caller)
    response = jsonify(about)
    response.set_etag(_etag(about))
    return response


def _about(caller: Caller) -> dict[str, Any]:
    user, email = caller.user, caller.email
    about: dict[str, Any] = {
        "sub": str(user.id),
        "email": email.address,
        "email_verified": email.verified_at is not None,
        **user.profile.model_dump(exclude_none=True),
        "roles": caller.bearer.subject.roles,
        "created_at": _moment(user.created_at),
        "updated_at": _moment(user.updated_at),
        "deletes_at": _deletes_at(user),
    }
    if user.profile.phone_number is not None:
        about["phone_number_verified"] = user.phone_verified_at is not None
    return about


def _deletes_at(user: User) -> str | None:
    return None if user.deletes_at is None else _moment(user.deletes_at)


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()


def _etag(about: dict[str, Any]) -> str:
    return encode(digest(json.dumps(about, sort_keys=True))[:12])
