import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idp.cli.main import cli
from idp.keys import service as keys
from idp.oauth import clients
from idp.tenants import resolve


@dataclass(frozen=True)
class Terminal:
    """Runs `idp` in this process, against this worker's database, in an empty folder."""

    environment: dict[str, str]

    def __call__(self, *args: str, stdin: str = "", **environment: str) -> Result:
        for cache in (resolve, clients, keys):
            cache.forget()
        runner = CliRunner(env={**self.environment, **environment})
        return runner.invoke(cli, [*args], input=stdin)

    def json(self, *args: str, stdin: str = "") -> Any:
        """The answer of a verb that works."""
        result = self(*args, "--json", stdin=stdin)
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        return json.loads(result.stdout)

    def sentence(self, *args: str, stdin: str = "", **environment: str) -> str:
        """What a verb that fails says."""
        result = self(*args, stdin=stdin, **environment)
        assert result.exit_code != 0
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert result.stderr.rstrip().endswith(".")
        return result.stderr.rstrip()


@pytest.fixture
def idp(environment: dict[str, str], wiring: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("idp.log.configure", lambda _level: None)  # the test session's log stays as it is
    return Terminal(environment)


@pytest.fixture
def new_slug() -> Callable[[], str]:
    from itertools import count

    from idp.ids import new_id

    numbers = count()
    return lambda: f"c-{new_id().hex[-12:]}-{next(numbers)}"
