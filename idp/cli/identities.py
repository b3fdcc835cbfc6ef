"""``idp user identities`` and ``unlink``: who somebody is at the tenant's connections."""

import click

from idp.cli import output, people
from idp.cli.connect import tenant_unit
from idp.cli.options import confirm, program, tenant, yes
from idp.federation import connections
from idp.federation import identities as federation
from idp.federation.errors import NoSuchIdentity


@program("identities")
@tenant
@people.who
def identities(slug: str, who: str) -> None:
    """List who a person is at the connections that they can sign in by."""
    with tenant_unit(slug) as uow:
        documents = [
            {
                "connection": connection.name,
                "email": row.email,
                "username": row.username,
                "issuer": row.issuer,
                "subject": row.subject,
                "linked_at": row.linked_at,
                "last_used_at": row.last_used_at,
                "keeps_token": row.tokens_sealed is not None,
                "id": row.id,
            }
            for row, connection in federation.list_of(uow, people.find(uow, who).id)
        ]
    output.table(
        documents,
        ("connection", "username", "email", "subject", "linked_at", "last_used_at"),
        empty="They sign in by no connection.",
    )


@program("unlink")
@tenant
@people.who
@click.option("--connection", "name", required=True, metavar="NAME", help="As `idp user identities` shows it.")
@yes
def unlink(slug: str, who: str, name: str, yes: bool) -> None:
    """Take an identity at a connection from a person; it opens their account no more."""
    confirm(yes, f"Take from {who} of {slug} their way in by {name}, and sign them out everywhere?")
    with tenant_unit(slug) as uow:
        person = people.find(uow, who)
        row = federation.find_of(uow, person.id, connections.get(uow, name))
        if row is None:
            raise NoSuchIdentity(f"They do not sign in by {name}.")
        federation.remove(uow, person, row.id)
    output.done({"id": row.id, "connection": name, "unlinked": True}, f"{who} can sign in by {name} no more.")
