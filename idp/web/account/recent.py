"""What is only for whoever signed in just now: a sign-in that leads back to the page comes before it (R22, R38)."""

from typing import Any

from flask import Response, request

from idp.accounts import credentials
from idp.http.context import current_tenant
from idp.web.account import layout
from idp.web.account.person import Person, signed_in
from idp.web.hosted import flash, flows
from idp.web.hosted.pages import blueprint

_PAGES = ("connections", "password", "email", "delete")
"""That have something of the kind."""


@blueprint.get("/account/confirm")
@signed_in("account")
def confirm_person(person: Person) -> Response:
    """Have a person confirm that it is them, and go on at the page that they were at."""
    page = request.args.get("page")
    if page not in _PAGES:
        return layout.back_to("account")
    return begin(person, f"account/{page}")


def require_recent(person: Person, path: str) -> Response | None:
    """None for whoever signed in just now; for everybody else the answer that asks them to.

    Args:
        person: who is signed in.
        path: of the page that they go on at, which says so.

    Raises:
        TooMany: each is a row, as in `flows.begin`.
    """
    return None if credentials.is_recent(person.uow, person.session) else begin(person, path)


def require_recent_without_password(person: Person, path: str) -> Response | None:
    """As `require_recent`, of whoever has no password that could be asked for instead."""
    return None if credentials.has_password(person.uow, person.user) else require_recent(person, path)


def begin(person: Person, path: str) -> Response:
    """Confirm that it is still them, and go on at `path`."""
    next_page = f"{path}?{flash.PARAMETER}={flash.CONFIRMED}"
    return flows.begin(person.uow, "login", next_page=next_page, required_user_id=person.user.id)


def proof_of(person: Person, page: str) -> dict[str, Any]:
    """What a template needs to know to ask for the proof that it is them.

    Args:
        person: who is signed in.
        page: of `_PAGES`, to go on at.
    """
    return {
        "has_password": credentials.has_password(person.uow, person.user),
        "is_recent": credentials.is_recent(person.uow, person.session),
        "confirm_url": f"{current_tenant().issuer}/account/confirm?page={page}",
    }
