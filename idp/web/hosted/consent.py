"""``{issuer}/consent``: who asks, what for, allow or deny (R14)."""

from urllib.parse import urlsplit

from flask import Response, make_response, request

from idp.authn import sessions
from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.http import cookies, csrf
from idp.http.context import current_tenant, current_unit
from idp.http.security import allow_form_action
from idp.i18n import gettext as _
from idp.oauth import consents
from idp.oauth.authorize import store
from idp.oauth.authorize.endpoint import deny, page, require_client
from idp.oauth.clients import find_registration
from idp.oauth.models import ApiResource, AuthorizationRequest, Client
from idp.oauth.redirect_uris import origin
from idp.users import service as users
from idp.web import words
from idp.web.hosted.pages import blueprint, flow_id
from idp.web.rendering import render


@blueprint.get("/consent")
def show_consent() -> Response:
    """Ask the person who is signed in."""
    uow = current_unit()
    waiting = store.get(uow, flow_id(), cookies.browser_secret())
    session = sessions.resume(uow, cookies.session_secret())
    if session is None:
        return page("oauth/authorize/resume", waiting.id)
    return _form(uow, waiting, session)


@blueprint.post("/consent")
def decide_consent() -> Response:
    """Remember a yes, or answer the client with a no.  Anything else asks again."""
    csrf.require_own_form()
    uow = current_unit()
    waiting = store.get(uow, flow_id(), cookies.browser_secret())
    session = sessions.resume(uow, cookies.session_secret())
    client = require_client(uow, waiting)
    if session is None:
        return page("oauth/authorize/resume", waiting.id)
    uow.actor = uow.actor.as_user(session.user_id)
    match request.form.get("decision"):
        case "allow":
            consents.give(uow, session.user_id, client, consents.needed(waiting.parameters))
            waiting.consented_at = uow.now
            return page("oauth/authorize/resume", waiting.id)
        case "deny":
            return deny(uow, waiting, "access_denied", "The person said no.")
        case _:
            return _form(uow, waiting, session)


def _form(uow: UnitOfWork, waiting: AuthorizationRequest, session: Session) -> Response:
    client, asked = require_client(uow, waiting), waiting.parameters
    allow_form_action(origin(asked.redirect_uri))
    return make_response(
        render(
            "hosted/consent.html",
            _("Allow {client}", client=client.name),
            action=f"{current_tenant().issuer}/consent",
            flow=str(waiting.id),
            csrf=csrf.token(),
            client_name=client.name,
            client_host=urlsplit(asked.redirect_uri).netloc or urlsplit(asked.redirect_uri).scheme,
            client_uri=client.client_uri,
            policy_uri=client.policy_uri,
            tos_uri=client.tos_uri,
            scopes=words.describe(consents.needed(asked), _resources(uow, client)),
            applications_url=f"{current_tenant().issuer}/account/applications",
            account_email=users.primary_email(uow, session.user_id).address,
            resource_names=[],
        )
    )


def _resources(uow: UnitOfWork, client: Client) -> tuple[ApiResource, ...]:
    registration = find_registration(uow, client.id)
    return registration.resources if registration is not None else ()
