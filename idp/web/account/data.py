"""``{issuer}/account/data``: everything that we know of a person, as a file (R63)."""

import json

from flask import Response

from idp.federation import export
from idp.http import limits
from idp.web.account import layout
from idp.web.account.person import Person, signed_in
from idp.web.hosted.pages import blueprint


@blueprint.get("/account/data")
@signed_in("account/data")
def show_data(_person: Person) -> Response:
    """What is in the file."""
    return layout.show("data")


@blueprint.post("/account/data")
@signed_in("account/data")
def download_data(person: Person) -> Response:
    """The file."""
    try:
        limits.spend(limits.PROOF)
    except limits.TooMany as refused:
        return layout.refuse(layout.show("data", error=refused.detail), refused)
    document = json.dumps(export.document(person.uow, person.user), ensure_ascii=False, indent=2)
    response = Response(document, mimetype="application/json")
    name = f"{person.uow.tenant.slug}-account-{person.uow.now:%Y-%m-%d}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
