"""``idp connection test``: what an upstream says of somebody, before anybody is let in by it."""

import json
import time
from typing import Any
from uuid import UUID

import click

from idp.cli import output
from idp.cli.connect import current, tenant_unit
from idp.cli.errors import FAILED
from idp.cli.options import named, program, tenant
from idp.federation import connections, testing
from idp.federation.errors import NoSuchTest
from idp.federation.testing import Result

EVERY_SECONDS = 0.5
connection_name = named("name", "--name", metavar="NAME", text="As `idp connection list` shows it.")


@program("test")
@tenant
@connection_name
@click.option("--timeout", type=click.IntRange(1, 3600), default=300, show_default=True, metavar="SECONDS")
@click.option("--no-wait", is_flag=True, help="Only show the URL, and the id for --result.")
@click.option("--result", "test_id", metavar="ID", help="Show how a test stands that was begun before.")
def test(slug: str, name: str, timeout: int, no_wait: bool, test_id: str | None) -> None:
    """Try a connection out: open the URL in a browser, sign in there, and see here what came back.

    Nobody is signed in, linked or made.  What came back can be shown for an hour.
    """
    if test_id is not None:
        _show(test_id, _result(slug, name, _parsed(test_id)))
        return
    with tenant_unit(slug) as uow:
        row, url = testing.begin(uow, connections.get(uow, name))
        begun = {"id": row.id, "url": url, "expires_at": row.expires_at}
    if no_wait:
        output.record(begun)
        return
    click.echo(f"Open this in a browser, and sign in there:\n  {url}", err=True)
    found = _wait(slug, name, row.id, timeout)
    if found.status == "pending":
        raise click.ClickException(
            f"Nobody came back within {timeout} seconds; "
            f"`idp connection test --tenant {slug} {name} --result {row.id}` shows it later"
        )
    _show(str(row.id), found)


def _wait(slug: str, name: str, test_id: UUID, timeout: int) -> Result:
    """How a test stands when somebody has come back, or patience is at its end."""
    deadline = time.monotonic() + timeout
    found = _result(slug, name, test_id)
    while found.status == "pending" and time.monotonic() < deadline:
        time.sleep(EVERY_SECONDS)
        found = _result(slug, name, test_id)
    return found


def _result(slug: str, name: str, test_id: UUID) -> Result:
    with tenant_unit(slug) as uow:
        return testing.get(uow, connections.get(uow, name), test_id)


def _show(test_id: str, found: Result) -> None:
    """What came back; a test that failed ends the command so."""
    claims: Any = found.claims
    if claims is not None and not current().as_json:
        claims = {name: value if isinstance(value, str) else json.dumps(value) for name, value in claims.items()}
    output.record(
        {
            "id": test_id,
            "status": found.status,
            "expires_at": found.expires_at,
            "profile": found.profile,
            "claims": claims,
            "failure": None if found.reason is None else {"reason": found.reason, "cause": found.cause},
        }
    )
    if found.status == "failed":
        click.get_current_context().exit(FAILED)


def _parsed(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchTest(f"There is no test sign-in {text!r}.") from None
