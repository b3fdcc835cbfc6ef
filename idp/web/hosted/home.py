"""``{issuer}/``: whether somebody is signed in here, and the way in, to their account, or out."""

from flask import Response, make_response

from idp.authn import sessions
from idp.http import cookies, csrf
from idp.http.context import current_tenant, current_unit
from idp.http.security import isolate
from idp.i18n import gettext as _
from idp.users import service as users
from idp.users.models import User
from idp.web.hosted import flash
from idp.web.hosted.pages import blueprint
from idp.web.rendering import render


@blueprint.get("/")
def home() -> Response:
    """Who is signed in."""
    isolate()
    uow = current_unit()
    session = sessions.resume(uow, cookies.session_secret())
    issuer = current_tenant().issuer
    return make_response(
        render(
            "hosted/home.html",
            _("Your account"),
            notice=flash.sentence(),
            account_email=users.primary_email(uow, session.user_id).address if session is not None else None,
            deletes_at=uow.get(User, session.user_id).deletes_at if session is not None else None,
            csrf=csrf.token() if session is not None else None,
            login_url=f"{issuer}/login",
            logout_url=f"{issuer}/logout",
            account_url=f"{issuer}/account",
        )
    )
