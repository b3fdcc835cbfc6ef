"""Many people at once: what is wrong with one does no harm to the others, and a thousand cost a few statements."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from idp.db.locks import try_lock
from idp.db.unit import UnitOfWork
from idp.errors import IdPError
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.users import service as users
from idp.users.errors import BulkBusy, EmailTaken
from idp.users.models import Profile, User, UserEmail

MAX_PEOPLE = 1_000
_LANES = 3
"""So many at a time in one database: each holds a lock for every address, and the server's table of them has an end."""
Newcomer = tuple[str, Profile]
"""Address and profile of somebody who can be added."""


def read(members: Mapping[str, Any]) -> Newcomer:
    """What `users.create` would make of one person's members.

    Raises:
        EmailInvalid, ProfileInvalid: it would refuse them.
    """
    profile = {name: value for name, value in members.items() if name != "email"}
    return users.parse_email(members["email"]), users.parse_profile(profile)


def create_all(uow: UnitOfWork, newcomers: Sequence[Newcomer]) -> list[User | IdPError]:
    """Add people, unproven and without a password; nobody is written to.

    Returns:
        For each, in their order, the person, or why they could not be added.

    Raises:
        BulkBusy: the tenant adds many already, or too many tenants do.
    """
    _take_lane(uow)
    keys = [users.canonical(address) for address, _ in newcomers]
    _lock(uow, keys)
    taken = set(uow.session.scalars(select(UserEmail.canonical).where(UserEmail.canonical.in_(keys))).all())
    made: list[User | IdPError] = []
    for key, (address, profile) in zip(keys, newcomers, strict=True):
        if key in taken:
            made.append(EmailTaken(f"{address} belongs to somebody in this tenant already."))
            continue
        taken.add(key)
        made.append(uow.add(User(id=new_id(), profile=profile)))
    uow.flush()
    for key, (address, _), user in zip(keys, newcomers, made, strict=True):
        if isinstance(user, User):
            uow.add(UserEmail(id=new_id(), user_id=user.id, address=address, canonical=key, is_primary=True))
            events.record(uow, EventType.USER_CREATED, user, via="bulk")
    uow.flush()
    return made


def _take_lane(uow: UnitOfWork) -> None:
    """Nobody waits: whoever waited would keep a thread and a connection from those who sign in."""
    names = (f"bulk:{lane}" for lane in range(_LANES))
    if not (try_lock(uow, f"bulk:{uow.tenant.id}") and any(try_lock(uow, name) for name in names)):
        raise BulkBusy("Many people are being added right now. Send this again in a moment.", retry_after=2)


def _lock(uow: UnitOfWork, keys: Sequence[str]) -> None:
    """Wait for whoever proves or takes one of these addresses right now; always in one order."""
    names = sorted({f"email:{uow.tenant.id}:{key}" for key in keys})
    one = func.unnest(cast(names, ARRAY(Text))).column_valued("name")
    uow.execute(select(func.count(func.pg_advisory_xact_lock(func.hashtextextended(one, 0)))))
