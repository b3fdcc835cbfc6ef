"""The configurations that the pages of docs/operations/scaling show: tests run these very files."""

import re
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "operations" / "scaling"
_BLOCK = re.compile(r"^```\w+\n(?:#|--) (?P<name>\S+)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def configuration(page: str, name: str, here: dict[str, str]) -> str:
    """The file called `name` on a page, for the tests' machine.

    Args:
        page: its name, without the ending.
        name: the last part of the path in the first line of the block.
        here: what stands in this place for an address or a path of the page, each of which must be there; all in one
            go, so that none is replaced twice.
    """
    text = _text(page, name)
    for said in here:
        assert said in text, f"{page}.md: {name} does not say {said}"
    return re.sub("|".join(re.escape(said) for said in here) or "$^", lambda found: here[found[0]], text)


def _text(page: str, name: str) -> str:
    blocks = _BLOCK.finditer((PAGES / f"{page}.md").read_text("utf-8"))
    found = [block["text"] for block in blocks if Path(block["name"]).name == name]
    assert len(found) == 1, f"{page}.md has {len(found)} files {name}"
    return found[0]
