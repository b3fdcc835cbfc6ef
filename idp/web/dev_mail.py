"""The development mailbox: every mail that would have been sent, of every tenant.  Never part of a production."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, make_response
from sqlalchemy import select

from idp.db.unit import PlatformUnit
from idp.errors import NotFound
from idp.events.models import OutboxMessage
from idp.mail.messages import KIND
from idp.web.rendering import error_page, render

NEWEST = 200
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
_MAILS = select(OutboxMessage).where(OutboxMessage.kind == KIND)


def blueprint(begin: Callable[[], PlatformUnit], mail_from: str) -> Blueprint:
    """The mailbox's views; register them in development only.

    Args:
        begin: opens a cross-tenant unit.
        mail_from: the address that mails leave from.
    """
    mailbox = Blueprint("dev_mail", __name__)
    mailbox.register_error_handler(Exception, error_page)

    def newest() -> list[dict[str, Any]]:
        with begin() as platform:
            rows = platform.session.scalars(_MAILS.order_by(OutboxMessage.created_at.desc()).limit(NEWEST))
            return [_as_mail(row, mail_from) for row in rows]

    def get(message_id: UUID) -> dict[str, Any]:
        with begin() as platform:
            row = platform.session.scalar(_MAILS.where(OutboxMessage.id == message_id))
            if row is None:
                raise NotFound("There is no such mail.")
            return _as_mail(row, mail_from)

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


def _as_mail(row: OutboxMessage, mail_from: str) -> dict[str, Any]:
    payload = row.payload
    return {
        "id": str(row.id),
        "tenant_id": str(row.tenant_id),
        "from_": f"{payload['sender_name']} <{mail_from}>",
        "to": payload["to"],
        "subject": payload["subject"],
        "sent_at": row.created_at.isoformat(),
        "text": payload["text"],
        "html": payload["html"],
    }
