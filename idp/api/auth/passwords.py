"""``password/forgot``, ``password/reset``, ``password/change`` (R8, R25, R34, R38)."""

from typing import Any

from flask import Response, jsonify

from idp.accounts import credentials, recovery
from idp.accounts.errors import LinkExpired
from idp.api.auth import caller as callers
from idp.api.auth import examples, schemas
from idp.api.auth.caller import Caller
from idp.api.auth.routes import auth
from idp.api.problems import answer, password_mismatch
from idp.api.tags import ACCOUNT, SIGN_IN
from idp.http import limits
from idp.http.context import current_unit
from idp.i18n import gettext as _


@auth.operation(
    "POST",
    "/password/forgot",
    tag=SIGN_IN,
    body=(schemas.Forgot, examples.FORGOT),
    answers={202: (schemas.Status, examples.ACCEPTED)},
    refuses=("email-invalid",),
)
def forgot_password(sent: dict[str, Any]) -> Response:
    """Have a link mailed that makes a new password.

    Answers the same for every address. Only a proven address of an account gets the mail.
    """
    callers.client(sent, limits.RECOVERY, recipient=sent["email"])
    recovery.request(current_unit(), sent["email"])
    response = jsonify(status="accepted")
    response.status_code = 202
    return response


@auth.operation(
    "POST",
    "/password/reset",
    tag=SIGN_IN,
    body=(schemas.Reset, examples.RESET),
    answers={204: (None, None)},
    refuses=("link-expired", "password-unacceptable", "busy"),
)
def reset_password(sent: dict[str, Any]) -> Response:
    """Make a new password by a mailed link.

    Signs nobody in, and ends every session and every token of the account. A password that is refused uses nothing up.
    """
    callers.client(sent, limits.PROOF)
    if recovery.reset(current_unit(), sent["token"], sent["password"]) is None:
        raise LinkExpired(_("This link has expired"))
    return Response(status=204)


@auth.operation(
    "POST",
    "/password/change",
    tag=ACCOUNT,
    body=(schemas.ChangePassword, examples.CHANGE_PASSWORD),
    answers={200: (schemas.Tokens, examples.TOKENS)},
    refuses=("password-mismatch", "recent-sign-in-needed", "password-unacceptable", "throttled", "busy"),
    bearer=True,
)
def change_password(caller: Caller, sent: dict[str, Any]) -> Response:
    """Change the password, or set the first.

    Ends every other session and every token that there was; the answer brings the tokens with which this sign-in goes
    on.
    """
    limits.spend(limits.SIGN_IN, account=caller.email.address)
    current, new = sent.get("current_password"), sent["new_password"]
    if not credentials.change_password(caller.uow, caller.user, current, new, session=caller.session):
        return answer(password_mismatch())
    return jsonify(caller.fresh_tokens())
