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
PROFILE_SAVED = "profile-saved"
CODE_SENT = "code-sent"
EMAIL_CONFIRMED = "email-confirmed"
PASSWORD_RENEWED = "password-renewed"
SESSION_ENDED = "session-ended"
OTHERS_ENDED = "others-ended"
WITHDRAWN = "withdrawn"
CONFIRMED = "confirmed"
PASSWORD_SET = "password-set"
IDENTITY_LINKED = "identity-linked"
IDENTITY_UNLINKED = "identity-unlinked"
LEAVING = "leaving"
LEFT = "left"
STAYING = "staying"

_SENTENCES = {
    PASSWORD_CHANGED: mark("Your password was changed. Sign in with it."),
    INVITATION_ACCEPTED: mark("Your invitation is accepted. Sign in with the password that you have."),
    MAIL_SENT: mark("We have sent it again. Only the newest code and link work."),
    PROFILE_SAVED: mark("Your profile is saved."),
    CODE_SENT: mark("We have sent you a code. Only the newest one works."),
    EMAIL_CONFIRMED: mark("Your email address is confirmed."),
    PASSWORD_RENEWED: mark("Your password was changed. Everywhere else you’re signed out."),
    SESSION_ENDED: mark("That device is signed out."),
    OTHERS_ENDED: mark("Everywhere else you’re signed out."),
    WITHDRAWN: mark("That application can’t use your account any more."),
    CONFIRMED: mark("You’ve confirmed that it’s you. Go on within 5 minutes."),
    PASSWORD_SET: mark("Your account has a password now. Everywhere else you’re signed out."),
    IDENTITY_LINKED: mark("That account is linked. You can sign in with it from now on."),
    IDENTITY_UNLINKED: mark("That account is unlinked. Everywhere else you’re signed out."),
    LEAVING: mark(
        "You’re signed out. Your account will be deleted, unless you sign in before the day in our mail and keep it."
    ),
    LEFT: mark("You’re signed out, and your account is being deleted."),
    STAYING: mark("Your account stays as it is."),
}


def code() -> str | None:
    """What the address says happened, when it is one of ours."""
    named = request.args.get(PARAMETER)
    return named if named in {*_SENTENCES, ADDRESS_CONFIRMED, SECURED} else None


def sentence() -> str | None:
    """The same, for a person."""
    named = _SENTENCES.get(code() or "")
    return None if named is None else _(named)
