"""A mail leaves: opened in its tenant's unit, sent outside of any, by the tenant's own server or the installation's.

A tenant's server may be as slow as it likes; it takes a quarter of a worker's time at most.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

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
from idp.worker.turns import NotYet, Turns

PATIENCE_SECONDS = 1.0
"""How long a tenant's server takes without being slow."""
_REST = 3
"""How many times as long as a slow server took, its next mail waits."""
_turns = Turns()


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
        NotYet: it is not the tenant's turn.
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
        with _in_turn(wiring, message):
            transport.send(sender.smtp_url, mail, outbound=Outbound(settings.outbound_allow))
    elif installation is not None:
        try:
            transport.send(installation.get_secret_value(), mail)
        except MailSettingsInvalid as invalid:
            raise NotConfigured(f"IDP_SMTP_URL: {invalid.detail}") from None


@contextmanager
def _in_turn(wiring: Wiring, message: OutboxMessage) -> Generator[None]:
    """Let other tenants' mails go before this tenant's next one, when this one takes long.

    Raises:
        NotYet: one took long just now.
    """
    if seconds := _turns.wait(message.tenant_id, message.tenant_id):
        _let_others_go(wiring, message, seconds)
        raise NotYet(timedelta(seconds=seconds))
    began = time.monotonic()
    try:
        yield
    finally:
        took = time.monotonic() - began
        if took > PATIENCE_SECONDS:
            _turns.took(message.tenant_id, message.tenant_id, 0.0, _REST * took)
            _let_others_go(wiring, message, _REST * took)


def _let_others_go(wiring: Wiring, message: OutboxMessage, seconds: float) -> None:
    with wiring.platform_unit() as platform:
        outbox.hold_back(platform, message, timedelta(seconds=seconds))


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
