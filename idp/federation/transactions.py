"""Round trips: a browser goes to an upstream and comes back, once, to the connection that it left by (R21).

The state is the only secret of a trip, and only its digest is stored; nonce and PKCE verifier are made from it again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from idp.crypto.secrets import digest, encode, mac, new_secret
from idp.db.unit import UnitOfWork
from idp.federation.models import Connection, FederationTransaction
from idp.federation.providers.base import Tokens, Trip, UpstreamProfile
from idp.ids import new_id

TTL = timedelta(minutes=10)
_FRESH = {"synchronize_session": False, "populate_existing": True}


def begin(
    uow: UnitOfWork,
    connection: Connection,
    browser: str,
    *,
    login_id: UUID | None = None,
    user_id: UUID | None = None,
) -> Trip:
    """Send a browser on its way.

    Args:
        uow: the tenant's unit.
        connection: where it goes.
        browser: the secret in its cookie.
        login_id: of the login that this is a step of.
        user_id: of the person who is signed in and wants to link.
    """
    state = new_secret("fs")
    uow.add(
        FederationTransaction(
            id=new_id(),
            connection_id=connection.id,
            login_id=login_id,
            user_id=user_id,
            browser_digest=digest(browser),
            state_digest=digest(state),
            expires_at=uow.now + TTL,
        )
    )
    return trip_of(uow, state)


def trip_of(uow: UnitOfWork, state: str) -> Trip:
    """What belongs to a state."""
    key = uow.data_key.derive("federation")
    nonce, verifier = (encode(mac(key, part, state.encode())) for part in (b"nonce", b"code_verifier"))
    return Trip(state, nonce, verifier)


def claim(uow: UnitOfWork, connection: Connection, state: str, browser: str | None) -> FederationTransaction | None:
    """Take a trip that came back, by one statement; None when it is none of this browser and connection, or over."""
    if not browser:
        return None
    return uow.session.scalar(
        update(FederationTransaction)
        .where(
            FederationTransaction.state_digest == digest(state),
            FederationTransaction.connection_id == connection.id,
            FederationTransaction.browser_digest == digest(browser),
            FederationTransaction.returned_at.is_(None),
            FederationTransaction.expires_at > func.now(),
            FederationTransaction.created_at > uow.not_before,
        )
        .values(returned_at=func.now())
        .returning(FederationTransaction),
        execution_options=_FRESH,
    )


def keep(uow: UnitOfWork, trip: FederationTransaction, received: Mapping[str, Any]) -> None:
    """Write down what the upstream said, sealed, for a step that has still to come."""
    raw = json.dumps(received, ensure_ascii=False, default=str).encode()
    trip.received_sealed = uow.data_key.seal(raw, table=trip.__tablename__, column="received_sealed", row=trip.id)


def received(uow: UnitOfWork, trip: FederationTransaction) -> dict[str, Any] | None:
    """What `keep` wrote down."""
    if trip.received_sealed is None:
        return None
    raw = uow.data_key.unseal(trip.received_sealed, table=trip.__tablename__, column="received_sealed", row=trip.id)
    document: dict[str, Any] = json.loads(raw)
    return document


def keep_profile(uow: UnitOfWork, trip: FederationTransaction, profile: UpstreamProfile) -> None:
    """As `keep`, of everything that `profile_of` makes of it again."""
    keep(uow, trip, {**asdict(profile), "groups": sorted(profile.groups), "claims": {}})


def profile_of(uow: UnitOfWork, trip: FederationTransaction) -> UpstreamProfile | None:
    """What `keep_profile` wrote down."""
    document = received(uow, trip)
    if document is None:
        return None
    if issued := document.pop("tokens"):
        ends = issued["expires_at"]
        issued["expires_at"] = datetime.fromisoformat(ends) if ends else None
    return UpstreamProfile(**document, tokens=Tokens(**issued) if issued else None)


def find_waiting(uow: UnitOfWork, login_id: UUID, browser: str | None) -> FederationTransaction | None:
    """The trip of a login that came back and waits for a yes to the terms; locked until the transaction ends."""
    if not browser:
        return None
    return uow.session.scalar(
        select(FederationTransaction)
        .where(
            FederationTransaction.login_id == login_id,
            FederationTransaction.browser_digest == digest(browser),
            FederationTransaction.received_sealed.is_not(None),
            FederationTransaction.completed_at.is_(None),
            FederationTransaction.created_at > uow.not_before,
        )
        .order_by(FederationTransaction.id.desc())
        .limit(1)
        .with_for_update()
    )
