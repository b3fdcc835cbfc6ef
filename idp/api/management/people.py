"""What a person looks like in the management API, and whom an id means."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from idp.api.fields import email, flag, moment, shown
from idp.api.profile import NullableProfileFields, ProfileFields
from idp.db.unit import UnitOfWork
from idp.rbac import bounds
from idp.users import service as users
from idp.users.models import User, UserEmail

ID = "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11"
_MOMENT = "2026-11-24T09:12:00.250000+00:00"
NEW = {"email": "ida@acme.example", "given_name": "Ida", "family_name": "Noor"}
PERSON = {
    "id": ID,
    **NEW,
    "email_verified": False,
    "status": "active",
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
    "disabled_at": None,
    "deletes_at": None,
}
STATUS = ("active", "disabled", "leaving")


class CreateUser(ProfileFields):  # type: ignore[misc,valid-type]
    """A person to add.  Their address counts as proven when they prove it, and a password is theirs to choose."""

    email = email("Address to sign in with; unique in the tenant.")


class CreateOneUser(CreateUser):
    """A person to add, and whether they hear of it."""

    send_invitation = flag("Mail them a link to come in with: it proves the address and takes a password.")


class ChangeUser(NullableProfileFields):  # type: ignore[misc,valid-type]
    """Changes of a profile (RFC 7396): members that are there are set, null takes one away."""

    deletes_at = fields.Raw(
        allow_none=True,
        validate=validate.Equal(None, error="Only null: the account is kept after all."),
        metadata={"description": "null keeps an account that was to be deleted."},
    )


class UserOut(ProfileFields):  # type: ignore[misc,valid-type]
    """A person."""

    id = shown("`sub` of their tokens; never changes, and is never anybody else's.")
    email = shown("Address to sign in with.")
    email_verified = flag("Whether it is proven to be theirs.", required=True)
    status = fields.String(
        required=True,
        validate=validate.OneOf(STATUS),
        metadata={"description": "`leaving`: will be deleted, unless they or you think better of it."},
    )
    created_at = moment("When the account was made.")
    updated_at = moment("When it changed last.")
    disabled_at = moment("Since when they are shut out.", allow_none=True)
    deletes_at = moment("When they will be deleted.", allow_none=True)


def describe(user: User, address: UserEmail) -> dict[str, Any]:
    """A person as the API shows them."""
    status = "disabled" if user.disabled_at else "leaving" if user.deletes_at else "active"
    return {
        "id": str(user.id),
        "email": address.address,
        "email_verified": address.verified_at is not None,
        "status": status,
        **user.profile.model_dump(exclude_none=True),
        "created_at": user.created_at.isoformat(),
        "updated_at": user.updated_at.isoformat(),
        "disabled_at": user.disabled_at and user.disabled_at.isoformat(),
        "deletes_at": user.deletes_at and user.deletes_at.isoformat(),
    }


def whole(uow: UnitOfWork, user: User) -> dict[str, Any]:
    """The same, read anew."""
    uow.flush()
    uow.session.refresh(user)
    return describe(user, users.primary_email(uow, user.id))


def person(uow: UnitOfWork, user_id: UUID) -> User:
    """Somebody of this tenant, to look at.

    Raises:
        NoSuchUser: nobody has that id.
    """
    return users.get(uow, user_id)


def touched(uow: UnitOfWork, user_id: UUID) -> User:
    """Somebody of this tenant, locked, whom the actor may do something to (R48).

    Raises:
        NoSuchUser: nobody has that id.
        BeyondYourOwn: they may do more than whoever asks.
    """
    user = uow.hold(users.get(uow, user_id))
    bounds.require_over_user(uow, user.id)
    return user
