"""The command `idp`: its nouns, and the one place where failures become sentences."""

import sys
from typing import Any

import click

from idp.cli import clients, db, dev, doctor, keys, resources, serve, tenants, users, worker
from idp.cli.connect import Connection
from idp.cli.errors import explain


class Program(click.Group):
    """A group that ends every failure with one sentence on stderr, never with a traceback."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and leave with a status."""
        kwargs["standalone_mode"] = False
        try:
            status = super().main(*args, **kwargs)
        except Exception as error:
            if "--traceback" in (kwargs.get("args") or sys.argv):
                raise
            sentence, status = explain(error)
            click.echo(sentence, err=True)
        sys.exit(status if isinstance(status, int) else 0)


def _without_colour(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value:
        context.color = False


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--traceback", is_flag=True, expose_value=False, hidden=True)
@click.option("--no-color", envvar="NO_COLOR", type=str, hidden=True, expose_value=False, callback=_without_colour)
@click.version_option(package_name="idp", message="%(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """A multi-tenant identity provider.

    Beside a living `idp dev` every verb talks to it, otherwise to IDP_DATABASE_URL.  Every verb takes --json.
    """
    context.obj = Connection()


for command in (
    dev.dev,
    serve.serve,
    worker.worker,
    db.db,
    tenants.tenant,
    users.user,
    clients.client,
    resources.resource,
    keys.key,
    doctor.doctor,
):
    cli.add_command(command)


def main() -> None:
    """Entry point of the program."""
    cli.main(prog_name="idp")
