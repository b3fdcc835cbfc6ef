"""Outbox kind → the function that makes it leave."""

from collections.abc import Callable

from idp.events.models import OutboxMessage
from idp.mail import messages, transport
from idp.wiring import Wiring

Handler = Callable[[Wiring, OutboxMessage], None]
"""Delivers one message or raises; may be called again for the same message, whose id says so."""


class NotConfigured(Exception):
    """Nothing is wrong with the message: an operator has to say where such messages go.  Does not count as a try."""


def send_mail(wiring: Wiring, message: OutboxMessage) -> None:
    """Hand a mail to the SMTP server; in development without one, the mailbox at ``/dev/mail`` is where it goes.

    Raises:
        NotConfigured: there is no server to hand it to.
        OSError, smtplib.SMTPException: the server is away, or said no.
    """
    settings = wiring.settings
    if settings.smtp_url is not None:
        mail = transport.compose(message.payload, message_id=message.id, mail_from=settings.mail_from)
        transport.send(settings.smtp_url.get_secret_value(), mail)
    elif not settings.dev:
        raise NotConfigured("IDP_SMTP_URL is not set, so mail cannot leave.")


HANDLERS: dict[str, Handler] = {
    messages.KIND: send_mail,
}
