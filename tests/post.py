"""The post office of a test: the worker delivers what waits, and the mailbox of a tenant can be read."""

import re
import threading
from dataclasses import dataclass

import httpx
from sqlalchemy import func, select, update

from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.mail import messages
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import delivery

_LINK = re.compile(r"https?://[^\s<>\"']+")
_CODE = re.compile(r"^\s*(\d{4}[ \u00a0-]?\d{4})\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Mail:
    """One mail as it was sent."""

    to: str
    subject: str
    text: str
    html: str

    def links(self, path: str = "") -> list[str]:
        """Web addresses in its text, those with `path` in them."""
        return [link.rstrip(".,)") for link in _LINK.findall(self.text) if path in link]


class Post:
    """Mails of one tenant, oldest first."""

    def __init__(self, wiring: Wiring, tenant: Tenant) -> None:
        self.wiring, self.tenant = wiring, tenant

    def deliver(self) -> None:
        """Have the worker write every letter and send every mail of the tenant; what fails fails the test."""
        self._leave_out_others()
        while delivery.deliver_due(self.wiring, threading.Event()):
            pass
        with self.wiring.platform_unit() as platform:
            failed = platform.session.scalars(
                select(OutboxMessage).where(
                    OutboxMessage.tenant_id == self.tenant.id, OutboxMessage.last_error.is_not(None)
                )
            )
            errors = [f"{message.kind}: {message.last_error}" for message in failed]
        assert not errors, errors

    def _leave_out_others(self) -> None:
        """What other tests have left in this database is not for our worker."""
        waiting = (OutboxMessage.tenant_id != self.tenant.id, OutboxMessage.sent_at.is_(None))
        with self.wiring.platform_unit() as platform:
            platform.execute(update(OutboxMessage).where(*waiting).values(sent_at=func.now()))

    def mails(self, to: str | None = None) -> list[Mail]:
        """What was written, to one address or to everybody; `deliver` first."""
        with self.wiring.tenant_unit(self.tenant) as uow:
            rows = uow.session.scalars(
                select(OutboxMessage).where(OutboxMessage.kind == messages.KIND).order_by(OutboxMessage.id)
            )
            mails = [Mail(row.payload["to"], **outbox.open_body(uow, row)) for row in rows]
        return [mail for mail in mails if to in {None, mail.to}]

    def last(self, to: str) -> Mail:
        """The newest mail to an address, after everything that waits was delivered."""
        self.deliver()
        mails = self.mails(to)
        assert mails, f"nothing was sent to {to}"
        return mails[-1]

    def link(self, to: str, path: str = "?token=") -> str:
        """The address in the newest mail that has one with `path` in it."""
        self.deliver()
        links = [link for mail in self.mails(to) for link in mail.links(path)]
        assert links, f"no {path} was sent to {to}"
        return links[-1]

    def token(self, to: str, path: str = "?token=") -> str:
        """What stands behind the last ``=`` of that address."""
        return httpx.URL(self.link(to, path)).query.decode().partition("=")[2]

    def code(self, to: str) -> str:
        """The digits of the newest mail that has a code."""
        self.deliver()
        codes = [code for mail in self.mails(to) for code in _CODE.findall(mail.text)]
        assert codes, f"no code was sent to {to}"
        return re.sub(r"\D", "", codes[-1])
