"""style.md as tests: import contracts, file sizes, one code per error, one commit, one vocabulary."""

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import idp
from idp.errors import IdPError
from idp.events.types import EventType

ROOT = Path(idp.__file__).parents[1]
SOURCES = sorted((ROOT / "idp").rglob("*.py"))
OURS = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "migrations").rglob("*.py"))]
LONGEST_FILE = 300
MAY_COMMIT = {
    "idp/db/unit.py",
    "idp/http/flask_app.py",
    "idp/db/migrations.py",
    "idp/db/confirmed.py",
    "idp/db/measured.py",
    "idp/web/hosted/connections.py",
}
"""Two are the driver's connection, which hands its own commit on.  The last commits before it waits for an upstream, so
that no connection of ours waits with it."""
RUN_WHEN_IMPORTED = ("idp.wsgi", "idp.gunicorn_conf")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def every_error(base: type[IdPError] = IdPError) -> Iterator[type[IdPError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from every_error(kind)


@pytest.fixture(scope="module")
def everything_imported() -> None:
    for module in pkgutil.walk_packages(idp.__path__, "idp."):
        if not module.name.startswith(RUN_WHEN_IMPORTED):
            importlib.import_module(module.name)


def test_imports_go_down() -> None:
    """The contracts of pyproject.toml: layers, no web in the domain, models are nouns, primitives stay put."""
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout[-3000:]


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name == "__init__.py"], ids=name_of)
def test_an_init_file_is_a_docstring_and_nothing_else(path: Path) -> None:
    body = ast.parse(path.read_text()).body
    assert len(body) == 1
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_every_module_says_what_it_owns() -> None:
    silent = [name_of(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    exempt = {name_of(path) for path in (ROOT / "migrations" / "versions").glob("*.py")}
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in OURS}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE and name not in exempt} == {}


def test_nobody_commits_but_the_unit_and_the_application() -> None:
    """One request, one transaction: style.md §8.1."""
    committing = {
        name_of(path)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert committing == MAY_COMMIT


@pytest.mark.usefixtures("everything_imported")
def test_every_error_has_a_code_of_its_own() -> None:
    """A code is part of the public contract: two errors that share one cannot be told apart."""
    kinds = set(every_error())
    assert [kind.__qualname__ for kind in kinds if "code" not in vars(kind)] == []
    codes = Counter(kind.code for kind in kinds)
    assert [code for code, count in codes.items() if count > 1] == []
    assert [code for code in codes if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)] == []


@pytest.mark.parametrize("event", EventType, ids=str)
def test_an_event_is_noun_dot_past_verb(event: EventType) -> None:
    irregular = {"set", "begun", "given", "sent", "withdrawn", "reset", "read"}
    noun, _, verb = event.value.partition(".")
    assert re.fullmatch(r"[a-z_]+", noun)
    assert verb.endswith("ed") or verb.split("_")[-1] in irregular
    assert event.name == event.value.upper().replace(".", "_")


def test_every_event_is_recorded_somewhere() -> None:
    """A word that nobody says is not in the vocabulary; listening to it does not count."""
    spoken = "".join(
        path.read_text() for path in SOURCES if name_of(path) not in {"idp/wiring.py", "idp/events/types.py"}
    )
    assert [event.value for event in EventType if not re.search(rf"EventType\.{event.name}\b", spoken)] == []
