"""Pages on the way to an upstream and back, and where somebody goes who did not get there."""

from flask import Response, make_response, request

from idp.authn.models import LoginTransaction
from idp.federation.errors import RoundTripExpired
from idp.federation.models import Connection
from idp.http.context import current_tenant
from idp.i18n import gettext as _
from idp.web.rendering import render

ACCOUNT_PAGE = "account/connections"


def apart(answer: Response) -> Response:
    """What follows the callback, apart from the redirects that led to it: they may have begun with the upstream's form.

    Browsers hold such a chain to its end against the form's policy, which knows our callback and not the application.
    """
    if "Location" not in answer.headers or request.headers.get("Sec-Fetch-Dest") != "document":
        return answer
    return page_on_the_way(_("One moment"), _("Signing in…"), answer.headers["Location"])


def onward_page(connection: Connection, url: str) -> Response:
    """To the upstream, for whoever came by a form."""
    heading = _("Sign in with {connection}", connection=connection.label)
    return page_on_the_way(heading, _("We’re taking you to {connection}.", connection=connection.label), url)


def page_on_the_way(heading: str, sentence: str, url: str) -> Response:
    """A page that goes on by itself, which no policy of a form follows."""
    body = render("hosted/onward.html", heading, heading=heading, sentence=sentence, way_on=(_("Continue"), url))
    answer = make_response(body, 200)
    answer.headers["Refresh"] = f"0; url={url}"
    return answer


def back_to_login(transaction: LoginTransaction | None) -> tuple[str, str]:
    """Another way into the same login, or into a new one."""
    query = f"?flow={transaction.id}" if transaction is not None else ""
    return _("Sign in another way"), f"{current_tenant().issuer}/login{query}"


def back_to_account() -> tuple[str, str]:
    """The page where linking began."""
    return _("Back to your account"), f"{current_tenant().issuer}/{ACCOUNT_PAGE}"


def expired() -> RoundTripExpired:
    """What to raise when there is nothing to come back to."""
    return RoundTripExpired(
        _("This sign-in was finished before, began in another browser, or took too long. Sign in again.")
    )
