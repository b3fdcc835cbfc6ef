"""What verbs share: ``--json``, ``--data-dir``, ``--tenant``, ``--yes``, and a password from stdin or from us."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from idp.cli.connect import current
from idp.crypto.secrets import new_secret

Function = Callable[..., None]


def verb(group: click.Group, name: str) -> Callable[[Function], click.Command]:
    """Make a function a verb of `group`."""

    def decorate(function: Function) -> click.Command:
        command = program(name)(function)
        group.add_command(command)
        return command

    return decorate


def program(name: str) -> Callable[[Function], click.Command]:
    """Make a function a command that takes what every one takes: ``--json`` and ``--data-dir``."""

    def decorate(function: Function) -> click.Command:
        return click.command(name)(_json(data_dir(function)))

    return decorate


def _remember_json(_context: click.Context, _parameter: click.Parameter, chosen: bool) -> None:
    if chosen:
        current().as_json = True


def _remember_folder(_context: click.Context, _parameter: click.Parameter, chosen: Path | None) -> None:
    if chosen is not None:
        current().data_dir = chosen


_json = click.option(
    "--json", is_flag=True, expose_value=False, callback=_remember_json, help="Answer with one JSON document."
)
data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    expose_value=False,
    callback=_remember_folder,
    metavar="FOLDER",
    help="Of an `idp dev`; .idp when left out.",
)

tenant = click.option("--tenant", "slug", required=True, metavar="SLUG", help="The tenant that it belongs to.")
yes = click.option("--yes", is_flag=True, help="Do not ask.")
password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from stdin, not make one.")


def named(name: str, *spelled: str, metavar: str, text: str) -> Callable[[Function], Function]:
    """The one thing that a verb is about: as argument, or by option for whoever likes to spell it out."""

    def decorate(function: Function) -> Function:
        def choose(context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
            given = {item for item in (value, context.params.pop(f"{name}_option", None)) if item}
            if len(given) != 1:
                raise click.UsageError(f"Name one {metavar.replace('_', ' ').lower()}", context)
            return given.pop()

        argument = click.argument(name, required=False, metavar=metavar, callback=choose)
        option = click.option(*spelled, f"{name}_option", metavar=metavar, is_eager=True, help=text)
        return argument(option(function))

    return decorate


def confirm(yes_given: bool, question: str) -> None:
    """Ask before something that cannot be undone.

    Raises:
        UsageError: nobody is there to be asked.
        Abort: they said no.
    """
    if yes_given:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("This cannot be undone and nobody is here to ask: repeat it with --yes")
    click.confirm(question, abort=True, err=True)


def read_password(from_stdin: bool) -> tuple[str, dict[str, Any]]:
    """A password, and what to show of it: one of ours is shown once, one that was given never.

    Raises:
        UsageError: stdin was empty.
    """
    if not from_stdin:
        password = new_secret("pw")
        return password, {"password": password}
    password = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not password:
        raise click.UsageError("There was no password on stdin")
    return password, {}
