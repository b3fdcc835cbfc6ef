"""``idp tenant``: the life of a tenant, and its settings."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from idp.cli import output, people
from idp.cli.connect import current, platform_unit
from idp.cli.declarations import apply, dump
from idp.cli.options import confirm, named, read_password, verb, yes
from idp.http import limits
from idp.oauth import management
from idp.rbac.permissions import Builtin
from idp.tenants import branding, epoch, usage
from idp.tenants import service as tenants
from idp.tenants.errors import SettingUnknown
from idp.tenants.models import Tenant

LOGO = "logo"
_slug = named("slug", "--slug", metavar="SLUG", text="The tenant's address.")


@click.group()
def tenant() -> None:
    """Tenants: create, list, show, set, limits, usage, apply, dump, suspend, resume, sign-out-everybody, delete."""


def describe(row: Tenant) -> dict[str, Any]:
    """A tenant, for people and programs."""
    state = "deleted" if row.deleted_at else "suspended" if row.suspended_at else "active"
    return {
        "slug": row.slug,
        "name": row.name,
        "state": state,
        "issuer": row.issuer,
        "id": row.id,
        "created_at": row.created_at,
        "suspended_at": row.suspended_at,
        "credentials_not_before": row.not_before,
    }


@verb(tenant, "create")
@_slug
@click.option("--name", help="What its people call it; the slug when left out.")
@click.option("--admin-email", metavar="EMAIL", help="Also create its owner; their password is shown once.")
def create(slug: str, name: str | None, admin_email: str | None) -> None:
    """Create a tenant with its keys and roles, and perhaps its owner."""
    with platform_unit() as platform:
        row = tenants.create(platform, slug=slug, name=name or slug, base_url=current().settings.base_url)
        platform.flush()
        document = describe(row)
        if admin_email is not None:
            password, shown = read_password(from_stdin=False)
            with platform.within(row) as uow:
                person = people.add(
                    uow, email=admin_email, password=password, roles=[Builtin.OWNER], verified=True, name=None
                )
            document["admin"] = {"id": person.id, "email": admin_email, **shown}
    output.record(document, once="password")


@verb(tenant, "list")
def list_() -> None:
    """List every tenant."""
    with platform_unit() as platform:
        documents = [describe(row) for row in tenants.list_all(platform)]
    output.table(documents, ("slug", "name", "state", "issuer"), empty="There is no tenant yet.")


@verb(tenant, "show")
@_slug
def show(slug: str) -> None:
    """Show a tenant with its settings."""
    with platform_unit() as platform:
        row = tenants.get(platform, slug)
        output.record({**describe(row), "policy": row.policy, "branding": row.branding, "budget": row.budget})


@verb(tenant, "set")
@click.argument("slug", metavar="SLUG")
@click.argument("settings", nargs=-1, required=True, metavar="KEY=VALUE…")
def set_(slug: str, settings: tuple[str, ...]) -> None:
    """Change settings: its name, its policy, its branding.

    ``logo=@FILE`` uploads a PNG, JPEG or WebP picture, ``logo=`` takes it away.
    """
    changes = dict(_parse(setting) for setting in settings)
    with platform_unit() as platform:
        row = tenants.get(platform, slug)
        if (logo := changes.pop(LOGO, None)) is not None:
            branding.set_logo(platform, row, _read(logo))
        if changes:
            tenants.update(platform, row, changes)
        platform.flush()
        output.record({**describe(row), "policy": row.policy, "branding": row.branding, "budget": row.budget})


@verb(tenant, "limits")
@_slug
def limits_(slug: str) -> None:
    """Show what a tenant may spend, and how much of the whole it has used; ``set`` changes it."""
    with platform_unit() as platform:
        row = tenants.get(platform, slug)
    used = {limits.TENANT: limits.use_of(current().wiring.limiter, row)}
    documents = [
        {"limit": limit.field, "by": limit.by, "budget": limits.allowance(row.budget, limit), "used": used.get(limit)}
        for limit in limits.ALL
    ]
    output.table(documents, ("limit", "by", "budget", "used"), empty="")


@verb(tenant, "usage")
@_slug
def usage_(slug: str) -> None:
    """Show how much there is of a tenant: people, clients, sign-ins, mails; large numbers are counted to a bound."""
    with platform_unit() as platform:
        found = usage.of(platform, tenants.get(platform, slug), built_in=management.CONSOLE)
    output.record(asdict(found))


@verb(tenant, "suspend")
@_slug
def suspend(slug: str) -> None:
    """Stop every sign-in and token of a tenant; nothing is lost."""
    with platform_unit() as platform:
        row = tenants.get(platform, slug)
        tenants.suspend(platform, row)
        output.done(describe(row), f"{row.name} is suspended; `idp tenant resume {slug}` undoes it.")


@verb(tenant, "resume")
@_slug
def resume(slug: str) -> None:
    """Undo suspend."""
    with platform_unit() as platform:
        row = tenants.get(platform, slug)
        tenants.resume(platform, row)
        output.done(describe(row), f"{row.name} is active.")


@verb(tenant, "sign-out-everybody")
@_slug
@yes
def sign_out_everybody(slug: str, yes: bool) -> None:
    """End every session, grant, code, link and token of a tenant that was issued until now."""
    confirm(yes, f"Sign everybody of {slug} out, people and machines?")
    with platform_unit() as platform:
        row = tenants.get(platform, slug)
        epoch.sign_out_everybody(platform, row)
        document = describe(row)
    output.done(
        document,
        f"Whatever {row.name} issued before {row.not_before:%Y-%m-%d %H:%M:%S} UTC is over here; an API that checks"
        f" tokens by itself takes them until they expire, unless `idp key revoke` withdraws the key.",
    )


@verb(tenant, "delete")
@_slug
@yes
def delete(slug: str, yes: bool) -> None:
    """Delete a tenant with everything in it, for good."""
    confirm(yes, f"Delete the tenant {slug} with its people, clients and keys, for good?")
    with platform_unit() as platform:
        row = tenants.get(platform, slug)
        tenants.delete(platform, row)
        output.done(describe(row), f"{row.name} is deleted; its slug will not be used again.")


def _parse(setting: str) -> tuple[str, str]:
    key, separator, value = setting.partition("=")
    if not separator:
        raise SettingUnknown(f"{setting!r} is not KEY=VALUE.")
    return key.strip().replace("-", "_"), value


def _read(value: str) -> bytes | None:
    if not value:
        return None
    if not value.startswith("@"):
        raise SettingUnknown("A logo is given as logo=@FILE.", field=LOGO)
    path = Path(value[1:])
    with path.open("rb") as file:
        return file.read(branding.MAX_BYTES + 1)


for command in (apply, dump):
    tenant.add_command(command)
