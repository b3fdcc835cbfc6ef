"""One sentence about what just happened, once, on the page that a form led to.

The address carries a code and never a sentence, so nobody can make our pages say anything else.
"""

from flask import request

from idp.i18n import gettext as _
from idp.i18n import mark

PARAMETER = "notice"
PASSWORD_CHANGED = "password-changed"
INVITATION_ACCEPTED = "invitation-accepted"
MAIL_SENT = "mail-sent"
ADDRESS_CONFIRMED = "address-confirmed"
SECURED = "secured"

_SENTENCES = {
    PASSWORD_CHANGED: mark("Your password was changed. Sign in with it."),
    INVITATION_ACCEPTED: mark("Your invitation is accepted. Sign in with the password that you have."),
    MAIL_SENT: mark("We have sent it again. Only the newest code and link work."),
}


def code() -> str | None:
    """What the address says happened, when it is one of ours."""
    named = request.args.get(PARAMETER)
    return named if named in {*_SENTENCES, ADDRESS_CONFIRMED, SECURED} else None


def sentence() -> str | None:
    """The same, for a person."""
    named = _SENTENCES.get(code() or "")
    return None if named is None else _(named)
