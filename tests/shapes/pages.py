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
    blocks = _BLOCK.finditer(_read(page))
    found = [block["text"] for block in blocks if Path(block["name"]).name == name]
    assert len(found) == 1, f"{page}.md has {len(found)} files {name}"
    return _moved(found[0], here)


def command(page: str, program: str, here: dict[str, str]) -> str:
    """The one command line of a page that begins with `program`, in one line, for the tests' machine."""
    lines = _read(page).replace("\\\n", " ").splitlines()
    found = [line.removeprefix("$ ") for line in lines if line.startswith(f"$ {program} ")]
    assert len(found) == 1, f"{page}.md has {len(found)} commands {program}"
    return _moved(found[0], here)


def _moved(text: str, here: dict[str, str]) -> str:
    for said in here:
        assert said in text, f"the page does not say {said}"
    return re.sub("|".join(re.escape(said) for said in here) or "$^", lambda found: here[found[0]], text)


def _read(page: str) -> str:
    return (PAGES / f"{page}.md").read_text("utf-8")
