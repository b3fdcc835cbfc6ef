"""``{issuer}/account/connections``: by what a person can sign in, and accounts elsewhere to link and unlink (R22).

Whoever links or unlinks has signed in just now; what was asked for longer after that begins with a sign-in.
"""

from typing import Any

from flask import Response, request

from idp.authn import passwords
from idp.federation import identities, offers
from idp.federation.errors import LastWayIn, NoSuchIdentity
from idp.federation.models import Connection, FederatedIdentity
from idp.federation.providers.registry import KINDS
from idp.http import limits
from idp.i18n import format_ago
from idp.ids import parse_id
from idp.web.account import layout, recent
from idp.web.account.person import Person, signed_in
from idp.web.hosted import connection_ways, connections, flash
from idp.web.hosted.pages import blueprint

_PATH = connection_ways.ACCOUNT_PAGE


@blueprint.get("/account/connections")
@signed_in(_PATH)
def show_ways_in(person: Person) -> Response:
    """Each way in, and those that could be added."""
    return _page(person)


@blueprint.post("/account/connections")
@signed_in(_PATH)
def change_ways_in(person: Person) -> Response:
    """Link an account elsewhere, or unlink one.  Anything else shows the page."""
    asked = recent.require_recent(person, _PATH)
    if asked is not None:
        return asked
    if "link" in request.form:
        return _link(person, request.form["link"])
    if "unlink" in request.form:
        return _unlink(person, request.form["unlink"])
    return _page(person)


def _link(person: Person, name: str) -> Response:
    limits.spend(limits.VISIT)
    connection = next((row for row in offers.linkable(person.uow, person.user.id) if row.name == name), None)
    if connection is None:  # linked, or not offered any more, since the page was shown
        return layout.back_to(_PATH)
    return connections.leave_to_link(person.uow, connection, person.user)


def _unlink(person: Person, identity_id: str) -> Response:
    """This session goes on under another secret, every other one ends (R8)."""
    try:
        identities.unlink(person.uow, person.user, parse_id(identity_id), session=person.session)
    except NoSuchIdentity:  # unlinked since the page was shown
        return layout.back_to(_PATH)
    except LastWayIn as refused:
        return layout.refuse(_page(person, error=refused.detail), refused)
    person.renew_session()
    return layout.back_to(_PATH, flash.IDENTITY_UNLINKED)


def _page(person: Person, *, error: str | None = None) -> Response:
    return layout.show(
        "connections",
        password_changed_at=passwords.changed_at(person.uow, person.user),
        identities=[_described(person, row[0], row[1]) for row in identities.list_of(person.uow, person.user.id)],
        offered=[
            {"name": row.name, "label": row.label, "icon": icon_of(row)}
            for row in offers.linkable(person.uow, person.user.id)
        ],
        error=error,
        **recent.proof_of(person, "connections"),
    )


def _described(person: Person, identity: FederatedIdentity, connection: Connection) -> dict[str, Any]:
    names = dict.fromkeys(name for name in (identity.username, identity.email) if name)
    used_at = identity.last_used_at
    return {
        "id": str(identity.id),
        "label": connection.label,
        "icon": icon_of(connection),
        "is_offered": connection.disabled_at is None,
        "names": list(names),
        "linked_at": identity.linked_at,
        "used_at": used_at,
        "used": format_ago(used_at, person.uow.now) if used_at is not None else None,
    }


def icon_of(connection: Connection) -> str:
    """The name of the picture that stands for an upstream."""
    return connection.options.icon or KINDS[connection.kind].icon
