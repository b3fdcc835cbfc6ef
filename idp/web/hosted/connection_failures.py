"""How an upstream sign-in ends that lets nobody in: a sentence for the person, and a way to try another method.

The technical cause is an administrator's to read, in the event that bears the same reference.
"""

from flask import Response, g, make_response

from idp.federation.errors import Reason
from idp.federation.models import Connection
from idp.http.context import current_tenant
from idp.i18n import gettext as _
from idp.i18n import mark
from idp.web.rendering import render

_OK, _FORBIDDEN, _UPSTREAM = 200, 403, 502

_HEADINGS = {
    Reason.DENIED: mark("You didn’t sign in"),
    Reason.UNREACHABLE: mark("{connection} doesn’t answer"),
    Reason.LINK_FIRST: mark("You have an account already"),
    Reason.ANOTHER_PERSON: mark("That’s another account"),
    Reason.LINKED_TO_ANOTHER: mark("That account is linked already"),
    Reason.OTHER_IDENTITY: mark("Another account is linked"),
    Reason.NO_ACCOUNT: mark("You don’t have an account here"),
    Reason.DOMAIN_NOT_ALLOWED: mark("You don’t have an account here"),
    Reason.REGISTRATION_CLOSED: mark("You don’t have an account here"),
    Reason.ACCOUNT_DISABLED: mark("Your account is disabled"),
}
_SENTENCES = {
    Reason.DENIED: mark("You cancelled at {connection}, or it said no. Try again, or sign in another way."),
    Reason.UPSTREAM_ERROR: mark("{connection} reported a problem. Try again in a few minutes, or sign in another way."),
    Reason.UNREACHABLE: mark("It may be down. Try again in a few minutes, or sign in another way."),
    Reason.INVALID_ANSWER: mark(
        "The answer of {connection} can’t be used. Sign in another way, and tell your administrator."
    ),
    Reason.WRONG_ISSUER: mark(
        "The answer didn’t come from {connection}. Sign in another way, and tell your administrator."
    ),
    Reason.NO_SUBJECT: mark("{connection} didn’t say who you are. Sign in another way, and tell your administrator."),
    Reason.NOT_PERMITTED: mark(
        "Your account at {connection} isn’t one of those that {tenant} lets in. Use another one, or ask your "
        "administrator."
    ),
    Reason.NO_EMAIL: mark(
        "{connection} didn’t give us an email address. Add one to your account there, or sign in another way."
    ),
    Reason.EMAIL_UNVERIFIED: mark(
        "Your email address isn’t confirmed at {connection}. Confirm it there, then try again, or sign in another way."
    ),
    Reason.NO_ACCOUNT: mark("Nobody at {tenant} has your address. Ask your administrator for an invitation."),
    Reason.DOMAIN_NOT_ALLOWED: mark(
        "{tenant} accepts sign-ups from its own email addresses only. Use your work account, or ask your administrator."
    ),
    Reason.REGISTRATION_CLOSED: mark("{tenant} doesn’t accept sign-ups. Ask your administrator for an account."),
    Reason.LINK_FIRST: mark(
        "An account here has the address that {connection} knows you by. Sign in as you always do, then link "
        "{connection} on your account page."
    ),
    Reason.LINKED_TO_ANOTHER: mark(
        "Somebody else here signs in with that account at {connection}. Use another one, or ask your administrator."
    ),
    Reason.OTHER_IDENTITY: mark(
        "Your account here is linked to a different account at {connection}. Use that one, or unlink it first."
    ),
    Reason.ANOTHER_PERSON: mark("You were asked to confirm who you are. Use the account that you’re signed in with."),
    Reason.NOT_RECENT: mark(
        "{connection} let you through without asking who you are. Sign out there, then try again, or use another way."
    ),
    Reason.ACCOUNT_DISABLED: mark("You can’t sign in at {tenant} for now. Ask your administrator."),
}
_UPSTREAM_FAULTS = frozenset(
    {Reason.UPSTREAM_ERROR, Reason.UNREACHABLE, Reason.INVALID_ANSWER, Reason.WRONG_ISSUER, Reason.NO_SUBJECT}
)


def show(connection: Connection, reason: Reason, *, way_on: tuple[str, str]) -> Response:
    """The page.

    Args:
        connection: that was tried.
        reason: why it ended.
        way_on: what the one button says, and where it leads.
    """
    facts = {"connection": connection.label, "tenant": current_tenant().name}
    heading = _(_HEADINGS.get(reason, mark("You couldn’t sign in with {connection}")), **facts)
    status = _OK if reason is Reason.DENIED else _UPSTREAM if reason in _UPSTREAM_FAULTS else _FORBIDDEN
    body = render(
        "hosted/upstream_failed.html",
        heading,
        heading=heading,
        sentence=_(_SENTENCES[reason], **facts),
        reference=g.request_id,
        way_on=way_on,
    )
    return make_response(body, status)


def show_busy(connection: Connection, *, retry_after: int) -> Response:
    """Too many wait for upstreams: the browser waits in their place, and comes again by itself."""
    heading = _("One moment")
    body = render(
        "hosted/onward.html",
        heading,
        heading=heading,
        sentence=_("Many people are signing in with {connection}. This page tries again.", connection=connection.label),
        way_on=None,
    )
    answer = make_response(body, 503)
    answer.headers["Retry-After"] = answer.headers["Refresh"] = str(retry_after)
    return answer
