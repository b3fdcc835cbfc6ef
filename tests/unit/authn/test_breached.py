"""The look-up in a list of breached passwords, against a server that speaks its wire format."""

import contextlib
import hashlib
import socket
import time
from collections.abc import Iterator

import pytest

from idp import outbound
from idp.authn import breached
from idp.authn.errors import PasswordUnacceptable
from idp.authn.password_rules import require_acceptable
from idp.outbound import Outbound
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.factories import make_tenant
from tests.unit.listener import Listener, Script, answer, listening

KNOWN = "Übung macht den Meister, sagt man"
DIGEST = hashlib.sha1(KNOWN.encode(), usedforsecurity=False).hexdigest().upper()
PADDING = "0" * 35 + ":0\r\n" + "F" * 35 + ":0"


def lists(*lines: str) -> bytes:
    return "\r\n".join([*lines, PADDING]).encode()


@contextlib.contextmanager
def endpoint(script: Script) -> Iterator[Listener]:
    with listening(script) as server:
        breached.connect(f"http://127.0.0.1:{server.port}/range/", Outbound(["127.0.0.0/8"]))
        yield server


@pytest.fixture(autouse=True)
def _disconnected() -> Iterator[None]:
    yield
    breached.connect(None, Outbound())


@pytest.fixture
def caring(wiring: Wiring) -> Tenant:
    return make_tenant(wiring, password_check_breaches="true")


def test_a_listed_password_is_known_and_five_characters_of_it_went_out() -> None:
    with endpoint(answer(lists("0123456789ABCDEF0123456789ABCDEF012:3", f"{DIGEST[5:]}:42"))) as server:
        assert breached.is_known(KNOWN)
    head, *headers = server.asked[0].decode().split("\r\n")
    assert head == f"GET /range/{DIGEST[:5]} HTTP/1.1"
    assert "Add-Padding: true" in headers
    assert DIGEST[5:] not in server.asked[0].decode()


@pytest.mark.parametrize("body", [b"", lists(), lists(f"{DIGEST[5:]}:0"), lists(f"{DIGEST[5:-1]}:7")])
def test_what_is_not_listed_or_only_pads_is_not_known(body: bytes) -> None:
    with endpoint(answer(body)):
        assert not breached.is_known(KNOWN)


@pytest.mark.parametrize(
    "script",
    [
        answer(b"", status="503 Service Unavailable"),
        answer(b"", status="302 Found", Location="http://127.0.0.1/"),
        answer(b"\xff\xfe"),
        answer(lists(f"{DIGEST[5:]}:many")),
        lambda caller, _: caller.close(),
    ],
)
def test_an_endpoint_that_fails_keeps_nobody_out(script: Script, caring: Tenant) -> None:
    with endpoint(script):
        assert require_acceptable(caring, KNOWN, words=()) == KNOWN


def test_an_endpoint_that_is_slow_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch, caring: Tenant) -> None:
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.3)

    def silence(caller: socket.socket, _asked: bytes) -> None:
        caller.recv(1)

    with endpoint(silence):
        began = time.monotonic()
        assert require_acceptable(caring, KNOWN, words=()) == KNOWN
        assert time.monotonic() - began < 2


def test_a_known_password_is_refused_where_the_tenant_wants_it(caring: Tenant) -> None:
    with (
        endpoint(answer(lists(f"{DIGEST[5:]}:1"))),
        pytest.raises(PasswordUnacceptable, match="data breach") as refused,
    ):
        require_acceptable(caring, KNOWN, words=())
    assert refused.value.field == "password"


def test_nothing_is_asked_unless_the_tenant_wants_it(tenant: Tenant) -> None:
    with endpoint(answer(lists(f"{DIGEST[5:]}:1"))) as server:
        assert require_acceptable(tenant, KNOWN, words=()) == KNOWN
        assert server.asked == []


def test_nothing_is_asked_without_an_endpoint(caring: Tenant) -> None:
    assert require_acceptable(caring, KNOWN, words=()) == KNOWN


def test_a_password_that_breaks_a_rule_is_not_asked_about(caring: Tenant) -> None:
    with endpoint(answer(b"")) as server:
        with pytest.raises(PasswordUnacceptable):
            require_acceptable(caring, "passwordpassword", words=())
        assert server.asked == []
