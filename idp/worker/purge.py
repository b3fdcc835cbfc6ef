"""Rows whose time is over, in batches that never hold a lock for long: expired ones, and a deleted tenant's (R51)."""

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Table, and_, delete, exists, func, select, true, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute

from idp.accounts.models import Invitation, Registration
from idp.api.models import IdempotentRequest
from idp.authn.models import Device, LoginThrottle, LoginTransaction, OneTimeToken
from idp.authn.throttle import LOCKED_AT
from idp.db.base import Base
from idp.db.unit import PlatformUnit
from idp.events.models import Event, OutboxMessage
from idp.events.types import EventType
from idp.federation.models import FederationTransaction
from idp.mail import messages
from idp.oauth.models import (
    AuthorizationCode,
    AuthorizationRequest,
    ClientAssertion,
    Grant,
    RevokedToken,
)
from idp.rbac.models import OperatorAccess
from idp.tenants.models import Tenant
from idp.webhooks.endpoints import DELETED
from idp.webhooks.models import WebhookDelivery, WebhookEndpoint
from idp.wiring import Wiring

BATCH = 1_000
SETTLED = timedelta(minutes=1)
"""How long after its deletion a tenant's last request has surely ended."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A moment, and how long a row stays after it.

    Attributes:
        moment: column that says when the row's use was over; null is never.
        keep: for how long it stays.
        only: which rows the rule is about, when it is not all.
    """

    moment: InstrumentedAttribute[Any]
    keep: timedelta
    only: ColumnElement[bool] = field(default_factory=true)

    @property
    def table(self) -> Table:
        """Whose rows these are."""
        return cast(Table, self.moment.class_.__table__)

    @property
    def is_over(self) -> ColumnElement[bool]:
        """Which rows go."""
        return (self.moment < func.now() - self.keep) & self.only


_IS_LAST_MAIL = OutboxMessage.payload["template"].astext == messages.account_deleted.__name__
"""To somebody who was erased: with it goes the last that we know of them (R63)."""

RULES = (
    Rule(LoginTransaction.expires_at, timedelta(hours=1)),
    Rule(FederationTransaction.expires_at, timedelta(hours=1)),
    Rule(AuthorizationRequest.expires_at, timedelta(hours=1)),
    Rule(AuthorizationCode.expires_at, timedelta(days=1)),  # a code that is replayed meanwhile still ends its grant
    Rule(RevokedToken.expires_at, timedelta(0)),
    Rule(ClientAssertion.expires_at, timedelta(0)),
    Rule(Grant.expires_at, timedelta(days=1)),  # its refresh family goes with it
    Rule(Registration.expires_at, timedelta(days=1)),
    Rule(Invitation.expires_at, timedelta(days=30)),
    Rule(OneTimeToken.expires_at, timedelta(days=1)),
    Rule(LoginThrottle.last_failed_at, timedelta(days=30), LoginThrottle.failures < LOCKED_AT),  # R27: until recovery
    Rule(Device.last_seen_at, timedelta(days=400)),
    Rule(OperatorAccess.expires_at, timedelta(days=400)),
    Rule(IdempotentRequest.expires_at, timedelta(0)),
    Rule(OutboxMessage.sent_at, timedelta(days=7)),
    Rule(OutboxMessage.sent_at, timedelta(0), _IS_LAST_MAIL),
    Rule(OutboxMessage.dead_at, timedelta(0), _IS_LAST_MAIL),
    Rule(OutboxMessage.dead_at, timedelta(days=30)),
    Rule(WebhookDelivery.created_at, timedelta(days=30)),  # its attempts go with it
)


def purge_expired(wiring: Wiring, stop: threading.Event) -> int:
    """Delete by every rule until nothing is left to delete; answers how many rows went."""
    count = sum(until_empty(wiring, stop, rule.table, rule.is_over) for rule in RULES)
    return count + _purge_deleted_webhooks(wiring, stop)


def _purge_deleted_webhooks(wiring: Wiring, stop: threading.Event) -> int:
    """Webhooks that had too many deliveries to be deleted in a request."""
    deleted = select(WebhookEndpoint.tenant_id, WebhookEndpoint.id).where(WebhookEndpoint.disabled_reason == DELETED)
    theirs = tuple_(WebhookDelivery.tenant_id, WebhookDelivery.endpoint_id).in_(deleted)
    has_none = ~exists().where(
        WebhookDelivery.tenant_id == WebhookEndpoint.tenant_id, WebhookDelivery.endpoint_id == WebhookEndpoint.id
    )
    empty = (WebhookEndpoint.disabled_reason == DELETED) & has_none
    count = until_empty(wiring, stop, cast(Table, WebhookDelivery.__table__), theirs)
    return count + until_empty(wiring, stop, cast(Table, WebhookEndpoint.__table__), empty)


def purge_deleted_tenants(wiring: Wiring, stop: threading.Event) -> int:
    """Delete what deleted tenants left behind; a tombstone and the word of its deletion stay."""
    with wiring.platform_unit() as platform:
        waiting = select(Tenant).where(Tenant.deleted_at < func.now() - SETTLED, Tenant.purged_at.is_(None)).limit(20)
        tenants = platform.session.scalars(waiting).all()
    return sum(_purge_tenant(wiring, stop, tenant) for tenant in tenants)


def _purge_tenant(wiring: Wiring, stop: threading.Event, tenant: Tenant) -> int:
    doomed = [(table, _of_tenant(table, tenant)) for table in _children_first()]
    count = sum(until_empty(wiring, stop, table, theirs) for table, theirs in doomed)
    with wiring.platform_unit() as platform:
        if not any(platform.session.scalar(select(exists().where(theirs))) for _, theirs in doomed):
            platform.execute(
                update(Tenant).where(Tenant.id == tenant.id, Tenant.purged_at.is_(None)).values(purged_at=func.now())
            )
    return count


def _children_first() -> list[Table]:
    """Every tenant's table, each before those it refers to."""
    return [table for table in reversed(Base.metadata.sorted_tables) if "tenant_id" in table.c]


def _of_tenant(table: Table, tenant: Tenant) -> ColumnElement[bool]:
    theirs = table.c.tenant_id == tenant.id
    if table is Event.__table__:
        return theirs & (table.c.type != EventType.TENANT_DELETED.value)
    return theirs


def until_empty(wiring: Wiring, stop: threading.Event, table: Table, doomed: ColumnElement[bool]) -> int:
    """Delete rows in batches until none is left; answers how many went."""
    total = 0
    while not stop.is_set():
        with wiring.platform_unit() as platform:
            count = _delete_batch(platform, table, doomed)
        total += count
        if count < BATCH:
            break
    return total


def _delete_batch(platform: PlatformUnit, table: Table, doomed: ColumnElement[bool]) -> int:
    """Delete at most `BATCH` rows; those that another worker is at are left to it."""
    key = list(table.primary_key)
    batch = (
        select(*key)
        .where(doomed)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("batch")
        .prefix_with("MATERIALIZED")
    )
    same = and_(*(column == batch.c[column.name] for column in key))
    return cast(CursorResult[Any], platform.execute(delete(table).where(same))).rowcount
