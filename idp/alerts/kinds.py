"""What sorts of alerts there are."""

from datetime import timedelta
from enum import StrEnum
from typing import get_args

from idp.policy import AlertKind

WINDOW = timedelta(hours=1)
"""One trouble of one subject is told once in so long."""
MOST_IN_A_WINDOW = 20
"""So many alerts of one tenant and one budget become mails; then one mail says that there are more."""


class Kind(StrEnum):
    """A sort of trouble, or a word about the alerts themselves."""

    BRUTE_FORCE = "brute_force"
    SPRAY = "spray"
    REFRESH_REUSE = "refresh_reuse"
    PRIVILEGE_GRANT = "privilege_grant"
    KEY_REVOKED = "key_revoked"
    WEBHOOK_DISABLED = "webhook_disabled"
    ALERTING_CHANGED = "alerting_changed"
    OVERFLOW = "overflow"
    TEST = "test"


SWITCHABLE = frozenset(Kind(name) for name in get_args(AlertKind))
"""What a tenant may decide to hear nothing of.  That its alerting was changed is not among it: whoever silences the
alerts, or has them sent elsewhere, is told on by this one."""
UNCOUNTED = frozenset({Kind.ALERTING_CHANGED, Kind.OVERFLOW, Kind.TEST})
"""What is mailed however many alerts there were, so that no flood silences it.  Each has a bound of its own: a change
of the alerting and a test need an authorised request each, a test by the API spends the limit of mails as well, and
that there are more is told once an hour of each budget."""
STRANGERS = frozenset({Kind.BRUTE_FORCE, Kind.SPRAY})
"""What anybody can cause without an account.  It has a budget of its own, so that it uses up nothing of the other."""
INSIDERS = frozenset(Kind) - STRANGERS - UNCOUNTED
"""What only somebody or something inside the tenant causes: the other budget."""
FOR_OWNERS_TOO = frozenset({Kind.ALERTING_CHANGED, Kind.OVERFLOW})
"""What the owners are told beside the contacts, since the contacts are what may have been changed."""
