"""SMTP: how a mail leaves (RFC 5321), with a Message-ID of its own so that a second delivery is recognised as one."""

from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from idp.clock import utcnow
from idp.mail.errors import Undeliverable
from idp.mail.smtp import TOTAL_SECONDS, Attempt, Place
from idp.outbound import Outbound
from idp.users import service as users


def compose(payload: dict[str, Any], *, message_id: UUID, mail_from: str, host: str | None = None) -> EmailMessage:
    """The message; header values with a line break are refused by the library (R56).

    Args:
        payload: `to`, `sender_name`, `subject`, `text`, `html`.
        message_id: the same for every attempt.
        mail_from: the sender's address.
        host: of the Message-ID; the sender's domain when left out.

    Raises:
        Undeliverable: no header can hold one of the values.
    """
    message = EmailMessage()
    try:
        local, _, domain = _in_ascii(mail_from).rpartition("@")
        message["From"] = Address(payload["sender_name"], local, domain)
        message["To"] = _in_ascii(payload["to"])
        message["Subject"] = payload["subject"]
    except (ValueError, IndexError) as refused:
        raise Undeliverable(f"A header cannot hold this: {refused}") from refused
    message["Message-ID"] = f"<{message_id}@{host or domain}>"
    message["Date"] = utcnow()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(payload["text"])
    message.add_alternative(payload["html"], subtype="html")
    return message


def _in_ascii(address: str) -> str:
    """With its domain in ASCII (IDNA 2008): only a local part of its own script needs a server that knows SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{users.domain_of(address)}"


def send(smtp_url: str, message: EmailMessage, *, outbound: Outbound | None = None) -> None:
    """Deliver by ``smtp://`` (STARTTLS where offered) or ``smtps://``, with a user when the URL names one.

    Without TLS no password goes anywhere but to this machine, and nothing at all to a server that a tenant chose.

    Args:
        smtp_url: of the server.
        message: as `compose` made it.
        outbound: decides where a tenant's server may stand; None is our operator's own, wherever it stands.

    Raises:
        Undeliverable: the server refused this recipient or this message for good (RFC 5321 §4.2.1, 5yz).
        OSError: the server cannot be reached, or took too long.
        smtplib.SMTPException: it said no, for now.
        MailSettingsInvalid: the URL is none.
        OutboundRefused: a tenant's server stands where we do not call.
    """
    attempt = Attempt(Place.parse(smtp_url), message, outbound)
    attempt.run(TOTAL_SECONDS)
