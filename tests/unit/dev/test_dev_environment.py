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


def test_only_loopback_may_be_called_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of the names that a demo tenant has as an upstream, `localhost` may stand for either address (R52)."""
    monkeypatch.delenv("IDP_OUTBOUND_ALLOW", raising=False)
    usual = environment.development(tmp_path, host=None, port=0)
    assert usual["IDP_OUTBOUND_ALLOW"] == "127.0.0.0/8,::1/128"
    monkeypatch.setenv("IDP_OUTBOUND_ALLOW", "")
    assert environment.development(tmp_path, host=None, port=0)["IDP_OUTBOUND_ALLOW"] == ""
