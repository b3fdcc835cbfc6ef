"""``idp tenant apply`` and ``dump``: a tenant as a file (docs/tenant-as-code.md)."""

import os
import sys
from pathlib import Path
from typing import IO, Any

import click

from idp.cli import output
from idp.cli.connect import current, platform_unit
from idp.cli.options import confirm, named, program, yes
from idp.declarations import document, reading, state, writing
from idp.declarations.apply import Applied, rehearse
from idp.declarations.apply import apply as apply_
from idp.declarations.errors import DeclarationInvalid, printable
from idp.declarations.things import Action, Change, Declaration, Plan, shown
from idp.tenants import service as tenants

DIFFERENT = 2
"""Status of a dry run with ``--exit-code`` that found something to do, as ``terraform plan -detailed-exitcode`` has."""
MAX_SECRET = 64 * 1024
_COLOURS = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DELETE: "red"}
_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.KEEP: "="}
_DONE = {Action.CREATE: "created", Action.UPDATE: "changed", Action.DELETE: "deleted"}
_TO_DO = {Action.CREATE: "to create", Action.UPDATE: "to change", Action.DELETE: "to delete"}


@program("apply")
@click.option("-f", "--file", "source", type=click.File("rb"), required=True, metavar="FILE", help="YAML; - for stdin.")
@click.option("--tenant", "slug", metavar="SLUG", help="Refuse a file that is about another tenant.")
@click.option("--dry-run", is_flag=True, help="Say what it would do, and do nothing.")
@click.option("--exit-code", is_flag=True, help=f"With --dry-run: end with {DIFFERENT} when there is something to do.")
@click.option("--prune", is_flag=True, help="Delete what is there and not in the file, in the sections that it has.")
@yes
def apply(source: IO[bytes], slug: str | None, dry_run: bool, exit_code: bool, prune: bool, yes: bool) -> None:
    """Make a tenant what a file says: all of it, or nothing.

    What the file does not speak of stays as it is.  Secrets of new clients are shown once.
    """
    if exit_code and not dry_run:
        raise click.UsageError("--exit-code goes with --dry-run")
    declaration = read(source, slug)
    base_url = current().settings.base_url
    expected: Plan | None = None
    if dry_run or not yes:
        with platform_unit() as platform:
            expected = rehearse(platform, declaration, base_url=base_url, prune=prune)
    if dry_run and expected is not None:
        _answer(declaration, Applied(expected), applied=False)
        click.get_current_context().exit(DIFFERENT if exit_code and expected.changes else 0)
    if expected is not None and expected.changes:
        if sys.stdin.isatty():
            _show(expected, err=current().as_json)
        confirm(yes, f"Do this to {declaration.slug}?")
    with platform_unit() as platform:
        applied = apply_(platform, declaration, base_url=base_url, prune=prune, expected=expected)
    _answer(declaration, applied, applied=True, seen=expected is not None)


@program("dump")
@named("slug", "--slug", metavar="SLUG", text="The tenant's address.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
def dump(slug: str, target: Path | None) -> None:
    """Write a tenant as the file that makes it what it is.

    No secret is in it: `env:…` stands for the mail server's URL and for those of connections; webhooks get new ones.
    """
    with platform_unit() as platform:
        present = state.of_tenant(platform, tenants.get(platform, slug))
    if target is not None:
        target.write_text(writing.text(present), encoding="utf-8")
        output.done({"tenant": slug, "file": str(target)}, f"{slug} is written to {target}.")
    elif current().as_json:
        output.record(writing.document(present))
    else:
        click.echo(writing.text(present), nl=False)


def read(source: IO[bytes], slug: str | None) -> Declaration:
    """What the file wants.

    Raises:
        DeclarationInvalid: naming everything that is wrong with it, and where.
    """
    found = reading.read(source.read(reading.MAX_BYTES + 1))
    declaration = document.check(found, secrets=secret)
    if slug is not None and slug != declaration.slug:
        raise DeclarationInvalid([found.problem(("tenant",), f"The file is about {declaration.slug}, not {slug}.")])
    return declaration


def secret(reference: str) -> str:
    """What ``env:NAME`` or ``file:/path`` stands for.

    Raises:
        ValueError: it is no reference, or leads nowhere.
    """
    kind, _, rest = reference.partition(":")
    if kind == "env" and rest:
        found = os.environ.get(rest)  # noqa: TID251 - whoever calls us chose the variable, it is no setting of ours
        if not found:
            raise ValueError(f"The variable {printable(rest)} is not set.")
        return found
    if kind == "file" and rest.startswith("/"):
        try:
            with Path(rest).open(encoding="utf-8") as file:
                return file.read(MAX_SECRET).removesuffix("\n")
        except (OSError, ValueError):
            raise ValueError(f"The file {printable(rest)} cannot be read.") from None
    raise ValueError("A secret does not stand in the file: write env:NAME or file:/path.")


def _answer(declaration: Declaration, done: Applied, *, applied: bool, seen: bool = False) -> None:
    if current().as_json:
        output.record({"tenant": declaration.slug, "applied": applied, **done.as_document()})
        return
    if not seen or not done.plan.changes:
        _show(done.plan)
    if not done.plan.changes:
        click.echo("Nothing to change.")
        return
    words = _DONE if applied else _TO_DO
    counts = {action: sum(change.action is action for change in done.plan.changes) for action in words}
    click.echo(", ".join(f"{count} {words[action]}" for action, count in counts.items() if count) + ".")
    for name, credentials in done.credentials.items():
        click.echo(f"\n{printable(name)}")
        for key, value in credentials.items():
            click.echo(f"  {key.replace('_', ' ').ljust(13)}  {value}")
    shown_once = any(key.endswith("secret") for credentials in done.credentials.values() for key in credentials)
    if shown_once and sys.stdout.isatty():
        click.secho("\nThe secrets are shown this once; keep them now.", fg="yellow", err=True)


def _show(plan: Plan, *, err: bool = False) -> None:
    for change in plan.changes:
        click.secho(f"{_SIGNS[change.action]} {printable(change.title)}", fg=_COLOURS[change.action], err=err)
        for line in _lines(change):
            click.echo(f"    {line}", err=err)
    for change in plan.kept:
        click.secho(f"= {printable(change.title)}: not in the file, left alone", dim=True, err=err)
    if plan.changes or plan.kept:
        click.echo(err=err)


def _lines(change: Change) -> list[str]:
    after, before = shown(change.after), shown(change.before)
    if change.action is Action.CREATE:
        after = {name: value for name, value in after.items() if value not in (None, "", [], {}, False)}
    width = max(map(len, after), default=0)
    if change.action is Action.UPDATE:
        return [f"{name.ljust(width)}  {_text(before[name])} → {_text(value)}" for name, value in after.items()]
    return [f"{name.ljust(width)}  {_text(value)}" for name, value in after.items()]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if isinstance(value, dict):
        value = " ".join(f"{name}={of}" for name, of in value.items())
    return "-" if value in {None, ""} else printable(str(value))
