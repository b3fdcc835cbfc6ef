"""What providers make of what upstreams say: checked values, and nothing that our own rows would not take."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from idp.federation.errors import Reason, SignInRefused
from idp.users import service as users
from idp.users.errors import EmailInvalid
from idp.users.models import Profile

LONGEST_SUBJECT = 255
"""OpenID Connect Core §2."""
LONGEST_NAME = 255
MOST_GROUPS = 1_000
MOST_SHOWN = 100
LONGEST_SHOWN = 2_000
DEEPEST_SHOWN = 50
_SECRETS = ("access_token", "refresh_token", "id_token", "client_secret", "code")
_WORD = re.compile(r"[\x20-\x7e]+")


def subject(value: object) -> str:
    """A subject as a key of ours.

    Raises:
        SignInRefused: it is none: null, empty, no string, not to be printed, or longer than any may be.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_SUBJECT or not value.isprintable():
        raise SignInRefused(Reason.NO_SUBJECT, f"the subject is {_kind_of(value)}")
    return value


def email(value: object) -> str | None:
    """One address as we write it; None for whatever is none."""
    if not isinstance(value, str):
        return None
    try:
        return users.parse_email(value[:1_000])
    except EmailInvalid:
        return None


def attributes(named: Mapping[str, object]) -> dict[str, Any]:
    """Those members of a profile that are valid, each judged alone; what is not is left out."""
    kept: dict[str, Any] = {}
    for name, value in named.items():
        if value is None or value == "" or name not in Profile.model_fields:
            continue
        try:
            parsed = Profile.model_validate({name: value})
        except ValidationError:
            continue
        kept[name] = parsed.model_dump(exclude_none=True).get(name)
    return {name: value for name, value in kept.items() if value is not None}


def groups(value: object) -> list[str]:
    """Names of groups, from a list of strings or from one."""
    listed: Iterable[object] = value if isinstance(value, list) else [value]
    named = {name for name in listed if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable()}
    return sorted(named)[:MOST_GROUPS]


def text(value: object) -> str | None:
    """A short line to be shown, or None."""
    return value[:LONGEST_NAME] if isinstance(value, str) and value.isprintable() and value.strip() else None


def seconds(value: object) -> int | None:
    """A time in whole seconds, of a JSON number (RFC 7519 §2); None for whatever is none."""
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def shown(received: Mapping[str, Any]) -> dict[str, Any]:
    """What was received, for whoever tests a connection: JSON without secrets, and not longer than anybody reads."""
    kept = [(name, value) for name, value in received.items() if name not in _SECRETS and text(name) == name]
    return {name: _short(value) for name, value in kept[:MOST_SHOWN]}


def word(value: object) -> str:
    """An error code of an upstream, fit for a log."""
    found = _WORD.match(value) if isinstance(value, str) else None
    return found.group()[:100] if found else "(none)"


def _short(value: Any) -> Any:
    """The value as it is, where JSON and UTF-8 have it and somebody can read it (RFC 8259 §8.1)."""
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError):
        return "(not to be written as JSON)"
    is_readable = len(written) <= LONGEST_SHOWN and written.count(b"[") + written.count(b"{") <= DEEPEST_SHOWN
    return value if is_readable else "(longer or deeper than anybody reads)"


def _kind_of(value: object) -> str:
    if value is None:
        return "missing or null"
    return "empty, too long or not to be printed" if isinstance(value, str) else f"no string but {type(value).__name__}"
