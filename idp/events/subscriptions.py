"""Which types of event somebody wants to hear of: names, ``noun.*`` for all of a noun's, ``*`` for all there are.

`Tenant.webhook_events` is the union of what a tenant's endpoints want, so that `service.record` knows without asking
the database whether anybody does.
"""

import difflib
from collections.abc import Collection, Iterable

from idp.events.types import EventType

KIND = "webhook"
"""Outbox messages that say: something happened that an endpoint wants to hear of."""
EVERYTHING = "*"
_OF_NOUN = ".*"
NOUNS = tuple(dict.fromkeys(kind.value.partition(".")[0] for kind in EventType))
FILTERS = (EVERYTHING, *(noun + _OF_NOUN for noun in NOUNS), *(kind.value for kind in EventType))
"""Everything that can be asked for."""


def covers(filters: Collection[str], kind: str) -> bool:
    """Whether somebody with these filters wants to hear of `kind`."""
    if not filters:
        return False
    return EVERYTHING in filters or kind in filters or kind.partition(".")[0] + _OF_NOUN in filters


def union(all_filters: Iterable[Collection[str]]) -> list[str]:
    """The fewest filters that cover what any of these does, sorted."""
    names = {name for filters in all_filters for name in filters}
    if EVERYTHING in names:
        return [EVERYTHING]
    return sorted(name for name in names if name.endswith(_OF_NOUN) or name.partition(".")[0] + _OF_NOUN not in names)


def problem_of(name: str) -> str | None:
    """Why there is no such filter, and which one may be meant."""
    if name in FILTERS:
        return None
    near = difflib.get_close_matches(name, FILTERS, n=1, cutoff=0.6)
    hint = f"The nearest is {near[0]!r}." if near else "Known are '*', a noun as in 'user.*', and every event type."
    return f"There is no event type {name[:100]!r}. {hint}"
