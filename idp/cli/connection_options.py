"""Options of a connection as they are typed: ``KEY=VALUE``, lists and maps of them in one value."""

import json
import re
from collections.abc import Sequence
from typing import Any

import click

from idp.cli.members import read_members
from idp.federation.options import Options

_DEFAULTS = Options().model_dump()
FLAGS = frozenset(name for name, value in _DEFAULTS.items() if isinstance(value, bool))
LISTS = frozenset(name for name, value in _DEFAULTS.items() if isinstance(value, list))
MAPS = frozenset(name for name, value in _DEFAULTS.items() if isinstance(value, dict))
HELP = """\b
  organizations=acme,acme-labs          lists are separated by commas
  roles=acme/core:developer,acme:member their group:our role
  claims=nickname:login                 our attribute:their claim
  roles='{"Sales, EMEA": "seller"}'     maps may be JSON
  trusts_email=yes                      yes or no
  creation=                             empty: the default again"""


def read(given: Sequence[str]) -> dict[str, Any]:
    """Members by name, of `Options` and others; None is the default again.

    Raises:
        UsageError: not of the form that is described.
    """
    members = read_members(given, flags=FLAGS, lists=LISTS)
    return {name: _pairs(name, value) if name in MAPS and value else value for name, value in members.items()}


def _pairs(name: str, text: str) -> dict[str, str]:
    if text.lstrip().startswith("{"):
        return _json(name, text)
    pairs: dict[str, str] = {}
    for item in filter(None, re.split(r"\s*,\s*", text.strip())):
        # A group may hold a colon and a role may not; a claim may and an attribute of ours may not.
        key, separator, value = item.rpartition(":") if name == "roles" else item.partition(":")
        if not separator or not key or not value or key in pairs:
            raise click.UsageError(f"{name} reads {name}=KEY:VALUE,KEY:VALUE, each key once, and {item!r} does not fit")
        pairs[key] = value
    return pairs


def _json(name: str, text: str) -> dict[str, str]:
    try:
        pairs = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{name} is not JSON: {error}") from None
    if not isinstance(pairs, dict):
        raise click.UsageError(f"{name} must be one JSON object")
    return pairs
