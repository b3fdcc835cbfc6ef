"""``{issuer}/select-account``: go on as who is signed in, or as somebody else (``prompt=select_account``)."""

from flask import Response, make_response, request

from idp.authn import login, sessions
from idp.http import cookies, csrf
from idp.http.context import current_tenant, current_unit
from idp.http.security import allow_form_action
from idp.i18n import gettext as _
from idp.oauth.authorize import store
from idp.oauth.authorize.endpoint import page, require_client
from idp.oauth.redirect_uris import origin
from idp.users import service as users
from idp.users.models import User
from idp.web.hosted.pages import blueprint, flow_id
from idp.web.rendering import render


@blueprint.get("/select-account")
def show_accounts() -> Response:
    """Who is signed in, and a way to be somebody else."""
    uow = current_unit()
    waiting = store.get(uow, flow_id(), cookies.browser_secret())
    session = sessions.resume(uow, cookies.session_secret())
    if session is None:
        return page("oauth/authorize/resume", waiting.id)
    email = users.primary_email(uow, session.user_id).address
    allow_form_action(origin(waiting.parameters.redirect_uri))
    return make_response(
        render(
            "hosted/select_account.html",
            _("Choose an account"),
            action=f"{current_tenant().issuer}/select-account",
            flow=str(waiting.id),
            csrf=csrf.token(),
            account={"name": uow.get(User, session.user_id).profile.name or email, "email": email},
            client_name=require_client(uow, waiting).name,
        )
    )


@blueprint.post("/select-account")
def choose_account() -> Response:
    """Go on, or sign in as somebody else.  Anything else asks again."""
    csrf.require_own_form()
    uow = current_unit()
    waiting = store.get(uow, flow_id(), cookies.browser_secret())
    match request.form.get("choice"):
        case "continue":
            waiting.account_selected_at = uow.now
            return page("oauth/authorize/resume", waiting.id)
        case "other":
            return page("login", login.begin(uow, cookies.ensure_browser_secret(), resume_to=waiting.id).id)
        case _:
            return page("select-account", waiting.id)
