"""``{issuer}/account``: everything at a glance, and the way to each page."""

from flask import Response

from idp.accounts import leaving
from idp.authn import passwords
from idp.federation import identities
from idp.i18n import format_ago, ngettext
from idp.i18n import gettext as _
from idp.oauth import consents, grants
from idp.web.account import layout
from idp.web.account.person import Person, signed_in
from idp.web.hosted import flash
from idp.web.hosted.pages import blueprint


@blueprint.get("/account")
@signed_in("account")
def show_overview(person: Person) -> Response:
    """Who is signed in, and how their account is doing."""
    uow, user = person.uow, person.user
    changed_at = passwords.changed_at(uow, user)
    signed_in_at = len(grants.list_sessions(uow, user.id))
    ways_in = [row[1].label for row in identities.list_of(uow, user.id)]
    allowed = len(consents.list_of(uow, user.id))
    states = {
        "profile": user.profile.name or _("Nothing filled in"),
        "email": _("Confirmed") if person.email.verified_at else _("Not confirmed yet"),
        "password": _("Changed {ago}", ago=format_ago(changed_at, uow.now)) if changed_at else _("Not set yet"),
        "connections": " · ".join([*([_("Password")] if changed_at else []), *ways_in]),
        "sessions": ngettext("{n} device", "{n} devices", signed_in_at),
        "applications": ngettext("{n} application", "{n} applications", allowed) if allowed else _("None yet"),
    }
    return layout.show(
        "overview",
        states=states,
        name=user.profile.name,
        email=person.email.address,
        deletes_at=user.deletes_at,
    )


@blueprint.post("/account/keep")
@signed_in("account")
def keep_account(person: Person) -> Response:
    """They think better of leaving."""
    leaving.cancel_deletion(person.uow, person.user)
    return layout.back_to("account", flash.STAYING)
