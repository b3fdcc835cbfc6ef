"""A browser by name, whatever it sends."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp import i18n, user_agents

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Mobile Safari on iOS"),
        ("curl/8.0", "curl"),
        ("?", None),
        ("", None),
        (None, None),
    ],
)
def test_browser_and_system_are_named_where_they_are_known(user_agent: str | None, name: str | None) -> None:
    assert user_agents.name_of(user_agent) == name


def test_it_is_said_in_the_readers_language() -> None:
    with i18n.use("de"):
        assert user_agents.name_of(FIREFOX) == "Firefox auf Windows"


@given(st.text(max_size=2000).map(lambda text: f"Firefox/{text} Windows {text}") | st.text())
def test_what_comes_back_is_short_and_plain(user_agent: str) -> None:
    name = user_agents.name_of(user_agent) or ""
    assert len(name) <= 100
    assert not set(name) & set("<>&\"'\r\n\\/")


def test_its_patterns_are_not_loaded_before_they_are_needed() -> None:
    program = "import sys; from idp import user_agents; print('ua_parser' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"
