"""Logs hold no secret, wherever in a line it stands (R58)."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from idp.crypto.secrets import Kind, new_secret
from idp.log import REDACTED, redact

KINDS: list[Kind] = ["cs", "ac", "ss", "br", "ru", "rt", "pw"]
SECRETS = st.sampled_from(KINDS).map(new_secret) | st.builds(
    "eyJ{}.{}.{}".format,
    *[st.text("ABCabc019_-", min_size=8, max_size=40)] * 3,
)
INNOCENT_KEYS = st.sampled_from(["event", "path", "detail", "note", "url", "client_id"])
SECRET_KEYS = st.sampled_from(
    [
        "authorization",
        "Cookie",
        "set_cookie",
        "password",
        "client_secret",
        "refresh_token",
        "code",
        "code_verifier",
        "state",
        "nonce",
        "csrf",
        "client_assertion",
        "id_token_hint",
        "IDP_MASTER_KEYS",
        "database_url",
        "otp",
    ]
)
AROUND = st.text("abc /?&=:,", max_size=10)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc ", max_size=10),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(INNOCENT_KEYS, children, max_size=3),
)


def written(event: dict[str, Any]) -> str:
    return json.dumps(redact(None, "info", dict(event)), default=str)


@given(INNOCENT_KEYS, SECRETS, AROUND, AROUND)
def test_a_secret_is_redacted_wherever_it_stands(key: str, secret: str, before: str, after: str) -> None:
    for value in (before + secret + after, [before + secret], {"deep": {"deeper": (secret, 1)}}):
        line = written({key: value})
        assert secret not in line
        assert REDACTED in line


@given(SECRET_KEYS, st.text("abcXYZ019", min_size=6, max_size=20))
def test_what_a_secret_key_holds_is_redacted_whatever_it_looks_like(key: str, value: str) -> None:
    for event in ({key: value}, {"form": {key: value}}, {"forms": [{key: [value]}]}):
        assert value not in written(event)


@given(st.text("abcXYZ019", min_size=1, max_size=20), st.text("abcXYZ019", min_size=4, max_size=20))
def test_a_password_in_an_address_is_redacted(user: str, password: str) -> None:
    line = written({"detail": f"cannot reach postgresql://{user}:{password}!x@db.example/idp"})
    assert f"{password}!x" not in line


@given(st.dictionaries(INNOCENT_KEYS, VALUES))
def test_everything_else_stays_as_it_is(event: dict[str, Any]) -> None:
    assert json.loads(written(event)) == json.loads(json.dumps(event))


@given(st.dictionaries(INNOCENT_KEYS, VALUES) | st.dictionaries(SECRET_KEYS, VALUES))
def test_redacting_twice_is_redacting_once(event: dict[str, Any]) -> None:
    once = redact(None, "info", dict(event))
    assert redact(None, "info", dict(once)) == once
