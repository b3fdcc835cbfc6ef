"""Schemas of the sign-in API: what is taken and what is answered are never the same one (R46)."""

from typing import Any

from marshmallow import fields, validate

from idp.api.fields import email, flag, moment, password, shown, text
from idp.api.profile import NullableProfileFields, ProfileFields
from idp.api.schemas import Body

_TOKEN: dict[str, Any] = {"longest": 200}


class ClientFields(Body):
    """How a client without HTTP Basic says who it is."""

    client_id = text("Of a client that sends no HTTP Basic.", longest=100)
    client_secret = text("Of a client that is registered for client_secret_post.", longest=500)
    client_assertion = text("Of a client that is registered for private_key_jwt (RFC 7523).", longest=16_384)
    client_assertion_type = text("As in RFC 7523 §2.2.", longest=100)


class Wanted(ClientFields):
    """What the tokens shall be for."""

    scope = text("Space-separated; all that the client may have when it is left out.", longest=4000)
    resource = fields.List(
        fields.String(validate=validate.Length(1, 500)),
        validate=validate.Length(1, 10),
        metadata={"description": "Identifiers of API resources (RFC 8707)."},
    )


class Register(Wanted, ProfileFields):  # type: ignore[misc,valid-type]
    """A sign-up."""

    email = email("Address to sign in with; not looked at beside an invitation, which has its own.", required=False)
    password = password("At least as long as the tenant wants it (`password_min_length`), at most 128 characters.")
    terms_accepted = flag("Needed where the tenant has terms.")
    invitation = text("Token of an invitation's link.", **_TOKEN)


class VerifyEmail(Wanted):
    """A proof of an address: a code with its transaction, or the token of a mailed link."""

    transaction = text("As `register` or `login` answered it.", **_TOKEN)
    code = text("From the mail.", longest=20, pattern=r"^[0-9]{8}$")
    token = text("Of the mail's link.", **_TOKEN)
    password = password("Of the sign-up, where the link is opened without its transaction.", required=False)


class Resend(ClientFields):
    """Which proof to send again."""

    transaction = text("As `register` or `login` answered it.", required=True, **_TOKEN)


class Login(Wanted):
    """Email and password."""

    email = email(required=True)
    password = password("As typed.")


class Refresh(Wanted):
    """The refresh grant (RFC 6749 §6)."""

    refresh_token = text("The newest one.", required=True, **_TOKEN)


class Logout(Body):
    """What else to end."""

    refresh_token = text("Of another sign-in of the same client, which ends too.", **_TOKEN)


class Forgot(ClientFields):
    """Whose password is forgotten."""

    email = email(required=True)


class Reset(ClientFields):
    """A mailed link, and what it makes."""

    token = text("Of the mail's link.", required=True, **_TOKEN)
    password = password("The new one.")


class ConfirmedByPassword(Body):
    """What matters wants the password once more (R38)."""

    current_password = password(
        "The one that is good now. Somebody without one leaves it out, and has to have signed in within 5 minutes.",
        required=False,
    )


class ChangePassword(ConfirmedByPassword):
    """From one password, or none, to another."""

    new_password = password("The new one.")


class ChangeEmail(ConfirmedByPassword):
    """From one address to another."""

    email = email("The new address.", required=True)


class VerifyOwnEmail(Body):
    """The proof of a new address."""

    code = text("From the mail.", longest=20, required=True, pattern=r"^[0-9]{8}$")


class ChangeMe(NullableProfileFields):  # type: ignore[misc,valid-type]
    """Changes of a profile (RFC 7396): members that are there are set, null takes one away."""

    deletes_at = fields.Raw(
        allow_none=True,
        validate=validate.Equal(None, error="Only null: the account is kept after all."),
        metadata={"description": "null keeps an account that was to be deleted."},
    )


class Tokens(Body):
    """RFC 6749 §5.1, OpenID Connect Core §3.1.3.3: what the token endpoint answers."""

    access_token = shown("RFC 9068, for the header `Authorization: Bearer …`.")
    token_type = fields.String(required=True, validate=validate.OneOf(["Bearer"]))
    expires_in = fields.Integer(required=True, strict=True, metadata={"description": "Seconds."})
    scope = shown("What was granted.")
    refresh_token = fields.String(metadata={"description": "Good once; its successor comes with the next answer."})
    id_token = fields.String(metadata={"description": "Where `openid` was granted."})


class ActionRequired(Body):
    """Not signed in yet: a step is missing."""

    status = fields.String(required=True, validate=validate.OneOf(["action_required"]))
    next = fields.String(
        required=True, validate=validate.OneOf(["verify-email"]), metadata={"description": "The operation to call."}
    )
    transaction = shown("Secret: give it back with the next step.")
    expires_in = fields.Integer(required=True, strict=True, metadata={"description": "Seconds."})


class Status(Body):
    """Done, and nobody was signed in by it."""

    status = fields.String(required=True, validate=validate.OneOf(["accepted", "verified"]))


class Me(ProfileFields):  # type: ignore[misc,valid-type]
    """An account as its owner sees it."""

    sub = shown("Who; never changes.")
    email = shown("Address to sign in with.")
    email_verified = fields.Boolean(required=True)
    phone_number_verified = fields.Boolean(metadata={"description": "Where there is a phone number."})
    roles = fields.List(fields.String(), required=True)
    created_at = moment("When it began.")
    updated_at = moment("When it changed last.")
    deletes_at = moment("When it will be deleted, as was asked for; null when it stays.", allow_none=True)


class SignedIn(Body):
    """A session."""

    id = shown("For `DELETE sessions/{session_id}`; `sid` of its tokens.")
    is_current = fields.Boolean(required=True, metadata={"description": "Whether this request's token is of it."})
    created_at = moment("When it began.")
    authenticated_at = moment("When the password was given last.")
    last_seen_at = moment("When it was used last.")
    ip = shown("From where it began.", allow_none=True)
    device = shown("The same in words, where it is known.", allow_none=True)
    user_agent = shown("By what it began.", allow_none=True)


class Sessions(Body):
    """Where somebody is signed in."""

    sessions = fields.List(fields.Nested(SignedIn), required=True)
