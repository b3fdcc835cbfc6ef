"""A mail leaves: opened in its tenant's unit, sent outside of any, by the tenant's own server or the installation's."""

from dataclasses import dataclass, field

from sqlalchemy import select

from idp.errors import NotFound
from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.mail import settings as mail_settings
from idp.mail import transport
from idp.mail.errors import MailSettingsInvalid, Undeliverable
from idp.mail.settings import Sender
from idp.outbound import Outbound
from idp.tenants.models import Tenant
from idp.wiring import Wiring


class NotConfigured(Exception):
    """Nothing is wrong with the message: an operator has to say where such messages go.  Does not count as a try."""


@dataclass(frozen=True, slots=True)
class _Open:
    """What is to be sent, and as whom."""

    sender: Sender
    body: dict[str, str] = field(repr=False)


def send_mail(wiring: Wiring, message: OutboxMessage) -> None:
    """Hand a mail to an SMTP server; in development without one, the mailbox at ``/dev/mail`` is where it goes.

    Raises:
        NotConfigured: there is no server to hand it to.
        Undeliverable: it never will be delivered; its tenant is gone, or the server refused it for good.
        OSError, smtplib.SMTPException: the server is away, or said no for now.
    """
    settings, opened = wiring.settings, _open(wiring, message)
    sender = opened.sender
    installation = settings.smtp_url
    if sender.smtp_url is None and installation is None:
        if settings.dev:
            return
        raise NotConfigured("IDP_SMTP_URL is not set, so mail cannot leave.")
    mail = transport.compose(
        {**message.payload, **opened.body, **({"sender_name": sender.name} if sender.name else {})},
        message_id=message.id,
        mail_from=sender.address or settings.mail_from,
        host=settings.mail_from.rpartition("@")[2],
    )
    if sender.smtp_url is not None:
        transport.send(sender.smtp_url, mail, outbound=Outbound(settings.outbound_allow))
    elif installation is not None:
        try:
            transport.send(installation.get_secret_value(), mail)
        except MailSettingsInvalid as invalid:
            raise NotConfigured(f"IDP_SMTP_URL: {invalid.detail}") from None


def _open(wiring: Wiring, message: OutboxMessage) -> _Open:
    with wiring.platform_unit() as platform:
        tenant = platform.session.scalar(
            select(Tenant).where(Tenant.id == message.tenant_id, Tenant.deleted_at.is_(None))
        )
    if tenant is None:
        raise Undeliverable("The tenant was deleted.")
    with wiring.tenant_unit(tenant) as uow:
        try:
            return _Open(mail_settings.sender(uow), outbox.open_body(uow, message))
        except NotFound as shredded:
            raise Undeliverable("The tenant was deleted.") from shredded
