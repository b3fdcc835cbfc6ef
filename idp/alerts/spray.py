"""Sprays: a few passwords at many accounts, which no counter of one account sees.  Counted over all tenants at once.

One query a minute over the failed sign-ins of the last ten minutes, by an index that holds nothing else: it costs the
same for one tenant as for ten thousand.  A source is one IPv4 address or an IPv6 /64, as for the limits; and all of a
tenant's sources together, for whoever has many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Text, case, cast, func, select, tuple_, type_coerce
from sqlalchemy.dialects.postgresql import INET, JSONB

from idp.alerts.kinds import MOST_IN_A_WINDOW, Kind
from idp.alerts.service import digest_of, raise_alert
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.events.models import Event
from idp.events.types import EventType
from idp.policy import Policy
from idp.tenants.models import Tenant

SPAN = timedelta(minutes=10)
EVERYWHERE = "everywhere"
"""Subject of an alert about all sources together."""


@dataclass(frozen=True, slots=True)
class Spray:
    """Many accounts that wrong passwords were tried for.

    Attributes:
        tenant: whose.
        network: where it all came from; None when it came from many.
        accounts: how many, known or not.
        failures: how many passwords.
        last: the latest of the events.
    """

    tenant: Tenant
    network: str | None
    accounts: int
    failures: int
    last: UUID


def find(platform: PlatformUnit) -> Sequence[Spray]:
    """What goes on now; of one tenant the largest, and no more than become mails."""
    return [
        Spray(row.Tenant, row.network, row.accounts, row.failures, UUID(row.last)) for row in platform.execute(_FOUND)
    ]


def tell(uow: UnitOfWork, spray: Spray) -> UUID | None:
    """Raise the alert; the address is that of the latest event."""
    subject = EVERYWHERE if spray.network is None else digest_of(uow, spray.network)
    last = uow.find(Event, spray.last)
    return raise_alert(uow, Kind.SPRAY, subject, cause=last, accounts=spray.accounts, failures=spray.failures)


def _wanted(member: str) -> Any:
    """What a tenant has decided, or has not."""
    default: int = Policy.model_fields[member].default
    return func.coalesce(type_coerce(Tenant.policy, JSONB)[member].as_integer(), default)


_IP = func.regexp_replace(Event.ip, "^::ffff:", "", "i")
_NETWORK = case(
    (_IP.op("~")("^[0-9a-f:]*:[0-9a-f:]*$"), cast(func.network(func.set_masklen(cast(_IP, INET), 64)), Text)),
    else_=_IP,
)
_FAILED = (
    select(
        Event.tenant_id,
        cast(Event.id, Text).label("id"),
        func.coalesce(cast(Event.user_id, Text), Event.data["account"].astext).label("account"),
        _NETWORK.label("network"),
    )
    .where(
        Event.type == EventType.LOGIN_FAILED.value,
        Event.occurred_at > func.now() - SPAN,
        Event.data["method"].astext == "pwd",
    )
    .subquery()
)
_ACCOUNTS = func.count(_FAILED.c.account.distinct())
_IS_WHOLE = func.grouping(_FAILED.c.network) == 1
_COUNTED = (
    select(
        _FAILED.c.tenant_id,
        _FAILED.c.network,
        _IS_WHOLE.label("is_whole"),
        _ACCOUNTS.label("accounts"),
        func.count().label("failures"),
        func.max(_FAILED.c.id).label("last"),
        func.row_number().over(partition_by=(_FAILED.c.tenant_id, _IS_WHOLE), order_by=_ACCOUNTS.desc()).label("place"),
    )
    .group_by(func.grouping_sets(tuple_(_FAILED.c.tenant_id, _FAILED.c.network), tuple_(_FAILED.c.tenant_id)))
    .subquery()
)
_FOUND: Any = (
    select(Tenant, *(column for column in _COUNTED.c if column.name != "tenant_id"))
    .join(_COUNTED, _COUNTED.c.tenant_id == Tenant.id)
    .where(
        Tenant.deleted_at.is_(None),
        _COUNTED.c.place <= MOST_IN_A_WINDOW,
        _COUNTED.c.is_whole | _COUNTED.c.network.is_not(None),
        _COUNTED.c.accounts
        >= case((_COUNTED.c.is_whole, _wanted("alert_spray_accounts_overall")), else_=_wanted("alert_spray_accounts")),
    )
)
