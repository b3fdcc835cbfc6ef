"""A tenant's own sender and SMTP server (R52, R56, R57).

The URL of the server holds a password, so it is sealed and never shown again.  The server is somebody else's to choose:
whether we may call it is asked when we do, by `idp.outbound`.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.mail.errors import MailSettingsInvalid
from idp.mail.models import MailSettings
from idp.mail.smtp import Place
from idp.users import service as users
from idp.users.errors import EmailInvalid

LONGEST_NAME = 100
LONGEST_URL = 1000
_TABLE, _COLUMN = "mail_settings", "smtp_url_sealed"


@dataclass(frozen=True, slots=True)
class Sender:
    """As what a tenant's mail leaves; None is the installation's.

    Attributes:
        name: before the address.
        address: in ``From``.
        smtp_url: of the tenant's own server, with its password.
    """

    name: str | None = None
    address: str | None = None
    smtp_url: str | None = field(default=None, repr=False)


def get(uow: UnitOfWork) -> MailSettings | None:
    """The row, if the tenant decided anything."""
    return uow.session.scalar(select(MailSettings))


def sender(uow: UnitOfWork) -> Sender:
    """What its mail leaves as; for whoever sends it.

    Raises:
        SealBroken: the URL was sealed elsewhere, or is damaged.
    """
    row = get(uow)
    if row is None:
        return Sender()
    url = row.smtp_url_sealed
    opened = None if url is None else uow.data_key.unseal(url, table=_TABLE, column=_COLUMN, row=uow.tenant.id)
    return Sender(row.sender_name, row.sender_address, None if opened is None else opened.decode())


def place(uow: UnitOfWork) -> Place | None:
    """The tenant's own server, with its password."""
    url = sender(uow).smtp_url
    return None if url is None else Place.parse(url)


def server(uow: UnitOfWork) -> str | None:
    """The tenant's own server without user and password, for people to look at."""
    at = place(uow)
    return None if at is None else f"{at.scheme}://{at.host}:{at.port}"


def server_user(uow: UnitOfWork) -> str | None:
    """As whom we are at the tenant's own server; None too where a service takes its secret for both."""
    at = place(uow)
    return None if at is None or at.username == at.password else at.username or None


def update(
    uow: UnitOfWork,
    *,
    sender_name: str | None = None,
    sender_address: str | None = None,
    smtp_url: str | None = None,
) -> MailSettings:
    """Change what is given; an empty text is the installation's again.

    Args:
        uow: the tenant's unit.
        sender_name: what a mailbox shows.
        sender_address: of ``From``.
        smtp_url: ``smtp://user:password@host:587`` or ``smtps://…``.

    Raises:
        MailSettingsInvalid: one of them is none.
    """
    given = {"sender_name": sender_name, "sender_address": sender_address, "smtp_url": smtp_url}
    changed = [name for name, value in given.items() if value is not None]
    name, address, url = _name(sender_name), _address(sender_address), _url(smtp_url)
    uow.execute(insert(MailSettings).values(tenant_id=uow.tenant.id).on_conflict_do_nothing())
    row = uow.session.scalars(select(MailSettings).with_for_update()).one()
    if sender_name is not None:
        row.sender_name = name
    if sender_address is not None:
        row.sender_address = address
    if smtp_url is not None:
        row.smtp_url_sealed = (
            None if url is None else uow.data_key.seal(url.encode(), table=_TABLE, column=_COLUMN, row=uow.tenant.id)
        )
    uow.flush()
    events.record(uow, EventType.MAIL_SETTINGS_UPDATED, changed=changed)
    return row


def clear(uow: UnitOfWork) -> None:
    """Let the tenant's mail leave as the installation's does."""
    gone = uow.session.scalar(delete(MailSettings).returning(MailSettings.tenant_id))
    if gone is not None:
        events.record(uow, EventType.MAIL_SETTINGS_UPDATED, changed=["sender_name", "sender_address", "smtp_url"])


def _name(given: str | None) -> str | None:
    name = (given or "").strip()
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise MailSettingsInvalid(
            f"A sender's name is one line of at most {LONGEST_NAME} characters.", field="sender_name"
        )
    return name or None


def _address(given: str | None) -> str | None:
    if not (given or "").strip():
        return None
    try:
        return users.parse_email(given or "")
    except EmailInvalid as invalid:
        raise MailSettingsInvalid(invalid.detail, field="sender_address") from None


def _url(given: str | None) -> str | None:
    url = (given or "").strip()
    if not url:
        return None
    if not url.isprintable() or len(url) > LONGEST_URL:
        raise MailSettingsInvalid(Place.RULE, field="smtp_url")
    Place.parse(url)
    parts = urlsplit(url)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise MailSettingsInvalid(Place.RULE, field="smtp_url")
    return url
