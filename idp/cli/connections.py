"""``idp connection``: the upstreams that a tenant trusts; `idp.cli.connection_tests` tries one out."""

import sys
from typing import IO, Any

import click

from idp.cli import connection_options, output
from idp.cli.connect import current, tenant_unit
from idp.cli.connection_options import HELP
from idp.cli.connection_tests import connection_name, test
from idp.cli.options import confirm, tenant, verb, yes
from idp.db.unit import UnitOfWork
from idp.federation import connections, secrets
from idp.federation.models import Connection
from idp.federation.options import Options
from idp.federation.providers.registry import COMMON, KINDS

_stdin = click.option("--client-secret-stdin", is_flag=True, help="Read the client secret from stdin.")
_file = click.option("--client-secret-file", type=click.File(), metavar="FILE", help="Read the client secret from it.")


@click.group()
def connection() -> None:
    """Connections: create, list, show, set, enable, disable, test, delete; kinds."""


def describe(uow: UnitOfWork, row: Connection) -> dict[str, Any]:
    """A connection, but for its secret."""
    useful = KINDS[row.kind].members | COMMON
    return {
        "name": row.name,
        "kind": row.kind,
        "label": row.label,
        "enabled": row.disabled_at is None,
        "position": row.position,
        "client_id": row.client_id,
        "has_client_secret": row.client_secret_sealed is not None,
        "client_secret_changed_at": row.secret_changed_at,
        "previous_secret_until": secrets.previous_until(uow, row),
        "callback_url": connections.callback_url(uow, row.name),
        "login_url": connections.login_url(uow, row.name),
        "issuer": connections.issuer_of(row),
        "options": {name: value for name, value in row.options.model_dump(mode="json").items() if name in useful},
        "created_at": row.created_at,
    }


@verb(connection, "create")
@tenant
@click.option("--kind", type=click.Choice([*KINDS]), required=True)
@click.option("--name", required=True, help="Part of the callback URL; never changes.")
@click.option("--client-id", required=True, metavar="ID", help="As what you are known there.")
@_stdin
@_file
@click.option("--label", help="What the button says; the kind's own name when left out.")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="May be repeated; see above.")
@click.option("--disabled", is_flag=True, help="Nobody sees it before `idp connection enable`.")
def create(
    slug: str,
    client_secret_stdin: bool,
    client_secret_file: IO[str] | None,
    options: tuple[str, ...],
    disabled: bool,
    **members: Any,
) -> None:
    """Trust an upstream, and show the callback URL to register there."""
    given = connection_options.read(options)
    secret = _secret(client_secret_stdin, client_secret_file)
    with tenant_unit(slug) as uow:
        row = connections.create(uow, **members, client_secret=secret, enabled=not disabled, options=given)
        document = _whole(uow, row)
    output.record(document)
    if not current().as_json:
        click.echo(
            f"\nRegister this callback URL there: {document['callback_url']}\n"
            f"Then try it out: idp connection test --tenant {slug} {document['name']}",
            err=True,
        )


@verb(connection, "list")
@tenant
def list_(slug: str) -> None:
    """List every connection, in the order of their buttons."""
    with tenant_unit(slug) as uow:
        documents = [describe(uow, row) for row in connections.list_all(uow)]
    output.table(
        documents,
        ("name", "kind", "label", "enabled", "client_id", "callback_url"),
        empty="There is no connection yet.",
    )


@verb(connection, "show")
@tenant
@connection_name
def show(slug: str, name: str) -> None:
    """Show a connection with its options."""
    with tenant_unit(slug) as uow:
        output.record(describe(uow, connections.get(uow, name)))


@verb(connection, "set")
@tenant
@click.argument("name", metavar="NAME")
@click.argument("members", nargs=-1, metavar="KEY=VALUE…")
@_stdin
@_file
def set_(
    slug: str, name: str, members: tuple[str, ...], client_secret_stdin: bool, client_secret_file: IO[str] | None
) -> None:
    """Change options, the label, the position among the buttons, the client-id, and the client secret.

    The secret before stays good for a day.  Another address of the upstream needs the secret too.
    """
    secret = _secret(client_secret_stdin, client_secret_file)
    if not members and secret is None:
        raise click.UsageError("Name what to change, as KEY=VALUE, or give a client secret")
    given = connection_options.read(members)
    own = {key: given.pop(key) for key in ("label", "position", "client_id") if key in given}
    if own.get("position") is not None:
        own["position"] = _number(own["position"])
    with tenant_unit(slug) as uow:
        row = connections.hold(uow, name)
        if "label" in own and own["label"] is None:
            own["label"] = KINDS[row.kind].label
        connections.update_connection(uow, row, **own, client_secret=secret, options=given)
        output.record(_whole(uow, row))


@verb(connection, "enable")
@tenant
@connection_name
def enable(slug: str, name: str) -> None:
    """Let people sign in by it."""
    document = _switch(slug, name, enabled=True)
    output.done(document, f"People can sign in by {document['label']}.")


@verb(connection, "disable")
@tenant
@connection_name
def disable(slug: str, name: str) -> None:
    """Let nobody sign in by it until `idp connection enable`; whoever is signed in stays so."""
    document = _switch(slug, name, enabled=False)
    output.done(document, f"Nobody can sign in by {document['label']} now.")


@verb(connection, "delete")
@tenant
@connection_name
@yes
def delete(slug: str, name: str, yes: bool) -> None:
    """Delete a connection with everybody's identities there; their accounts stay."""
    confirm(yes, f"Delete the connection {name} of {slug} with everybody's identities there, for good?")
    with tenant_unit(slug) as uow:
        row = connections.hold(uow, name)
        connections.remove(uow, row)
    output.done({"name": row.name, "deleted": True}, f"{row.label} is deleted.")


@verb(connection, "kinds")
def kinds() -> None:
    """List what can be connected, with the options that each has beside those of all."""
    documents = [
        {
            "kind": name,
            "label": known.label,
            "needs_client_secret": known.needs_secret,
            "required": sorted(known.required),
            "options": [option for option in Options.model_fields if option in known.members | COMMON],
            "own": [option for option in Options.model_fields if option in known.members],
        }
        for name, known in KINDS.items()
    ]
    output.table(documents, ("kind", "label", "required", "own"), empty="")


def _switch(slug: str, name: str, *, enabled: bool) -> dict[str, Any]:
    with tenant_unit(slug) as uow:
        row = connections.hold(uow, name)
        connections.update_connection(uow, row, enabled=enabled)
        return _whole(uow, row)


def _whole(uow: UnitOfWork, row: Connection) -> dict[str, Any]:
    uow.flush()
    return describe(uow, row)


def _secret(from_stdin: bool, file: IO[str] | None) -> str | None:
    """The secret that was given, if one was.

    Raises:
        UsageError: two places were named, or there is nothing.
    """
    if from_stdin and file is not None:
        raise click.UsageError("The client secret comes from stdin or from a file, not from both")
    source = sys.stdin if from_stdin else file
    if source is None:
        return None
    secret = source.read().strip()
    if not secret:
        raise click.UsageError("There was no client secret")
    return secret


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4:  # noqa: PLR2004 - as the API takes it
        raise click.UsageError("position is a number from 0 to 9999")
    return int(text)


for command in (create, set_):
    command.help = f"{command.help}\n\n{HELP}"
connection.add_command(test)
