"""How `idp` speaks: one sentence for a failure, columns on a terminal, lines in a pipe."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from idp.tenants.models import Tenant
from tests.cli.conftest import Terminal


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["frob"], "No such command 'frob'."),
        (["tenant", "frob"], "No such command 'frob'."),
        (["tenant", "show"], "Name one slug."),
        (["tenant", "show", "nobody"], "There is no tenant 'nobody'."),
        (["user", "list", "--tenant", "nobody"], "There is no tenant 'nobody'."),
        (["user", "list"], "Missing option '--tenant'."),
        (["tenant", "create", "UPPER", "--name", "X"], "A slug is 2 to 40 characters: a-z, 0-9, and hyphens inside."),
        (["db", "init", "--admin-url", "no url"], None),
        (["db", "init", "--admin-url", "postgresql://postgres@127.0.0.1:1/postgres"], None),
    ],
)
def test_a_failure_is_one_sentence(idp: Terminal, command: list[str], sentence: str | None) -> None:
    said = idp.sentence(*command)
    assert sentence is None or said == sentence


def test_a_database_that_is_down_is_one_sentence(idp: Terminal) -> None:
    nowhere = "postgresql://idp_app:secret@127.0.0.1:1/idp"
    said = idp.sentence("tenant", "list", IDP_PLATFORM_DATABASE_URL=nowhere, IDP_DATABASE_URL=nowhere)
    assert said.startswith(("The database cannot be reached", "The database does not answer"))
    assert "secret" not in said


def test_a_mistake_of_ours_is_one_sentence_too(idp: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.tenants.service.list_all", lambda _platform: 1 / 0)
    assert "division by zero" in idp.sentence("tenant", "list")


def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    done = run("tenant", "list", cwd=tmp_path, environment={})
    assert (done.returncode, done.stdout) == (1, "")
    assert "IDP_DATABASE_URL is missing" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_pipe_gets_plain_lines(environment: dict[str, str], wiring: object, tenant: Tenant, tmp_path: Path) -> None:
    done = run("tenant", "list", cwd=tmp_path, environment=environment)
    assert f"{tenant.slug}\t{tenant.name}\tactive\t{tenant.issuer}\n" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_terminal_gets_aligned_columns_and_colour_unless_it_said_no(
    environment: dict[str, str], wiring: object, tenant: Tenant, tmp_path: Path
) -> None:
    colourful = on_a_terminal("tenant", "show", tenant.slug, cwd=tmp_path, environment=environment)
    assert "\x1b[2m" in colourful
    plain = on_a_terminal("tenant", "list", cwd=tmp_path, environment=environment | {"NO_COLOR": "1"})
    assert "\x1b" not in plain
    header, *rows = plain.splitlines()
    assert header.split() == ["slug", "name", "state", "issuer"]
    assert {row.index("active") for row in rows if "active" in row} == {header.index("state")}


def run(*args: str, cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "idp", *args]
    whole = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, cwd=cwd, env=whole, capture_output=True, text=True, timeout=60, check=False)


def on_a_terminal(*args: str, cwd: Path, environment: dict[str, str]) -> str:
    ours, theirs = pty.openpty()
    whole = {"PATH": os.environ["PATH"], "TERM": "xterm", **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "idp", *args], cwd=cwd, env=whole, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # how a terminal says that nobody writes to it any more
        pass
    finally:
        os.close(ours)
    assert process.wait(60) == 0, said
    return said.decode()
