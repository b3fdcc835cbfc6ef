"""The mail of an alert: what happened, the particulars, what to do, and why one gets it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from idp.alerts.kinds import Kind
from idp.alerts.words import WORDS
from idp.db.unit import UnitOfWork
from idp.i18n import gettext as _
from idp.i18n import mark
from idp.mail.content import Circumstances, Content, Link, said
from idp.mail.sending import Recipient, mail
from idp.webhooks.endpoints import Reason

NO_ACCOUNT = mark("Nobody has the name that was tried")
OPERATOR = mark("An operator of the installation")
ITSELF = mark("Nobody, it happened by itself")
REASONS = {
    Reason.GONE.value: mark("It answers that there is nothing any more"),
    Reason.FAILING.value: mark("It has taken nothing for a long time"),
}
_PHRASES = frozenset({NO_ACCOUNT, OPERATOR, ITSELF, *REASONS.values()})


@dataclass(frozen=True, slots=True)
class Particulars(Circumstances):
    """When, from where and by what, after what else is known.

    Attributes:
        more: labels, yet to be translated, and values, as are phrases among these; what has no value is left out.
    """

    more: tuple[tuple[str, str | None], ...] = ()

    def facts(self) -> tuple[tuple[str, str], ...]:
        """All of them."""
        known = tuple((_(label), _(value) if value in _PHRASES else said(value)) for label, value in self.more if value)
        return (*known, *Circumstances.facts(self))


@mail
def security_alert(
    uow: UnitOfWork,
    _to: Recipient,
    *,
    kind: Kind,
    alert_id: UUID,
    at: datetime,
    ip: str | None,
    user_agent: str | None,
    more: tuple[tuple[str, str | None], ...],
) -> Content:
    """Tell somebody who watches over the tenant."""
    tenant, words = said(uow.tenant.name), WORDS[kind]
    return Content(
        subject=_(words.subject, tenant=tenant),
        heading=_(words.heading),
        before=(_(words.before, tenant=tenant),),
        circumstances=Particulars(at, ip, user_agent, more),
        after=(
            _(words.after),
            _(
                "You get this mail as an owner of {tenant}, or as one of the contacts for its security alerts. "
                "The settings alert_contacts and alert_kinds_off say who gets such mails, and of what.",
                tenant=tenant,
            ),
        ),
        other=Link(
            _("The alert, for programs of those who may read events:"),
            f"{uow.tenant.issuer}/api/v1/alerts/{alert_id}",
        ),
    )
