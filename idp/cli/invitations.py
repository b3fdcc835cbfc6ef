"""``idp user invite``, and ``idp invitation``: those that wait for an answer."""

from typing import Any
from uuid import UUID

import click

from idp.accounts import invitations
from idp.accounts.models import Invitation
from idp.cli import output
from idp.cli.connect import tenant_unit
from idp.cli.options import program, tenant, verb
from idp.rbac.permissions import Builtin


@click.group()
def invitation() -> None:
    """Invitations: list, resend, revoke.  ``idp user invite`` sends one."""


def describe(row: Invitation) -> dict[str, Any]:
    """An invitation, for people and programs."""
    return {
        "id": row.id,
        "email": row.address,
        "roles": row.roles,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }


@program("invite")
@tenant
@click.option("--email", required=True, help="Where the invitation goes.")
@click.option(
    "--role", "roles", multiple=True, default=(Builtin.MEMBER.value,), metavar="ROLE", help="May be repeated; member."
)
def invite(slug: str, email: str, roles: tuple[str, ...]) -> None:
    """Mail somebody a link to come in with; an earlier one to the same address is over."""
    with tenant_unit(slug) as uow:
        row = invitations.invite(uow, email, roles=roles)
        uow.flush()
        document = describe(row)
    output.done(document, f"{document['email']} gets an invitation; it is open until {row.expires_at:%Y-%m-%d}.")


@verb(invitation, "list")
@tenant
def list_(slug: str) -> None:
    """List the open ones, newest first."""
    with tenant_unit(slug) as uow:
        documents = [describe(row) for row in invitations.list_open(uow)]
    output.table(documents, ("email", "roles", "created_at", "expires_at", "id"), empty="Nobody is invited.")


@verb(invitation, "resend")
@tenant
@click.argument("invitation_id", metavar="ID", type=click.UUID)
def resend(slug: str, invitation_id: UUID) -> None:
    """Invite somebody again, with the same roles; the link before does nothing any more."""
    with tenant_unit(slug) as uow:
        row = invitations.resend(uow, invitation_id)
        uow.flush()
        document = describe(row)
    output.done(document, f"{document['email']} gets another invitation; it is open until {row.expires_at:%Y-%m-%d}.")


@verb(invitation, "revoke")
@tenant
@click.argument("invitation_id", metavar="ID", type=click.UUID)
def revoke(slug: str, invitation_id: UUID) -> None:
    """Take an invitation back; its link does nothing any more."""
    with tenant_unit(slug) as uow:
        document = describe(invitations.revoke(uow, invitation_id))
    output.done(document, f"{document['email']} is not invited any more.")
