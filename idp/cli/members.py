"""``KEY=VALUE`` as verbs that change a thing take it, for members that are flags, lists or text."""

import re
from collections.abc import Collection, Sequence
from typing import Any

import click

_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def read_members(given: Sequence[str], *, flags: Collection[str] = (), lists: Collection[str] = ()) -> dict[str, Any]:
    """What was given, by name; whoever owns the thing judges the names and values.

    Args:
        given: each ``KEY=VALUE``; a hyphen in a key is an underscore.
        flags: names of those that are true or false.
        lists: names of those that hold many, separated by commas or white space as in the settings of a tenant.

    Returns:
        True, False, a list, text, or None for a flag or text that is empty.

    Raises:
        UsageError: not of this form.
    """
    members: dict[str, Any] = {}
    for item in given:
        key, separator, value = item.partition("=")
        name = key.strip().replace("-", "_")
        if not separator or not name:
            raise click.UsageError(f"{item!r} is not KEY=VALUE")
        if name in members:
            raise click.UsageError(f"{name} is there twice")
        if name in flags:
            if value and value.lower() not in _TRUTH:
                raise click.UsageError(f"{name} is true or false")
            members[name] = _TRUTH[value.lower()] if value else None
        elif name in lists:
            members[name] = [part for part in re.split(r"[\s,]+", value) if part]
        else:
            members[name] = value or None
    return members
