"""The development defaults give way to the environment, and a wrong port is told in a sentence."""

from pathlib import Path

import pytest

from idp.dev import environment
from idp.dev.errors import CannotStart


@pytest.mark.parametrize("port", ["abc", "-1", "65536", "8e3", ""])
def test_a_port_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: str) -> None:
    monkeypatch.setenv("IDP_PORT", port)
    with pytest.raises(CannotStart, match="IDP_PORT must be a number from 0 to 65535"):
        environment.development(tmp_path, host=None, port=None)
