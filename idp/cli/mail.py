"""``idp mail``: as whom a tenant's mail leaves, and the mails that could not."""

import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import click

from idp.accounts.letters import MAILS
from idp.cli import output
from idp.cli.connect import platform_unit, tenant_unit
from idp.cli.options import tenant, verb
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.events.models import OutboxMessage
from idp.mail import dead_letters
from idp.mail import settings as mail_settings
from idp.tenants import service as tenants
from idp.tenants.models import Tenant

_COLUMNS = ("id", "tenant", "to", "template", "attempts", "last_error", "dead_at")
_any_tenant = click.option("--tenant", "slug", metavar="SLUG", help="Only this tenant's.")


@click.group()
def mail() -> None:
    """Mail: settings, failed, retry."""


@mail.group("settings")
def settings() -> None:
    """As whom a tenant's mail leaves: show, set, clear."""


def describe(uow: UnitOfWork) -> dict[str, Any]:
    """What the tenant decided; of its server, never the user and the password."""
    row = mail_settings.get(uow)
    return {
        "sender_name": row.sender_name if row else None,
        "sender_address": row.sender_address if row else None,
        "smtp_server": mail_settings.server(uow),
    }


@verb(settings, "show")
@tenant
def show(slug: str) -> None:
    """Show what differs from the installation's."""
    with tenant_unit(slug) as uow:
        output.record(describe(uow))


@verb(settings, "set")
@tenant
@click.option("--sender-name", metavar="NAME", help="Before the address; empty: the tenant's name.")
@click.option("--sender-address", metavar="ADDRESS", help="In From; empty: IDP_MAIL_FROM.")
@click.option("--smtp-url-stdin", is_flag=True, help="Read smtp://user:password@host from stdin; empty: IDP_SMTP_URL.")
def set_(slug: str, sender_name: str | None, sender_address: str | None, smtp_url_stdin: bool) -> None:
    """Change what is given."""
    if sender_name is None and sender_address is None and not smtp_url_stdin:
        raise click.UsageError("Say what to change: --sender-name, --sender-address or --smtp-url-stdin")
    url = sys.stdin.read().strip() if smtp_url_stdin else None
    with tenant_unit(slug) as uow:
        mail_settings.update(uow, sender_name=sender_name, sender_address=sender_address, smtp_url=url)
        output.record(describe(uow))


@verb(settings, "clear")
@tenant
def clear(slug: str) -> None:
    """Let the tenant's mail leave as the installation's does."""
    with tenant_unit(slug) as uow:
        mail_settings.clear(uow)
        output.done(describe(uow), f"Mail of {slug} leaves by the installation's server again.")


def describe_letter(owner: Tenant, message: OutboxMessage) -> dict[str, Any]:
    """A mail that could not be delivered; not what it says."""
    return {
        "id": message.id,
        "tenant": owner.slug,
        "to": message.payload.get("to") or message.payload.get("email"),
        "template": dead_letters.template_of(message),
        "attempts": message.attempts,
        "last_error": message.last_error,
        "dead_at": message.dead_at,
    }


@verb(mail, "failed")
@_any_tenant
def failed(slug: str | None) -> None:
    """List the mails that could not be delivered, the latest first; they stay for 30 days."""
    with platform_unit() as platform:
        found = dead_letters.list_all(platform, MAILS, _tenant(platform, slug))
        documents = [describe_letter(owner, message) for owner, message in found]
    output.table(documents, _COLUMNS, empty="No mail has failed.")


@verb(mail, "retry")
@click.argument("ids", nargs=-1, type=click.UUID, metavar="[ID…]")
@click.option("--all", "everything", is_flag=True, help="All that `idp mail failed` lists.")
@_any_tenant
def retry(ids: Sequence[UUID], everything: bool, slug: str | None) -> None:
    """Send failed mails again."""
    if bool(ids) == everything:
        raise click.UsageError("Name the mails by id, or say --all")
    with platform_unit() as platform:
        back = dead_letters.retry(platform, MAILS, ids=None if everything else set(ids), tenant=_tenant(platform, slug))
        document = {"retried": [str(message.id) for message in back]}
    output.done(document, f"{len(back)} {'mail is' if len(back) == 1 else 'mails are'} in the queue again.")


def _tenant(platform: PlatformUnit, slug: str | None) -> Tenant | None:
    return None if slug is None else tenants.get(platform, slug)
