"""Tokens that upstreams issued, kept sealed where a tenant wants to act there for its people; off by default.

The access token can be read by permission; the refresh token never leaves (R54).
"""

import json
from datetime import datetime, timedelta

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.federation import gate, upstreams
from idp.federation.errors import NoUpstreamToken, SignInRefused
from idp.federation.models import Connection, FederatedIdentity
from idp.federation.providers.base import Tokens

EARLY = timedelta(seconds=60)
"""A token that is over within this time is renewed before it is handed out."""
_PLACE = {"table": FederatedIdentity.__tablename__, "column": "tokens_sealed"}


def keep(uow: UnitOfWork, row: FederatedIdentity, issued: Tokens) -> None:
    """Seal what an upstream issued; a refresh token that it did not send again stays."""
    before = _kept(uow, row)
    refresh_token = issued.refresh_token or (before.refresh_token if before else None)
    document = {
        "access_token": issued.access_token,
        "refresh_token": refresh_token,
        "expires_at": issued.expires_at.isoformat() if issued.expires_at else None,
        "scope": issued.scope,
    }
    row.tokens_sealed = uow.data_key.seal(json.dumps(document).encode(), row=row.id, **_PLACE)


def read(uow: UnitOfWork, row: FederatedIdentity) -> Tokens:
    """A living access token of this person's at the upstream, renewed when it is over.

    Who asks for the same at once waits for the renewal, since most upstreams renew once.

    Raises:
        NoUpstreamToken: none is kept, or it is over and the upstream gives no other.
        UpstreamBusy: too many wait for upstreams.
    """
    uow.hold(row)
    connection = uow.get(Connection, row.connection_id)
    kept = _kept(uow, row) if connection.options.keeps_tokens and connection.disabled_at is None else None
    if kept is None:
        raise NoUpstreamToken("No token is kept: the connection keeps none, or they have not signed in by it since.")
    if kept.expires_at is not None and kept.expires_at - EARLY < uow.now:
        if kept.refresh_token is None:
            raise NoUpstreamToken("Their token is over, and the upstream issued nothing to renew it with.")
        try:
            with gate.pass_through():
                kept = upstreams.provider(connection).refresh(upstreams.of(uow, connection), kept)
        except SignInRefused as refused:
            raise NoUpstreamToken(f"The upstream does not renew their token: {refused.cause}") from None
        keep(uow, row, kept)
    events.record(uow, EventType.IDENTITY_TOKEN_READ, row, user_id=row.user_id, connection=connection.name)
    return kept


def _kept(uow: UnitOfWork, row: FederatedIdentity) -> Tokens | None:
    if row.tokens_sealed is None:
        return None
    document = json.loads(uow.data_key.unseal(row.tokens_sealed, row=row.id, **_PLACE))
    ends = document["expires_at"]
    return Tokens(
        document["access_token"],
        document["refresh_token"],
        datetime.fromisoformat(ends) if ends else None,
        document["scope"],
    )
