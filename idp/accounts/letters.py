"""Letters to be written: what a request asks for, and the worker does.

A request must not look at whether an account exists (R26), so it only asks for a letter.  The worker looks, makes the
one-time token and writes the mail, in the tenant's unit and in one transaction; asking twice for the same letter by the
same message makes one token and one mail.
"""

from enum import StrEnum
from typing import Any

from idp.db.unit import UnitOfWork
from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.mail.sending import KIND


class Letter(StrEnum):
    """What is asked for; the kind of its outbox message."""

    REGISTER = "account.register"
    VERIFY_EMAIL = "account.verify-email"
    CHANGE_EMAIL = "account.change-email"
    RECOVER = "account.recover"
    INVITE = "account.invite"
    LOGIN_BLOCKED = "account.login-blocked"


ALERT = "alert"
"""A security alert, which `idp.alerts.telling` makes mails of."""
MAILS = frozenset({KIND, ALERT, *Letter})
"""Kinds of outbox messages that are a mail, or that become one."""


def ask(uow: UnitOfWork, letter: Letter, **facts: Any) -> OutboxMessage:
    """Have a letter written when, and only when, the transaction commits.

    Args:
        uow: the tenant's unit.
        letter: which.
        facts: what the writer needs to know, as the function in `idp.accounts.writers` names it.
    """
    return outbox.enqueue(uow, letter.value, **facts)
