"""``mail-settings`` and ``mail/failed``: by which server a tenant's mail leaves, and what did not (R54, R56)."""

from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import select

from idp.accounts.letters import MAILS
from idp.actor import ActorKind
from idp.api.fields import moment, shown, text
from idp.api.listing import Listing
from idp.api.management.access import REALM
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import MAIL
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.events.models import OutboxMessage
from idp.http import limits
from idp.http.context import current_platform
from idp.mail import dead_letters, messages
from idp.mail import settings as mail_settings
from idp.oauth import bearer
from idp.rbac.permissions import Permission
from idp.tenants import service as tenants
from idp.users import service as users
from idp.users.models import User

SETTINGS = {
    "sender_name": "Acme",
    "sender_address": "no-reply@acme.example",
    "smtp_server": "smtp://mail.acme.example:587",
    "smtp_user": "acme",
}
CHANGE = {
    "sender_name": "Acme",
    "sender_address": "no-reply@acme.example",
    "smtp_url": "smtp://acme:a-password@mail.acme.example:587",
}
LETTER = {
    "id": "01981a4e-f410-7d99-8b3c-1e0f9a8b7c60",
    "to": "ida@acme.example",
    "template": "reset_password",
    "attempts": 10,
    "created_at": "2026-11-24T09:12:00.250000+00:00",
    "dead_at": "2026-11-24T09:55:00.250000+00:00",
}


class ChangeMailSettings(Body):
    """What to change; null is the installation's again."""

    sender_name = text("Before the address.", longest=mail_settings.LONGEST_NAME, nullable=True)
    sender_address = text("In `From`.", longest=254, nullable=True)
    smtp_url = text(
        "`smtp://user:password@host:587` or `smtps://…`; written, and never shown again.",
        longest=mail_settings.LONGEST_URL,
        nullable=True,
    )


class MailSettingsOut(Body):
    """As what a tenant's mail leaves; null is the installation's."""

    sender_name = shown("Before the address.", allow_none=True)
    sender_address = shown("In `From`.", allow_none=True)
    smtp_server = shown("The tenant's own server, without user and password.", allow_none=True)
    smtp_user = shown("As whom we are there; not where a service takes its secret for both.", allow_none=True)


class FailedMail(Body):
    """A mail that could not be delivered; not what it says."""

    id = shown("For `mail/failed/{message_id}/retry`.")
    to = shown("Whom it was for.", allow_none=True)
    template = shown("Which mail it is.")
    attempts = fields.Integer(required=True, strict=True)
    created_at = moment("When it was written.")
    dead_at = moment("When it was given up.")


LISTING = Listing("failed-mail", orders={"created_at": Order((OutboxMessage.id,))}, default="-created_at")


@management.operation(
    "GET", "/mail-settings", needs=Permission.MAIL_READ, tag=MAIL, answer=(200, MailSettingsOut, SETTINGS)
)
def get_mail_settings(uow: UnitOfWork) -> dict[str, Any]:
    """Show as what mail leaves."""
    return _describe(uow)


@management.operation(
    "PATCH",
    "/mail-settings",
    needs=Permission.MAIL_WRITE,
    tag=MAIL,
    body=(ChangeMailSettings, CHANGE),
    answer=(200, MailSettingsOut, SETTINGS),
    refuses=("mail-settings-invalid",),
)
def change_mail_settings(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Change as what mail leaves.

    The server sees every link to a new password, so this is for owners. Its URL holds a password: it is sealed, and
    changing the host means giving all of it again.
    """
    if sent:
        mail_settings.update(uow, **{name: value or "" for name, value in sent.items()})
    return _describe(uow)


@management.operation(
    "PUT",
    "/mail-settings",
    needs=Permission.MAIL_WRITE,
    tag=MAIL,
    body=(ChangeMailSettings, CHANGE),
    answer=(200, MailSettingsOut, SETTINGS),
    refuses=("mail-settings-invalid",),
)
def replace_mail_settings(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Replace as what mail leaves.

    By all of it, the URL of the server with its password too: what is left out is the installation's again.
    """
    mail_settings.update(uow, **{name: sent.get(name) or "" for name in ChangeMailSettings._declared_fields})  # noqa: SLF001 - marshmallow's own way
    return _describe(uow)


@management.operation("DELETE", "/mail-settings", needs=Permission.MAIL_WRITE, tag=MAIL, answer=(204, None, None))
def clear_mail_settings(uow: UnitOfWork) -> None:
    """Let mail leave as the installation's does."""
    mail_settings.clear(uow)


@management.operation(
    "POST",
    "/mail-settings/test",
    needs=Permission.MAIL_WRITE,
    tag=MAIL,
    answer=(202, None, None),
    refuses=("insufficient-scope",),
)
def send_test_mail(uow: UnitOfWork) -> None:
    """Send yourself a test mail.

    To the address of your own account, by the way that every mail takes. Only people can ask for it. If it does not
    arrive within an hour, see `mail/failed`.
    """
    user = uow.find(User, uow.actor.id) if uow.actor.kind is ActorKind.USER and uow.actor.id else None
    if user is None:
        raise bearer.refusal(REALM, "insufficient_scope", "The access token is not a person's.", status=403)
    to = messages.recipient_of(user, users.primary_email(uow, user.id))
    limits.spend(limits.MAIL, recipient=to.address)
    messages.trial(uow, to)


@management.operation(
    "GET",
    "/mail/failed",
    needs=Permission.MAIL_READ,
    tag=MAIL,
    query=LISTING.query,
    answer=(200, listed(FailedMail), {"items": [LETTER], "next_cursor": None}),
)
def list_failed_mail(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List mails that could not be delivered.

    They stay for 30 days.
    """
    failed = select(OutboxMessage).where(OutboxMessage.dead_at.is_not(None), OutboxMessage.kind.in_(MAILS))
    page = LISTING.page(uow, failed, query)
    return LISTING.answer(uow, page, [_letter(row[0]) for row in page.rows], query)


@management.operation(
    "POST",
    "/mail/failed/<uuid:message_id>/retry",
    needs=Permission.MAIL_WRITE,
    tag=MAIL,
    answer=(202, None, None),
    refuses=("no-such-mail",),
)
def retry_mail(uow: UnitOfWork, message_id: UUID) -> None:
    """Send a failed mail again.

    It goes back to the queue, with all its tries before it.
    """
    platform = current_platform(uow.actor)
    dead_letters.retry(platform, MAILS, ids={message_id}, tenant=tenants.get(platform, uow.tenant.slug))


def _describe(uow: UnitOfWork) -> dict[str, Any]:
    row = mail_settings.get(uow)
    return {
        "sender_name": row.sender_name if row else None,
        "sender_address": row.sender_address if row else None,
        "smtp_server": mail_settings.server(uow),
        "smtp_user": mail_settings.server_user(uow),
    }


def _letter(row: OutboxMessage) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "to": row.payload.get("to") or row.payload.get("email"),
        "template": dead_letters.template_of(row),
        "attempts": row.attempts,
        "created_at": row.created_at.isoformat(),
        "dead_at": row.dead_at and row.dead_at.isoformat(),
    }
