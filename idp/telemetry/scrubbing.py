"""What may leave in a span or a report: an allow-list of ids and measures, and of texts the first line (R58).

Query strings, bodies, headers, addresses of people, parameters of statements and local variables never do.
"""

import re
from collections.abc import Mapping
from typing import Any

from idp import log

_MAIL = re.compile(r"[^\s@<>\"'=(]+@[^\s@<>\"'),]+")
_DROPPED = re.compile(
    r"query$|header|cookie|body|user_agent|\bpeer\.(ip|addr)|client\.(address|ip)|client_ip|socket|parameter"
    r"|^http\.(url|host|flavor|server_name)$|^enduser|exception\.stacktrace",
    re.IGNORECASE,
)
_CUT = frozenset({"http.target", "url.full", "url.path"})


def scrub_text(text: str) -> str:
    """The first line, without secrets and addresses: a database tells the values of a row on the second."""
    return _MAIL.sub("[address]", log.redact_text(text.split("\n", 1)[0]))


def scrub_statement(text: str) -> str:
    """A statement as we wrote it: it has placeholders where values go."""
    return log.redact_text(text)


def scrub_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Attributes of a span that may leave."""
    return {name: _scrub(name, value) for name, value in (attributes or {}).items() if not _DROPPED.search(name)}


def _scrub(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name in _CUT:
        return scrub_text(value.partition("?")[0])
    return scrub_statement(value) if name in {"db.query.text", "db.statement"} else scrub_text(value)
