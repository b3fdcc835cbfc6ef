"""``{issuer}/account/applications``: which applications a person said yes to, and taking it back (R14)."""

from flask import Response, make_response, request

from idp.authn import sessions
from idp.http import cookies, csrf
from idp.http.context import current_tenant, current_unit
from idp.http.security import isolate
from idp.i18n import gettext as _
from idp.ids import parse_id
from idp.oauth import clients, consents, resources
from idp.oauth.authorize.response import see_other
from idp.web import words
from idp.web.hosted.pages import blueprint
from idp.web.rendering import render


@blueprint.get("/account/applications")
def show_applications() -> Response:
    """What was agreed to."""
    isolate()
    uow = current_unit()
    session = sessions.resume(uow, cookies.session_secret())
    issuer = current_tenant().issuer
    if session is None:
        return see_other(f"{issuer}/")
    apis = resources.list_all(uow)
    applications = [
        {
            "client_id": str(client.id),
            "name": client.name,
            "given_at": consent.given_at,
            "scopes": [scope.title for scope in words.describe(consent.scope, apis)],
        }
        for consent, client in consents.list_of(uow, session.user_id)
    ]
    return make_response(
        render(
            "hosted/applications.html",
            _("Applications"),
            action=f"{issuer}/account/applications",
            csrf=csrf.token(),
            applications=applications,
            home_url=f"{issuer}/",
        )
    )


@blueprint.post("/account/applications")
def withdraw_application() -> Response:
    """Take a yes back; what was granted by it ends now (R8)."""
    csrf.require_own_form()
    uow = current_unit()
    session = sessions.resume(uow, cookies.session_secret())
    client_id = parse_id(request.form.get("withdraw", ""))
    if session is not None and client_id is not None:
        consents.withdraw(uow, session.user_id, clients.get(uow, client_id))
    return see_other(f"{current_tenant().issuer}/account/applications")
