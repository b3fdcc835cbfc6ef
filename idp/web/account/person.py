"""Whose account a page is about: the one who is signed in, or a sign-in that leads back to the page."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from flask import Response, request

from idp.authn import sessions
from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.errors import Invalid
from idp.http import cookies, csrf, language
from idp.http.context import current_unit
from idp.http.security import isolate
from idp.i18n import gettext as _
from idp.users import service as users
from idp.users.models import User, UserEmail
from idp.web.hosted import flows


class FieldTwice(Invalid):
    """A form with two values for one field, of which no two readers would take the same (R45)."""

    code = "field-twice"


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever is signed in, in this request.

    Attributes:
        uow: the tenant's unit; what is recorded in it was done by them.
        user: their row.
        email: the address that they have.
        session: of this browser.
    """

    uow: UnitOfWork
    user: User
    email: UserEmail
    session: Session

    def renew_session(self) -> None:
        """Go on under another secret, after they proved again who they are (R37)."""
        cookies.set_session(sessions.renew(self.uow, self.session))


View = Callable[[Person], Response]


def signed_in(path: str) -> Callable[[View], Callable[[], Response]]:
    """Make a view of the account out of a function of its person.

    Args:
        path: below the issuer, of the page that a sign-in leads back to.
    """

    def guard(view: View) -> Callable[[], Response]:
        @wraps(view)
        def guarded() -> Response:
            isolate()
            if request.method == "POST":
                csrf.require_own_form()
                _require_single_fields()
            uow = current_unit()
            session = sessions.resume(uow, cookies.session_secret())
            if session is None:
                return flows.begin(uow, "login", next_page=path)
            user = uow.get(User, session.user_id)
            uow.actor = uow.actor.as_user(user.id)
            language.prefer(user.profile.locale)
            return view(Person(uow, user, users.primary_email(uow, user.id), session))

        return guarded

    return guard


def _require_single_fields() -> None:
    if any(len(values) > 1 for _name, values in request.form.lists()):
        raise FieldTwice(_("This form came with two answers to one question. Go back and send it again."))
