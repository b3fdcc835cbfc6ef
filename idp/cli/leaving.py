"""How a person leaves: ``export``, ``erase`` and its other name ``delete`` of ``idp user`` (R63)."""

import json
from pathlib import Path

import click

from idp.accounts import export as exports
from idp.accounts import leaving
from idp.cli import output, people
from idp.cli.connect import platform_unit, tenant_unit
from idp.cli.options import confirm, program, tenant, yes
from idp.rbac import owners
from idp.tenants import service as tenants


@program("export")
@tenant
@people.who
@click.option("--output", "file", type=click.Path(path_type=Path), metavar="FILE", help="A new file; stdout else.")
def export(slug: str, who: str, file: Path | None) -> None:
    """Write all that we know of a person, as one JSON document."""
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        document = exports.document(uow, row)
        address = people.whole(uow, row)["email"]
        whole = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        if file is None:
            click.echo(whole, nl=False)
            return
        file.touch(0o600, exist_ok=False)
        file.write_text(whole, encoding="utf-8")
    output.done({"file": file, "user": document["user"]}, f"All that we know of {address} is in {file}.")


@program("erase")
@tenant
@people.who
@yes
@click.option("--no-mail", is_flag=True, help="Send them no last mail.")
def erase(slug: str, who: str, yes: bool, no_mail: bool) -> None:
    """Delete a person with everything that hangs on them, now; nothing says any more who it was."""
    _erase(slug, who, yes_given=yes, tell=not no_mail)


@program("delete")
@tenant
@people.who
@yes
def delete(slug: str, who: str, yes: bool) -> None:
    """The same as erase."""
    _erase(slug, who, yes_given=yes, tell=True)


def _erase(slug: str, who: str, *, yes_given: bool, tell: bool) -> None:
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        document = people.whole(uow, row)
        ownerless = owners.is_last(uow, row)
    address, warning = document["email"], f" Then {slug} has no owner." if ownerless else ""
    confirm(yes_given, f"Delete {address} of {slug}, for good?{warning}")
    with platform_unit() as platform, platform.within(tenants.get(platform, slug)) as uow:
        leaving.erase(uow, row, tell=tell)
    last = f" {slug} has no owner now." if ownerless else ""
    output.done({**document, "state": "deleted"}, f"{address} is deleted.{last}")
