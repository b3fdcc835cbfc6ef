"""SMTP: how a mail leaves (RFC 5321), with a Message-ID of its own so that a second delivery is recognised as one."""

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from idp.clock import utcnow

TIMEOUT_SECONDS = 10.0


def compose(payload: dict[str, Any], *, message_id: UUID, mail_from: str) -> EmailMessage:
    """The message; header values with a line break are refused by the library (R56)."""
    message = EmailMessage()
    local, _, domain = mail_from.rpartition("@")
    message["From"] = Address(payload["sender_name"], local, domain)
    message["To"] = payload["to"]
    message["Subject"] = payload["subject"]
    message["Message-ID"] = f"<{message_id}@{domain}>"
    message["Date"] = utcnow()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(payload["text"])
    message.add_alternative(payload["html"], subtype="html")
    return message


def send(smtp_url: str, message: EmailMessage) -> None:
    """Deliver by ``smtp://`` (STARTTLS where offered) or ``smtps://``, with a user when the URL names one.

    Raises:
        OSError: the server cannot be reached.
        smtplib.SMTPException: it said no.
    """
    parts = urlsplit(smtp_url)
    context = ssl.create_default_context()
    host, timeout = parts.hostname or "localhost", TIMEOUT_SECONDS
    with (
        smtplib.SMTP_SSL(host, parts.port or 465, timeout=timeout, context=context)
        if parts.scheme == "smtps"
        else smtplib.SMTP(host, parts.port or 587, timeout=timeout)
    ) as server:
        server.ehlo_or_helo_if_needed()
        if parts.scheme != "smtps" and server.has_extn("starttls"):
            server.starttls(context=context)
        if parts.username is not None:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
