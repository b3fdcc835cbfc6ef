"""Tables of docs/api.md that the code knows better than any writer: permissions, and codes of errors."""

import re
from collections.abc import Iterable
from pathlib import Path

from idp.api.problems import CATALOGUE
from idp.rbac.permissions import DESCRIPTIONS, OWNER_ONLY, PLATFORM, Permission

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def page() -> str:
    """The page with its tables as they are now.

    Raises:
        ValueError: a table has no place in it.
    """
    text = PAGE.read_text()
    for name, rows in {"permissions": _permissions(), "codes": _codes()}.items():
        place = re.compile(rf"(<!-- {name}: written by make openapi -->\n).*?(<!-- end -->)", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"docs/api.md has no place for {name}")
        table = "".join(f"{row}\n" for row in rows)
        text = place.sub(lambda found, table=table: found[1] + table + found[2], text)  # type: ignore[misc]
    return text


def _permissions() -> Iterable[str]:
    yield "| permission | what it lets somebody do | who has it |"
    yield "|---|---|---|"
    for permission in Permission:
        yield f"| `{permission.value}` | {DESCRIPTIONS[permission]} | {_holders(permission)} |"


def _holders(permission: Permission) -> str:
    roles = "`owner`" if permission in OWNER_ONLY else "`owner`, `admin`"
    return f"{roles} of `system`" if permission in PLATFORM else roles


def _codes() -> Iterable[str]:
    yield "| status | code | such as |"
    yield "|---|---|---|"
    for code, (status, detail) in sorted(CATALOGUE.items(), key=lambda entry: (entry[1][0], entry[0])):
        yield f"| {status} | `{code}` | {detail} |"
