"""docs/connections.md names what there is: kinds with a page each, options, reasons, and links that lead on."""

import re
from pathlib import Path

import pytest

from idp.federation.errors import Reason
from idp.federation.options import Options
from idp.federation.providers.registry import COMMON, KINDS

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "connections.md", *sorted((DOCS / "connections").glob("*.md"))]
WHOLE = PAGES[0].read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The tables below a heading: what the first cell names → the other cells."""
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", WHOLE, re.DOTALL | re.MULTILINE)
    lines = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| `")]
    return {
        name: [cell.strip() for cell in cells[1:]] for cells in lines for name in re.findall(r"`(\w[\w-]*)`", cells[0])
    }


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_kind_has_a_page() -> None:
    assert {page.stem for page in PAGES[1:]} == {*KINDS}
    for kind in KINDS:
        assert f"(connections/{kind}.md)" in WHOLE


def test_every_reason_says_what_to_do() -> None:
    documented = rows("When it does not work")
    assert documented.keys() == {reason.value for reason in Reason}
    assert all(len(cells) == 2 and all(cells) for cells in documented.values())


def test_every_option_is_documented_with_the_kinds_that_have_it() -> None:
    documented = rows("Options")
    assert documented.keys() == Options.model_fields.keys()
    for name, (kinds, *_) in documented.items():
        having = {kind for kind, known in KINDS.items() if name in known.members}
        if name in COMMON:
            assert kinds == "all", name
        else:
            assert set(re.findall(r"`(\w+)`", kinds)) == having, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_headings_that_exist(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([\w./-]*\.md)?(?:#([\w-]+))?\)", page.read_text(encoding="utf-8")):
        there = (page.parent / target).resolve() if target else page
        assert there.is_file(), target
        assert not anchor or anchor in anchors(there), (target, anchor)
