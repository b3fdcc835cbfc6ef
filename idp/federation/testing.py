"""Trying a connection out: an administrator's browser goes there and back, and nobody is signed in.

What the upstream said is kept sealed for whoever asked, for an hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, update

from idp.crypto.secrets import digest, new_secret
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType, Outcome
from idp.federation import transactions
from idp.federation.errors import NoSuchTest, SignInRefused
from idp.federation.models import Connection, FederationTransaction
from idp.federation.providers.base import Trip, UpstreamProfile
from idp.ids import new_id

TTL = timedelta(hours=1)
PARAMETER = "test"


@dataclass(frozen=True, slots=True)
class Result:
    """How a test stands.

    Attributes:
        status: whether somebody has come back yet, and with what.
        expires_at: when it is forgotten.
        profile: what we would take over: issuer, subject, email, email_verified, username, attributes, groups, roles.
        claims: everything that was received.
        reason: why nobody would have been let in by the upstream's word.
        cause: the same, technically.
    """

    status: Literal["pending", "failed", "received"]
    expires_at: datetime
    profile: Mapping[str, Any] | None = None
    claims: Mapping[str, Any] | None = None
    reason: str | None = None
    cause: str | None = None


def begin(uow: UnitOfWork, connection: Connection) -> tuple[FederationTransaction, str]:
    """Make a test; answers it with the URL to open in a browser, which works once."""
    ticket = new_secret("fs")
    row = uow.add(
        FederationTransaction(
            id=new_id(), connection_id=connection.id, state_digest=digest(ticket), expires_at=uow.now + TTL
        )
    )
    uow.flush()
    return row, f"{uow.tenant.issuer}/connections/{connection.name}/login?{PARAMETER}={ticket}"


def depart(uow: UnitOfWork, connection: Connection, ticket: str, browser: str) -> Trip | None:
    """Send the browser that opened the URL on its way; None when somebody did before, or it is over."""
    state = new_secret("fs")
    taken = uow.execute(
        update(FederationTransaction)
        .where(
            FederationTransaction.state_digest == digest(ticket),
            FederationTransaction.connection_id == connection.id,
            FederationTransaction.browser_digest.is_(None),
            FederationTransaction.expires_at > func.now(),
            FederationTransaction.created_at > uow.not_before,
        )
        .values(browser_digest=digest(browser), state_digest=digest(state))
        .returning(FederationTransaction.id),
        execution_options={"synchronize_session": False},
    )
    return None if taken.first() is None else transactions.trip_of(uow, state)


def is_test(trip: FederationTransaction) -> bool:
    """Whether nobody is to be signed in or linked by this trip."""
    return trip.login_id is None and trip.user_id is None


def receive(uow: UnitOfWork, connection: Connection, trip: FederationTransaction, profile: UpstreamProfile) -> Result:
    """Keep what the upstream said, for whoever asked."""
    groups = {name.casefold() for name in profile.groups}
    taken_over = {
        "issuer": profile.issuer,
        "subject": profile.subject,
        "email": profile.email,
        "email_verified": profile.email_verified,
        "username": profile.username,
        "attributes": dict(profile.attributes),
        "groups": sorted(profile.groups),
        "roles": sorted({role for group, role in connection.options.roles.items() if group.casefold() in groups}),
    }
    transactions.keep(uow, trip, {"profile": taken_over, "claims": dict(profile.claims)})
    trip.completed_at = uow.now
    events.record(uow, EventType.CONNECTION_TESTED, connection, connection=connection.name)
    return _result(uow, trip)


def fail(uow: UnitOfWork, connection: Connection, trip: FederationTransaction, refused: SignInRefused) -> None:
    """Keep why the upstream's word was worth nothing."""
    trip.failure, trip.completed_at = refused.reason.value, uow.now
    transactions.keep(uow, trip, {"cause": refused.cause})
    events.record(
        uow,
        EventType.CONNECTION_TESTED,
        connection,
        outcome=Outcome.FAILURE,
        connection=connection.name,
        reason=refused.reason.value,
        cause=refused.cause,
    )


def get(uow: UnitOfWork, connection: Connection, test_id: UUID) -> Result:
    """How a test of this connection stands.

    Raises:
        NoSuchTest: there is none, or it was forgotten.
    """
    row = uow.find(FederationTransaction, test_id)
    if row is None or row.connection_id != connection.id or not is_test(row) or row.expires_at <= uow.now:
        raise NoSuchTest("There is no such test sign-in.")
    return _result(uow, row)


def _result(uow: UnitOfWork, row: FederationTransaction) -> Result:
    received = transactions.received(uow, row)
    if received is None:
        return Result("pending", row.expires_at)
    if row.failure is not None:
        return Result("failed", row.expires_at, reason=row.failure, cause=received["cause"])
    return Result("received", row.expires_at, received["profile"], received["claims"])
