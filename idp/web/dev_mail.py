"""The development mailbox: every mail that would have been sent, of every tenant.  Never part of a production."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, make_response
from sqlalchemy import Select, select

from idp.db.unit import PlatformUnit
from idp.errors import NotFound
from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.mail import settings as mail_settings
from idp.mail.messages import KIND
from idp.mail.settings import Sender
from idp.tenants.models import Tenant
from idp.web.rendering import error_page, render

NEWEST = 200
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'"
_MAILS = (
    select(Tenant, OutboxMessage)
    .join(Tenant, Tenant.id == OutboxMessage.tenant_id)
    .where(OutboxMessage.kind == KIND, Tenant.deleted_at.is_(None))
)
"""Of living tenants: a deleted one's cannot be opened any more."""


def blueprint(begin: Callable[[], PlatformUnit], mail_from: str) -> Blueprint:
    """The mailbox's views; register them in development only.

    Args:
        begin: opens a cross-tenant unit.
        mail_from: the address that mails leave from.
    """
    mailbox = Blueprint("dev_mail", __name__)
    mailbox.register_error_handler(Exception, error_page)

    def read(chosen: Select[Tenant, OutboxMessage]) -> list[dict[str, Any]]:
        with begin() as platform:
            return _open(platform, chosen, mail_from)

    def newest() -> list[dict[str, Any]]:
        return read(_MAILS.order_by(OutboxMessage.created_at.desc(), OutboxMessage.id.desc()).limit(NEWEST))

    def get(message_id: UUID) -> dict[str, Any]:
        for mail in read(_MAILS.where(OutboxMessage.id == message_id)):
            return mail
        raise NotFound("There is no such mail.")

    @mailbox.get("/dev/mail")
    def show_mailbox() -> str:
        return render("dev/mail.html", "Mailbox", messages=newest())

    @mailbox.get("/dev/mail.json")
    def list_mail() -> Response:
        return jsonify(newest())

    @mailbox.get("/dev/mail/<uuid:message_id>")
    def show_mail(message_id: UUID) -> str:
        message = get(message_id)
        return render("dev/mail_message.html", message["subject"], message=message)

    @mailbox.get("/dev/mail/<uuid:message_id>/html")
    def show_html_part(message_id: UUID) -> Response:
        response = make_response(get(message_id)["html"])
        response.headers["Content-Security-Policy"] = _SANDBOX
        return response

    return mailbox


def _open(platform: PlatformUnit, chosen: Select[Tenant, OutboxMessage], mail_from: str) -> list[dict[str, Any]]:
    senders: dict[UUID, Sender] = {}
    mails = []
    for tenant, message in platform.session.execute(chosen).all():
        with platform.within(tenant) as uow:
            if tenant.id not in senders:
                senders[tenant.id] = mail_settings.sender(uow)
            mails.append(_as_mail(message, outbox.open_body(uow, message), senders[tenant.id], mail_from))
    return mails


def _as_mail(message: OutboxMessage, body: dict[str, Any], sender: Sender, mail_from: str) -> dict[str, Any]:
    whole = {**message.payload, **body}  # mails of the release before have all of it in the payload
    return {
        "id": str(message.id),
        "tenant_id": str(message.tenant_id),
        "from_": f"{sender.name or whole['sender_name']} <{sender.address or mail_from}>",
        "to": whole["to"],
        "subject": whole["subject"],
        "sent_at": message.created_at.isoformat(),
        "text": whole["text"],
        "html": whole["html"],
    }
