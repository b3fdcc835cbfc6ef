"""From a function that says what a mail says to a message in the outbox, in the reader's language, sealed (R33)."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from idp import i18n
from idp.db.unit import UnitOfWork
from idp.events import outbox
from idp.mail.content import Content
from idp.mail.rendering import render
from idp.users.models import User, UserEmail

KIND = "mail"

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail goes to.

    Attributes:
        address: of the mailbox.
        name: to greet them by.
        locale: of their account; the tenant's default when None.
    """

    address: str
    name: str | None = None
    locale: str | None = None


def recipient_of(user: User, email: UserEmail) -> Recipient:
    """A person, at one of their addresses."""
    return Recipient(email.address, user.profile.name, user.profile.locale)


def mail(
    write: Callable[Concatenate[UnitOfWork, Recipient, P], Content],
) -> Callable[Concatenate[UnitOfWork, Recipient, P], None]:
    """Make the function that says a mail the one that sends it; its name is the mail's.

    An operator sees who gets which mail in which language; what it says is for its reader.
    """

    @wraps(write)
    def send(uow: UnitOfWork, to: Recipient, /, *args: P.args, **kwargs: P.kwargs) -> None:
        with i18n.use(i18n.match(to.locale, uow.tenant.policy.default_locale)) as language:
            rendered = render(uow.tenant, to.name, write(uow, to, *args, **kwargs))
        outbox.enqueue(
            uow,
            KIND,
            sealed=asdict(rendered),
            to=to.address,
            template=write.__name__,
            sender_name=uow.tenant.name,
            language=language.code,
        )

    return send
