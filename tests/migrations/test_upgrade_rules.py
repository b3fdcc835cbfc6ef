"""Migrations expand: the code of before goes on over the schema of after (docs/operations/upgrade.md, R64).

The statements that each migration really sends are looked at, not its source.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, make_url

from idp.db import migrations
from tests import services

SCRIPTS = [*reversed([*ScriptDirectory(str(migrations.FOLDER)).walk_revisions()])]
RULED = [script for script in SCRIPTS if script.down_revision is not None]
MADE = re.compile(r"CREATE TABLE (\w+)")
_ALTER = r"ALTER TABLE (?:IF EXISTS |ONLY )*(?P<table>\w+) "
RULES = (
    (r"(?:DROP (?:TABLE|TYPE|SEQUENCE|VIEW)|TRUNCATE(?: TABLE)?) (?P<table>\w+)", "takes away what is in use"),
    (_ALTER + r".*\bDROP COLUMN\b", "takes away what the code of before reads"),
    (_ALTER + r".*\bRENAME\b", "renames what the code of before calls by its name"),
    (_ALTER + r".*\bALTER COLUMN \S+ (?:SET DATA )?TYPE\b", "changes a type, and rewrites the table"),
    (_ALTER + r".*\bSET NOT NULL\b", "demands a value that the code of before does not give"),
    (_ALTER + r"ADD COLUMN (?!.*\bDEFAULT\b).*\bNOT NULL\b", "demands a value that the code of before does not give"),
    (_ALTER + r"ADD CONSTRAINT (?!.*\b(?:NOT VALID|USING INDEX)\b)", "checks every row while nobody can write"),
    (r"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)\S+ ON (?P<table>\w+)", "builds an index while nobody can write"),
    (r"(?:UPDATE|DELETE FROM|INSERT INTO) (?P<table>\w+)", "writes rows of a table in use: that is the worker's"),
)
"""What a migration may not do to a table that was there before it."""


def broken_rule(statement: str, new: Collection[str]) -> str | None:
    """Which rule a statement breaks, if any.

    Args:
        statement: as it was sent.
        new: tables that this migration made: nobody uses them yet.
    """
    text = " ".join(statement.split())
    for pattern, why in RULES:
        found = re.match(pattern, text)
        if found is not None and found["table"] not in {*new, "alembic_version"}:
            return why
    return None


@contextmanager
def sent() -> Iterator[list[str]]:
    """Every statement that goes to any database."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def steps(addresses: dict[str, str], worker_id: str) -> dict[str, list[str]]:
    """What each migration sends, from an empty database up."""
    name = f"idp_rules_{worker_id}"
    services.create_database(addresses, name, owner="idp_owner")
    url = make_url(addresses["IDP_OWNER_DATABASE_URL"]).set(database=name).render_as_string(hide_password=False)
    found = {}
    for script in SCRIPTS:
        with sent() as statements:
            migrations.upgrade(url, script.revision)
        found[script.revision] = statements
    return found


@pytest.mark.parametrize("script", RULED, ids=lambda script: script.revision)
def test_a_migration_only_expands(steps: dict[str, list[str]], script: Any) -> None:
    """One that contracts says so by ``contracts = True``, and comes a release after whatever stopped using it."""
    statements = steps[script.revision]
    new = {made[1] for made in map(MADE.match, (" ".join(text.split()) for text in statements)) if made}
    broken = [f"{rule}: {text}" for text in statements if (rule := broken_rule(text, new)) is not None]
    if getattr(script.module, "contracts", False):
        assert broken, "it says that it contracts, and it does not"
    else:
        assert not broken, broken


def test_every_migration_waits_for_a_lock_no_longer_than_five_seconds(steps: dict[str, list[str]]) -> None:
    for revision, statements in steps.items():
        places = [number for number, text in enumerate(statements) if text.startswith("SET lock_timeout = '5s'")]
        changes = [number for number, text in enumerate(statements) if re.match(r"(CREATE|ALTER|DROP)", text)]
        assert places, revision
        assert changes, revision
        assert places[0] < changes[0], revision


@pytest.mark.parametrize(
    ("statement", "is_allowed"),
    [
        ("ALTER TABLE users ADD COLUMN motto TEXT", True),
        ("ALTER TABLE users ADD COLUMN motto TEXT DEFAULT '' NOT NULL", True),
        ("ALTER TABLE users ADD COLUMN motto TEXT NOT NULL", False),
        ("ALTER TABLE users DROP COLUMN motto", False),
        ("ALTER TABLE users RENAME COLUMN motto TO words", False),
        ("ALTER TABLE users RENAME TO people", False),
        ("ALTER TABLE users ALTER COLUMN motto TYPE VARCHAR(3)", False),
        ("ALTER TABLE users ALTER COLUMN motto SET NOT NULL", False),
        ("ALTER TABLE users ADD CONSTRAINT short CHECK (length(motto) < 9)", False),
        ("ALTER TABLE users ADD CONSTRAINT short CHECK (length(motto) < 9) NOT VALID", True),
        ("DROP TABLE users", False),
        ("CREATE INDEX users_motto_idx ON users (motto)", False),
        ("CREATE INDEX CONCURRENTLY users_motto_idx ON users (motto)", True),
        ("UPDATE users SET motto = ''", False),
        ("CREATE INDEX fresh_motto_idx ON fresh (motto)", True),
        ("ALTER TABLE fresh ADD CONSTRAINT short CHECK (length(motto) < 9)", True),
        ("UPDATE alembic_version SET version_num='0008'", True),
    ],
)
def test_the_rules_know_what_they_look_for(statement: str, is_allowed: bool) -> None:
    assert (broken_rule(statement, {"fresh"}) is None) == is_allowed
