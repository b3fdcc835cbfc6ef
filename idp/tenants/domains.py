"""Domains that a tenant says are its own: added, proven by a TXT record, removed.

The challenge is random and the tenant's own, so a record that proves a domain for one tenant proves it for no other.
Two tenants may prove the same one, since both can write to its zone.  What was proven stays so until it is removed,
even when the record goes: `checked_at` says when somebody looked last, `verified_at` since when it is proven.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update

from idp import txt_records
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
LONGEST = 253 - len(LABEL) - 1
"""Characters of a domain, so that the name of its record is still one (RFC 1035 §2.3.4)."""


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
    if len(name) > LONGEST:
        raise DomainInvalid(f"A domain has at most {LONGEST} characters in ASCII.", field="domain")
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
    """The domain of that name, as people write it.

    Raises:
        NoSuchDomain: none of this tenant.
    """
    try:
        name = domain_in_ascii(domain)
    except ValueError:
        name = ""
    row = uow.session.scalar(select(TenantDomain).where(TenantDomain.domain == name))
    if row is None:
        raise NoSuchDomain(f"There is no domain {domain[:255]!r} here.")
    return row


def record_name(row: TenantDomain) -> str:
    """Where the TXT record belongs."""
    return f"{LABEL}.{row.domain}"


def record_value(row: TenantDomain) -> str:
    """What the TXT record says."""
    return f"idp-verify={row.challenge}"


def look_up(row: TenantDomain, servers: Sequence[str] = ()) -> list[str] | None:
    """The TXT records at `record_name` now; None when no name server gave an answer that makes sense.

    Takes up to five seconds of somebody else's choosing: ask before anything is locked.

    Args:
        row: the domain.
        servers: as `idp.txt_records.look_up` takes them.

    Raises:
        TooManyLookUps: others are being looked up.
    """
    try:
        return txt_records.look_up(record_name(row), servers)
    except txt_records.NameServersSilent:
        return None


def check(uow: UnitOfWork, row: TenantDomain, found: Collection[str] | None) -> DomainNotProven | None:
    """Write down what `look_up` found.

    Args:
        uow: the tenant's unit.
        row: the domain, as it was when it was looked up.
        found: the records.

    Returns:
        Why it is not proven by them; to be answered and not raised here, as it was looked for in any case.

    Raises:
        NoSuchDomain: it was removed meanwhile.
    """
    proven = found is not None and record_value(row) in (record.strip() for record in found)
    same = (TenantDomain.id == row.id, TenantDomain.challenge == row.challenge)
    if proven and _set(uow, *same, TenantDomain.verified_at.is_(None), verified_at=func.now()):
        events.record(uow, EventType.DOMAIN_VERIFIED, row, domain=row.domain)
    elif not _set(uow, *same):
        raise NoSuchDomain("There is no such domain.")
    uow.session.refresh(row)
    return None if proven else DomainNotProven(_what_is_missing(row, found))


def _set(uow: UnitOfWork, *where: ColumnElement[bool], **values: Any) -> bool:
    """One conditional statement, so that of two who prove it one is the first, and nobody proves what is gone (R62)."""
    statement = update(TenantDomain).where(*where).values(checked_at=func.now(), **values).returning(TenantDomain.id)
    return uow.session.scalar(statement, execution_options={"synchronize_session": False}) is not None


def _what_is_missing(row: TenantDomain, found: Collection[str] | None) -> str:
    name, wanted = record_name(row), f"It must say {record_value(row)}"
    if found is None:
        return (
            f"No name server gave an answer that makes sense when asked for the TXT record at {name}. {wanted}. "
            f"See that the name servers of {row.domain} answer, and try again."
        )
    there = f"no TXT record at {name}" if not found else f"another TXT record at {name}, and not ours"
    return f"There is {there}. {wanted}. Add it, and try again: it can take a while until it is seen everywhere."


def remove(uow: UnitOfWork, row: TenantDomain) -> None:
    """Forget a domain; added again, it has another challenge.

    Raises:
        NoSuchDomain: somebody else did so meanwhile.
    """
    uow.flush()
    if uow.session.scalar(delete(TenantDomain).where(TenantDomain.id == row.id).returning(TenantDomain.id)) is None:
        raise NoSuchDomain("There is no such domain.")
    events.record(uow, EventType.DOMAIN_REMOVED, row, domain=row.domain)
