"""``users/{user_id}/…``: what can be done to an account, each an act of its own (R8, R34, R36, R48)."""

from typing import Any
from uuid import UUID

from marshmallow import fields

from idp.accounts import credentials, recovery
from idp.api.fields import email, moment, shown
from idp.api.management.people import PERSON, UserOut, person, touched, whole
from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import PEOPLE
from idp.db.unit import UnitOfWork
from idp.federation import export
from idp.rbac import bounds
from idp.rbac.permissions import Permission
from idp.users import service as users

_TOUCHES = ("no-such-user", "beyond-your-own")


class Accepted(Body):
    """Taken."""

    status = shown("`accepted`.")


class NewAddress(Body):
    """Another address."""

    email = email("The new address.")


class Exported(Body):
    """What is known of a person."""

    exported_at = moment("Of when this is.")
    issuer = shown("Of the tenant.")
    user = fields.Dict(required=True, metadata={"description": "Account and profile."})
    emails = fields.List(fields.Dict(), required=True)
    roles = fields.List(fields.String(), required=True)
    sessions = fields.List(fields.Dict(), required=True)
    devices = fields.List(fields.Dict(), required=True)
    applications = fields.List(fields.Dict(), required=True)
    identities = fields.List(fields.Dict(), required=True)
    activity = fields.List(fields.Dict(), required=True)


EXPORT = {
    "exported_at": PERSON["updated_at"],
    "issuer": "http://localhost:8000/t/acme",
    "user": {"id": PERSON["id"]},
    "emails": [{"address": PERSON["email"], "verified_at": None}],
    "roles": ["member"],
    **{name: [] for name in ("sessions", "devices", "applications", "identities", "activity")},
}
_ACCEPTED = (202, Accepted, {"status": "accepted"})


@management.operation(
    "POST",
    "/users/<uuid:user_id>/disable",
    needs=Permission.USERS_WRITE,
    tag=PEOPLE,
    answer=(200, UserOut, PERSON | {"status": "disabled", "disabled_at": PERSON["updated_at"]}),
    refuses=(*_TOUCHES, "last-owner"),
    etag=True,
)
def disable_user(uow: UnitOfWork, user_id: UUID) -> dict[str, Any]:
    """Shut a person out.

    Their sessions, and everything that applications may do for them, end now. Nothing is lost.
    """
    user = touched(uow, user_id)
    users.disable(uow, user)
    return whole(uow, user)


@management.operation(
    "POST",
    "/users/<uuid:user_id>/enable",
    needs=Permission.USERS_WRITE,
    tag=PEOPLE,
    answer=(200, UserOut, PERSON),
    refuses=_TOUCHES,
    etag=True,
)
def enable_user(uow: UnitOfWork, user_id: UUID) -> dict[str, Any]:
    """Let a person in again.

    Nothing that ended comes back: they sign in anew.
    """
    user = touched(uow, user_id)
    users.enable(uow, user)
    return whole(uow, user)


@management.operation(
    "POST",
    "/users/<uuid:user_id>/unlock",
    needs=Permission.USERS_WRITE,
    tag=PEOPLE,
    answer=(204, None, None),
    refuses=_TOUCHES,
)
def unlock_user(uow: UnitOfWork, user_id: UUID) -> None:
    """Forget a person's wrong passwords.

    They can try again at once.
    """
    credentials.unlock(uow, touched(uow, user_id))


@management.operation(
    "POST",
    "/users/<uuid:user_id>/recovery",
    needs=Permission.USERS_WRITE,
    tag=PEOPLE,
    answer=_ACCEPTED,
    refuses=(*_TOUCHES, "cannot-recover"),
)
def recover_user(uow: UnitOfWork, user_id: UUID) -> dict[str, Any]:
    """Mail a person the link to a new password.

    To their proven address only. Nobody but them chooses the password, and nothing ends before they use the link.
    """
    recovery.request_for(uow, touched(uow, user_id))
    return {"status": "accepted"}


@management.operation(
    "POST",
    "/users/<uuid:user_id>/email",
    needs=Permission.USERS_WRITE,
    tag=PEOPLE,
    body=(NewAddress, {"email": "ida.noor@acme.example"}),
    answer=_ACCEPTED,
    refuses=(*_TOUCHES, "email-invalid", "account-disabled"),
)
def change_user_email(uow: UnitOfWork, sent: dict[str, Any], user_id: UUID) -> dict[str, Any]:
    """Ask for another address for a person.

    A mail to the new one brings a link that proves it; the old one is told, and stays until then. Whether somebody has
    the new address already shows in that mail only.
    """
    credentials.ask_for_address(uow, touched(uow, user_id), sent["email"])
    return {"status": "accepted"}


@management.operation(
    "GET",
    "/users/<uuid:user_id>/export",
    needs=Permission.USERS_READ,
    tag=PEOPLE,
    answer=(200, Exported, EXPORT),
    refuses=("no-such-user",),
)
def export_user(uow: UnitOfWork, user_id: UUID) -> dict[str, Any]:
    """Export what is known of a person.

    One document: account, addresses, roles, sessions, devices, consents, identities at upstreams and the newest 10,000
    events (GDPR article 20).
    That it was taken is an event. It says what `sessions:read`, `consents:read` and `events:read` let you see, and
    needs these too.
    """
    user = person(uow, user_id)
    for permission in (Permission.SESSIONS_READ, Permission.CONSENTS_READ, Permission.EVENTS_READ):
        bounds.require(uow, permission)
    return export.document(uow, user)
