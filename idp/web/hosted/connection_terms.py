"""``{issuer}/connections/{name}/terms``: what somebody new agrees to, before their account is made."""

from flask import Response, make_response, request

from idp.authn.models import LoginTransaction
from idp.db.unit import UnitOfWork
from idp.federation import connections, transactions
from idp.federation.models import Connection, FederationTransaction
from idp.http import cookies, csrf
from idp.http.context import current_tenant, current_unit
from idp.i18n import gettext as _
from idp.web.hosted import connection_ways, flows, newcomers
from idp.web.hosted import connections as connections_pages
from idp.web.hosted.pages import blueprint
from idp.web.rendering import render


@blueprint.get("/connections/<name>/terms")
def show_terms(name: str) -> Response:
    """What somebody new has to agree to, before their account is made."""
    uow = current_unit()
    _connection, transaction, trip = _waiting(uow, name)
    return _terms_form(uow, transaction, trip, name)


@blueprint.post("/connections/<name>/terms")
def submit_terms(name: str) -> Response:
    """Make the account, now that they agree."""
    csrf.require_own_form()
    uow = current_unit()
    connection, transaction, trip = _waiting(uow, name)
    if request.form.get("terms") != "yes":
        return _terms_form(uow, transaction, trip, name, errors={"terms": _("Agree to the terms to go on.")})
    profile = transactions.profile_of(uow, trip)
    if profile is None:
        raise connection_ways.expired()
    return connections_pages.sign_in(uow, connection, trip, transaction, profile, terms_accepted=True)


def _waiting(uow: UnitOfWork, name: str) -> tuple[Connection, LoginTransaction, FederationTransaction]:
    transaction = flows.current(uow)
    trip = transactions.find_waiting(uow, transaction.id, cookies.browser_secret())
    connection = connections.find(uow, name)
    if trip is None or connection is None or trip.connection_id != connection.id:
        raise connection_ways.expired()
    return connection, transaction, trip


def _terms_form(
    uow: UnitOfWork,
    transaction: LoginTransaction,
    trip: FederationTransaction,
    name: str,
    errors: dict[str, str] | None = None,
) -> Response:
    profile = transactions.profile_of(uow, trip)
    if profile is None:
        raise connection_ways.expired()
    issuer, flow = current_tenant().issuer, str(transaction.id)
    flows.opened_by(uow, transaction)
    body = render(
        "hosted/connection_terms.html",
        _("Almost there"),
        action=f"{issuer}/connections/{name}/terms",
        flow=flow,
        csrf=csrf.token(),
        name=profile.attributes.get("name"),
        email=profile.email,
        login_url=f"{issuer}/login?flow={flow}",
        errors=errors or {},
        **newcomers.rules(),
    )
    return make_response(body, 422 if errors else 200)
