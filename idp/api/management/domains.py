"""``domains``: what a tenant says is its own, and the TXT record that proves it."""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields, validate
from sqlalchemy import ColumnElement, select

from idp.api import problems
from idp.api.fields import moment, shown, text
from idp.api.listing import Filter, Listing
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import DOMAINS
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.http import limits
from idp.http.context import current_settings
from idp.rbac.permissions import Permission
from idp.tenants import domains
from idp.tenants.models import TenantDomain

DOMAIN = {
    "id": "01981a4e-e310-7c88-9a2b-0d9e8f7a6b50",
    "domain": "acme.example",
    "record_name": "_idp-challenge.acme.example",
    "record_value": "idp-verify=q8Zt3vJ9qkS5u1Lr8aXo2dWm",
    "created_at": "2026-11-24T09:12:00.250000+00:00",
    "checked_at": None,
    "verified_at": None,
}


class AddDomain(Body):
    """A domain to add."""

    domain = text("Such as acme.example.", longest=253, required=True)


class DomainOut(Body):
    """A domain, and what proves it."""

    id = shown("For `domains/{domain_id}`.")
    domain = shown("In ASCII.")
    record_name = shown("Where a TXT record belongs.")
    record_value = shown("What it must say.")
    created_at = moment("When it was added.")
    checked_at = moment("When the record was looked for last.", allow_none=True)
    verified_at = moment("Since when it is proven.", allow_none=True)


def _has_status(status: str) -> ColumnElement[bool]:
    return TenantDomain.verified_at.is_not(None) if status == "verified" else TenantDomain.verified_at.is_(None)


LISTING = Listing(
    "domains",
    orders={"domain": Order((TenantDomain.domain,))},
    default="domain",
    filters={
        "status": Filter(
            fields.String(
                validate=validate.OneOf(["verified", "unverified"]), metadata={"description": "How they stand."}
            ),
            _has_status,
        )
    },
)


@management.operation(
    "GET",
    "/domains",
    needs=Permission.DOMAINS_READ,
    tag=DOMAINS,
    query=LISTING.query,
    answer=(200, listed(DomainOut), {"items": [DOMAIN], "next_cursor": None}),
)
def list_domains(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List domains."""
    page = LISTING.page(uow, select(TenantDomain), query)
    return LISTING.answer(uow, page, [_describe(row[0]) for row in page.rows], query)


@management.operation(
    "POST",
    "/domains",
    needs=Permission.DOMAINS_WRITE,
    tag=DOMAINS,
    body=(AddDomain, {"domain": "acme.example"}),
    answer=(201, DomainOut, DOMAIN),
    refuses=("domain-invalid", "domain-taken", "too-many-domains"),
)
def add_domain(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Add a domain.

    It counts as yours once a TXT record says so: write `record_value` at `record_name`, then have it verified.
    """
    return _whole(uow, domains.add(uow, sent["domain"]))


@management.operation(
    "GET",
    "/domains/<uuid:domain_id>",
    needs=Permission.DOMAINS_READ,
    tag=DOMAINS,
    answer=(200, DomainOut, DOMAIN),
    refuses=("no-such-domain",),
)
def get_domain(uow: UnitOfWork, domain_id: UUID) -> dict[str, Any]:
    """Show a domain."""
    return _describe(domains.get(uow, domain_id))


@management.operation(
    "POST",
    "/domains/<uuid:domain_id>/verify",
    needs=Permission.DOMAINS_WRITE,
    tag=DOMAINS,
    answer=(200, DomainOut, DOMAIN | {"verified_at": DOMAIN["created_at"], "checked_at": DOMAIN["created_at"]}),
    refuses=("no-such-domain", "domain-not-proven", "too-many-look-ups"),
)
def verify_domain(uow: UnitOfWork, domain_id: UUID) -> dict[str, Any] | Response:
    """Verify a domain.

    Looks for the TXT record now, for five seconds at most. What was proven once stays so until it is removed, even
    when the record goes: `checked_at` says when somebody looked last.
    """
    limits.spend(limits.PROOF)
    row = domains.get(uow, domain_id)
    refusal = domains.check(uow, row, domains.look_up(row, current_settings().dns_servers))
    return _describe(row) if refusal is None else problems.answer(refusal)


@management.operation(
    "DELETE",
    "/domains/<uuid:domain_id>",
    needs=Permission.DOMAINS_WRITE,
    tag=DOMAINS,
    answer=(204, None, None),
    refuses=("no-such-domain",),
)
def remove_domain(uow: UnitOfWork, domain_id: UUID) -> None:
    """Remove a domain."""
    domains.remove(uow, domains.get(uow, domain_id))


def _whole(uow: UnitOfWork, row: TenantDomain) -> dict[str, Any]:
    uow.flush()
    uow.session.refresh(row)
    return _describe(row)


def _describe(row: TenantDomain) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "domain": row.domain,
        "record_name": domains.record_name(row),
        "record_value": domains.record_value(row),
        "created_at": row.created_at.isoformat(),
        "checked_at": row.checked_at and row.checked_at.isoformat(),
        "verified_at": row.verified_at and row.verified_at.isoformat(),
    }
