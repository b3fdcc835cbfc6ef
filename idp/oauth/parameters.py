"""Request parameters as the standards want them: each once, none empty, nothing hidden in them (RFC 6749 §3.1, R45)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from idp.errors import Invalid

MAX_PARAMETERS = 200
MAX_LENGTH = 2_000
_LONG = {"claims": 8_192, "client_assertion": 16_384, "id_token_hint": 16_384, "token": 16_384, "scope": 4_000}
_REPEATABLE = "resource"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MAX_RESOURCES = 10


class ParameterProblem(Invalid):
    """A parameter that is repeated, too long or not text; `field` names it."""

    code = "parameter-problem"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of one request: single values by name, and the repeatable ``resource`` (RFC 8707 §2)."""

    values: Mapping[str, str]
    resource: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """The value of `name`; None when it was not sent, or sent empty."""
        return self.values.get(name)


def read(encoded: bytes) -> Parameters:
    """Parse ``application/x-www-form-urlencoded`` bytes: a query string or a body.

    Raises:
        ParameterProblem: naming the parameter.
    """
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except UnicodeDecodeError:
        raise ParameterProblem("The parameters are not valid UTF-8.") from None
    except ValueError:
        raise ParameterProblem(f"More than {MAX_PARAMETERS} parameters.") from None
    values: dict[str, str] = {}
    resource: list[str] = []
    for name, value in pairs:
        _require_plain(name, value)
        if name == _REPEATABLE:
            resource += [value] if value else []
        elif name in values:
            raise ParameterProblem(f"The parameter {name} was sent more than once.", field=name)
        else:
            values[name] = value
    if len(resource) > MAX_RESOURCES:
        raise ParameterProblem(f"More than {MAX_RESOURCES} resources.", field=_REPEATABLE)
    return Parameters({name: value for name, value in values.items() if value}, tuple(dict.fromkeys(resource)))


def _require_plain(name: str, value: str) -> None:
    shown = name[:40] if name.isascii() and name.isprintable() else "(unreadable)"
    if len(name) > MAX_LENGTH or not name.isprintable():
        raise ParameterProblem("A parameter has a name that is no name.")
    if len(value) > _LONG.get(name, MAX_LENGTH):
        raise ParameterProblem(
            f"The parameter {shown} is longer than {_LONG.get(name, MAX_LENGTH)} characters.", field=name
        )
    if "\x00" in value or (name != "claims" and _CONTROL.search(value)):
        raise ParameterProblem(f"The parameter {shown} holds a control character.", field=name)
