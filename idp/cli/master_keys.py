"""``idp master-key``: the keys of IDP_MASTER_KEYS, and moving the tenants from one to another."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from idp.cli import output
from idp.cli.connect import current, platform_unit
from idp.cli.options import verb
from idp.tenants import wrapping


@click.group()
def master_key() -> None:
    """Master keys: status, rewrap."""


@verb(master_key, "status")
def status() -> None:
    """Show how many tenants are under each master key."""
    keys = current().wiring.master_keys
    with platform_unit() as platform:
        tenants = {share.key_id: share.tenants for share in wrapping.shares(platform)}
    documents = [
        {"key": key_id, "tenants": tenants.get(key_id, 0), "state": _state(key_id, keys.ids, tenants)}
        for key_id in (*keys.ids, *sorted(tenants.keys() - set(keys.ids)))
    ]
    output.table(documents, ("key", "tenants", "state"), empty="")


def _state(key_id: str, ours: tuple[str, ...], tenants: dict[str, int]) -> str:
    if key_id not in ours:
        return "missing"
    if key_id == ours[0]:
        return "seals"
    return "opens" if key_id in tenants else "unused"


@verb(master_key, "rewrap")
@click.option(
    "--batch", type=click.IntRange(1, 10_000), default=wrapping.BATCH, show_default=True, help="Tenants a transaction."
)
def rewrap(batch: int) -> None:
    """Move every tenant under the first key of IDP_MASTER_KEYS; cut short, the next run goes on.

    The service goes on meanwhile.  When nothing is left, every other key can be taken out of IDP_MASTER_KEYS.
    """
    with platform_unit() as platform:
        count = wrapping.left(platform)
    done, unopened = 0, 0
    with _progress(count) as advance:
        after = wrapping.FIRST
        while True:
            with platform_unit() as platform:
                step = wrapping.rewrap(platform, after=after, limit=batch)
            done, unopened = done + step.rewrapped, unopened + len(step.unopened)
            advance(step.rewrapped)
            if step.last is None:
                break
            after = step.last
    with platform_unit() as platform:
        left = wrapping.left(platform)
        if done:
            wrapping.record(platform, done)
    key_id = current().wiring.master_keys.current
    output.done({"key": key_id, "rewrapped": done, "left": left}, f"{_tenants(done)} went under the key {key_id}.")
    if unopened:
        raise click.ClickException(
            f"{_tenants(left)} {_are(left)} under a key that is not in IDP_MASTER_KEYS, or damaged:"
            " `idp master-key status` names it"
        )
    if left:
        raise click.ClickException(
            f"{_tenants(left)} {_are(left)} still under another key: somebody makes tenants with it, run this again"
        )


@contextmanager
def _progress(count: int) -> Iterator[Any]:
    """A bar with rate and remaining time on a terminal, nothing elsewhere."""
    if not count or not sys.stderr.isatty() or current().as_json:
        yield lambda _step: None
        return
    began, done = time.monotonic(), 0

    def rate(_item: object) -> str:
        return f"{done / max(time.monotonic() - began, 0.001):.0f} tenants/s"

    with click.progressbar(length=count, file=sys.stderr, show_pos=True, item_show_func=rate) as bar:

        def advance(step: int) -> None:
            nonlocal done
            done += step
            bar.update(step, current_item=step)

        yield advance


def _tenants(count: int) -> str:
    return f"{count} {'tenant' if count == 1 else 'tenants'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
