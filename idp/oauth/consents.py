"""A person's remembered yes to a client: give, withdraw, and whether it covers a request (R14)."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.oauth.models import AuthorizationParameters, Client, Consent
from idp.oauth.scopes import SCOPE_OF_CLAIM


def needed(parameters: AuthorizationParameters) -> set[str]:
    """What a person must agree to: the scopes, and the scope behind each claim that is asked for by name."""
    claims = (*parameters.userinfo_claims, *parameters.id_token_claims)
    return {*parameters.scope, *(SCOPE_OF_CLAIM[claim] for claim in claims if claim in SCOPE_OF_CLAIM)}


def covers(uow: UnitOfWork, user_id: UUID, client: Client, scope: Iterable[str]) -> bool:
    """Whether the person has agreed to all of `scope` before; until the transaction ends they cannot withdraw it."""
    key = (uow.tenant.id, user_id, client.id)
    consent = uow.session.get(Consent, key, with_for_update={"read": True, "key_share": True})
    return consent is not None and set(scope) <= set(consent.scope)


def list_of(uow: UnitOfWork, user_id: UUID) -> Sequence[Row[Consent, Client]]:
    """What a person has agreed to, with the client it was for, newest first."""
    return uow.session.execute(
        select(Consent, Client)
        .join(Client, (Client.tenant_id == Consent.tenant_id) & (Client.id == Consent.client_id))
        .where(Consent.user_id == user_id)
        .order_by(Consent.given_at.desc())
    ).all()


def give(uow: UnitOfWork, user_id: UUID, client: Client, scope: Iterable[str]) -> None:
    """Remember a yes, beside what was agreed to before."""
    key = (uow.tenant.id, user_id, client.id)
    before = uow.session.get(Consent, key)
    whole = sorted({*scope, *(before.scope if before else ())})
    row = {"tenant_id": key[0], "user_id": user_id, "client_id": client.id, "scope": whole, "given_at": uow.now}
    uow.execute(
        insert(Consent)
        .values(row)
        .on_conflict_do_update(
            index_elements=["tenant_id", "user_id", "client_id"], set_={"scope": whole, "given_at": uow.now}
        )
    )
    events.record(uow, EventType.CONSENT_GIVEN, client, user_id=user_id, scope=whole)


def withdraw(uow: UnitOfWork, user_id: UUID, client: Client) -> None:
    """Forget the yes; the listener ends what was granted by it (R8)."""
    gone = uow.execute(
        delete(Consent).where(Consent.user_id == user_id, Consent.client_id == client.id).returning(Consent.client_id)
    )
    if gone.first() is not None:
        events.record(uow, EventType.CONSENT_WITHDRAWN, client, user_id=user_id)
