"""Domains that a tenant says are its own: added, proven by a TXT record, removed.

The challenge is random and the tenant's own, so a record that proves a domain for one tenant proves it for no other.
Two tenants may prove the same one, since both can write to its zone.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, update

from idp.crypto.secrets import new_nonce
from idp.db.locks import lock
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.policy import domain_in_ascii
from idp.tenants.errors import DomainInvalid, DomainNotProven, DomainTaken, NoSuchDomain, TooManyDomains
from idp.tenants.models import TenantDomain

LABEL = "_idp-challenge"
MAX_DOMAINS = 100


def add(uow: UnitOfWork, domain: str) -> TenantDomain:
    """Say that a domain is the tenant's.

    Args:
        uow: the tenant's unit.
        domain: as people write it; kept in ASCII and lower case (IDNA 2008).

    Raises:
        DomainInvalid, DomainTaken, TooManyDomains: it cannot be.
    """
    try:
        name = domain_in_ascii(domain)
    except ValueError as refused:
        raise DomainInvalid(f"{refused}.", field="domain") from None
    lock(uow, f"domains:{uow.tenant.id}")
    if uow.session.scalar(select(TenantDomain.id).where(TenantDomain.domain == name)) is not None:
        raise DomainTaken(f"{name} is in the list already.")
    if (uow.session.scalar(select(func.count()).select_from(TenantDomain)) or 0) >= MAX_DOMAINS:
        raise TooManyDomains(f"A tenant has at most {MAX_DOMAINS} domains.")
    row = uow.add(TenantDomain(id=new_id(), domain=name, challenge=new_nonce()))
    uow.flush()
    events.record(uow, EventType.DOMAIN_ADDED, row, domain=name)
    return row


def list_all(uow: UnitOfWork) -> Sequence[TenantDomain]:
    """The tenant's domains, by name."""
    return uow.session.scalars(select(TenantDomain).order_by(TenantDomain.domain)).all()


def get(uow: UnitOfWork, domain_id: UUID) -> TenantDomain:
    """The domain with this id.

    Raises:
        NoSuchDomain: none of this tenant.
    """
    row = uow.find(TenantDomain, domain_id)
    if row is None:
        raise NoSuchDomain("There is no such domain.")
    return row


def get_by_name(uow: UnitOfWork, domain: str) -> TenantDomain:
    """The domain of that name.

    Raises:
        NoSuchDomain: none of this tenant.
    """
    row = uow.session.scalar(select(TenantDomain).where(TenantDomain.domain == domain.strip().lower()))
    if row is None:
        raise NoSuchDomain(f"There is no domain {domain[:255]!r} here.")
    return row


def record_name(row: TenantDomain) -> str:
    """Where the TXT record belongs."""
    return f"{LABEL}.{row.domain}"


def record_value(row: TenantDomain) -> str:
    """What the TXT record says."""
    return f"idp-verify={row.challenge}"


def prove(uow: UnitOfWork, row: TenantDomain, records: Collection[str]) -> TenantDomain:
    """Write down what a look-up found.  A domain that was proven once stays so until it is removed.

    Args:
        uow: the tenant's unit.
        row: the domain.
        records: TXT records at `record_name`, as `idp.txt_records.look_up` gives them.

    Raises:
        DomainNotProven: none of them is the challenge.
    """
    if record_value(row) not in (record.strip() for record in records):
        found = f"{len(records)} other records" if records else "no TXT record"
        raise DomainNotProven(
            f"There is {found} at {record_name(row)}. It must say {record_value(row)}; a new record can take a while."
        )
    before = row.verified_at
    uow.execute(
        update(TenantDomain)
        .where(TenantDomain.id == row.id)
        .values(checked_at=func.now(), verified_at=func.coalesce(TenantDomain.verified_at, func.now()))
    )
    uow.session.refresh(row)
    if before is None:
        events.record(uow, EventType.DOMAIN_VERIFIED, row, domain=row.domain)
    return row


def remove(uow: UnitOfWork, row: TenantDomain) -> None:
    """Forget a domain."""
    events.record(uow, EventType.DOMAIN_REMOVED, row, domain=row.domain)
    uow.flush()
    uow.execute(delete(TenantDomain).where(TenantDomain.id == row.id))
