"""``idp key``: the signing keys of a tenant."""

from typing import Any

import click

from idp.cli import output
from idp.cli.connect import tenant_unit
from idp.cli.options import confirm, named, tenant, verb, yes
from idp.keys import service as keys
from idp.keys.models import SigningKey


@click.group()
def key() -> None:
    """Signing keys: list, rotate, revoke."""


def describe(row: SigningKey) -> dict[str, Any]:
    """A key, without its private part."""
    return {
        "kid": row.kid,
        "state": row.state.value,
        "alg": row.alg,
        "published_at": row.published_at,
        "activated_at": row.activated_at,
        "retiring_at": row.retiring_at,
        "retired_at": row.retired_at,
        "revoked_at": row.revoked_at,
    }


@verb(key, "list")
@tenant
def list_(slug: str) -> None:
    """List every key, newest first."""
    with tenant_unit(slug) as uow:
        documents = [describe(row) for row in keys.list_all(uow)]
    output.table(documents, ("kid", "state", "alg", "published_at", "activated_at"), empty="There is no key yet.")


@verb(key, "rotate")
@tenant
def rotate(slug: str) -> None:
    """Hand over to the next key, now or as soon as it has been published for ten minutes."""
    with tenant_unit(slug) as uow:
        row = keys.rotate(uow)
        uow.flush()
        document = describe(row) | {"signs_from": row.activated_at or keys.ready_at(row)}
    if row.activated_at is not None:
        told = f"{row.kid} signs now; the old key stays published until its last token has expired."
    else:
        told = f"{row.kid} is published and takes over by itself at {keys.ready_at(row):%Y-%m-%d %H:%M:%S} UTC."
    output.done(document, told)


@verb(key, "revoke")
@tenant
@named("kid", "--kid", metavar="KID", text="As `idp key list` shows it.")
@yes
def revoke(slug: str, kid: str, yes: bool) -> None:
    """Withdraw a key at once: whatever it signed stops verifying."""
    confirm(yes, f"Revoke the key {kid} of {slug}? Every token that it signed stops verifying.")
    with tenant_unit(slug) as uow:
        row = keys.revoke(uow, kid)
        uow.flush()
        document = describe(row)
    output.done(document, f"{row.kid} is revoked; the next key signs.")
