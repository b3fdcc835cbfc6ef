"""The command `idp`: its nouns, and the one place where failures become sentences."""

import sys
from importlib import import_module
from typing import Any

import click

from idp.cli.connect import Connection
from idp.cli.errors import explain

COMMANDS = {
    "dev": "dev",
    "serve": "serve",
    "worker": "worker",
    "secrets": "secret_files",
    "db": "db",
    "tenant": "tenants",
    "user": "users",
    "invitation": "invitations",
    "role": "roles",
    "group": "groups",
    "client": "clients",
    "resource": "resources",
    "connection": "connections",
    "domain": "domains",
    "event": "events",
    "webhook": "webhooks",
    "alert": "alerts",
    "key": "keys",
    "master-key": "master_keys",
    "mail": "mail",
    "doctor": "doctor.command",
}
"""Each command and its module of `idp.cli`, imported when it is asked for: what it stands on takes time to load."""


class Program(click.Group):
    """Ends every failure with one sentence on stderr, never with a traceback."""

    def list_commands(self, context: click.Context) -> list[str]:
        """In the order in which people meet them."""
        return [*COMMANDS]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command, from its module."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"idp.cli.{COMMANDS[name]}"), name.replace("-", "_"))
        return command

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


def main() -> None:
    """Entry point of the program."""
    cli.main(prog_name="idp")
