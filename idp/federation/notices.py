"""Notices: that an account elsewhere opens one's own now, or no more, is told to its owner (R38).  Subscribers."""

from idp.accounts import notices
from idp.db.unit import UnitOfWork
from idp.events.models import Event
from idp.federation import identities
from idp.mail import messages


def identity_linked(uow: UnitOfWork, event: Event) -> None:
    """To whoever can be signed in by an upstream now; whose account was made by it knows."""
    if not event.data.get("at_creation"):
        notices.tell(uow, event, messages.identity_linked, connection=identities.upstream_label(uow, event))


def identity_unlinked(uow: UnitOfWork, event: Event) -> None:
    """To whoever cannot any more."""
    notices.tell(uow, event, messages.identity_unlinked, connection=identities.upstream_label(uow, event))
