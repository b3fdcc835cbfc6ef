"""``{issuer}/logout``: confirm signing out, and the page that says it is done (R15)."""

from flask import Response, make_response, request

from idp.authn import sessions
from idp.http import cookies, csrf
from idp.http.context import current_tenant, current_unit
from idp.http.security import allow_form_action
from idp.i18n import gettext as _
from idp.oauth import logout as protocol
from idp.oauth import parameters
from idp.oauth.redirect_uris import origin
from idp.users import service as users
from idp.web.hosted.pages import blueprint
from idp.web.rendering import render


@blueprint.get("/logout")
def show_logout() -> Response:
    """Ask; or say that nobody is signed in any more."""
    uow = current_unit()
    asked = protocol.examine(uow, parameters.read(request.query_string))
    session = sessions.resume(uow, cookies.session_secret())
    if session is None:
        return make_response(
            render(
                "hosted/signed_out.html",
                _("Signed out"),
                client_name=asked.client.name if asked.client is not None else None,
                return_url=asked.return_uri,
            )
        )
    allow_form_action(origin(asked.return_uri) if asked.return_uri is not None else None)
    return make_response(
        render(
            "hosted/logout.html",
            _("Sign out"),
            action=f"{current_tenant().issuer}/logout",
            csrf=csrf.token(),
            fields=protocol.carried(asked),
            account_email=users.primary_email(uow, session.user_id).address,
            client_name=asked.client.name if asked.client is not None else None,
        )
    )


@blueprint.post("/logout")
def submit_logout() -> Response:
    """Sign out, and on to where the client wants."""
    body = request.get_data()  # before the form is parsed, which would leave nothing of it
    csrf.require_own_form()
    uow = current_unit()
    asked = protocol.examine(uow, parameters.read(body))
    session = sessions.resume(uow, cookies.session_secret())
    if session is not None:
        protocol.sign_out(uow, session)
    return protocol.finish(asked)
