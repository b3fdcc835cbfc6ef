"""``idp domain``: the domains that a tenant says are its own."""

from typing import Any

import click

from idp.cli import output
from idp.cli.connect import current, tenant_unit
from idp.cli.options import confirm, named, tenant, verb, yes
from idp.tenants import domains
from idp.tenants.models import TenantDomain

_domain = named("name", "--domain", metavar="DOMAIN", text="As `idp domain list` shows it.")


@click.group()
def domain() -> None:
    """Domains: add, list, verify, remove."""


def describe(row: TenantDomain) -> dict[str, Any]:
    """A domain, and the record that proves it."""
    return {
        "domain": row.domain,
        "record_name": domains.record_name(row),
        "record_value": domains.record_value(row),
        "checked_at": row.checked_at,
        "verified_at": row.verified_at,
    }


@verb(domain, "add")
@tenant
@_domain
def add(slug: str, name: str) -> None:
    """Add a domain, and show the TXT record that proves it."""
    with tenant_unit(slug) as uow:
        document = describe(domains.add(uow, name))
    output.record(document)


@verb(domain, "list")
@tenant
def list_(slug: str) -> None:
    """List every domain."""
    with tenant_unit(slug) as uow:
        documents = [describe(row) for row in domains.list_all(uow)]
    output.table(documents, ("domain", "record_name", "record_value", "verified_at"), empty="There is no domain yet.")


@verb(domain, "verify")
@tenant
@_domain
def verify(slug: str, name: str) -> None:
    """Look for the TXT record now."""
    with tenant_unit(slug) as uow:
        row = domains.get_by_name(uow, name)
        refusal = domains.check(uow, row, domains.look_up(row, current().settings.dns_servers))
        document = describe(row)
    if refusal is not None:
        raise refusal
    output.done(document, f"{document['domain']} is proven.")


@verb(domain, "remove")
@tenant
@_domain
@yes
def remove(slug: str, name: str, yes: bool) -> None:
    """Remove a domain."""
    confirm(yes, f"Remove the domain {name} of {slug}?")
    with tenant_unit(slug) as uow:
        row = domains.get_by_name(uow, name)
        domains.remove(uow, row)
    output.done({"domain": row.domain, "removed": True}, f"{row.domain} is removed.")
