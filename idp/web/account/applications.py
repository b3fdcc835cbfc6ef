"""``{issuer}/account/applications``: which applications a person said yes to, and taking it back (R14)."""

from flask import Response, request

from idp.ids import parse_id
from idp.oauth import clients, consents, resources
from idp.web import words
from idp.web.account import layout
from idp.web.account.person import Person, signed_in
from idp.web.hosted import flash
from idp.web.hosted.pages import blueprint


@blueprint.get("/account/applications")
@signed_in("account/applications")
def show_applications(person: Person) -> Response:
    """What was agreed to."""
    apis = resources.list_all(person.uow)
    applications = [
        {
            "client_id": str(client.id),
            "name": client.name,
            "given_at": consent.given_at,
            "scopes": [scope.title for scope in words.describe(consent.scope, apis)],
        }
        for consent, client in consents.list_of(person.uow, person.user.id)
    ]
    return layout.show("applications", applications=applications)


@blueprint.post("/account/applications")
@signed_in("account/applications")
def withdraw_application(person: Person) -> Response:
    """Take a yes back; what was granted by it ends now (R8)."""
    client_id = parse_id(request.form.get("withdraw", ""))
    if client_id is not None:
        consents.withdraw(person.uow, person.user.id, clients.get(person.uow, client_id))
    return layout.back_to("account/applications", flash.WITHDRAWN)
