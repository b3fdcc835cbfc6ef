"""How the outbound client talks, and how little the other side can do to it (R52, R53)."""

import contextlib
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from idp import outbound
from idp.outbound import Outbound, OutboundFailed
from tests.unit.listener import answer, listening
from tests.unit.mail.certificate import write_certificate

HERE = ["127.0.0.0/8"]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bounds, smaller."""
    monkeypatch.setattr(outbound, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.6)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The context of a server named localhost, whose certificate this process trusts from now on."""
    certificate, key = write_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return context


def test_an_allowed_network_is_called_by_http_on_any_port() -> None:
    with listening(answer(b"[]", ETag="1")) as server:
        got = Outbound(HERE).get(f"http://127.0.0.1:{server.port}/a%20b?c=d#e", headers={"Add-Padding": "true"})
    assert (got.status, got.body, got.headers["etag"]) == (200, b"[]", "1")
    head = server.asked[0].split(b"\r\n")
    assert head[0] == b"GET /a%20b?c=d HTTP/1.1"
    assert {b"Add-Padding: true", b"User-Agent: idp", b"Connection: close"} <= set(head)


def test_a_body_is_posted() -> None:
    with listening(answer(b"", status="202 Accepted")) as server:
        url = f"http://127.0.0.1:{server.port}"
        assert Outbound(HERE).post(url, body=b"{}", headers={"Content-Type": "application/json"}).status == 202
    assert server.asked[0].startswith(b"POST / HTTP/1.1\r\n")
    assert server.asked[0].endswith(b"\r\n\r\n{}")
    assert b"Content-Type: application/json" in server.asked[0]


def test_a_header_cannot_bring_another() -> None:
    with listening(answer(b"")) as server:
        with pytest.raises(OutboundFailed):
            Outbound(HERE).get(f"http://127.0.0.1:{server.port}", headers={"X": "1\r\nY: 2"})
        assert not any(server.asked)


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with listening(answer(b"never")) as other:
        there = f"http://127.0.0.1:{other.port}/"
        with listening(answer(b"", status="302 Found", Location=there)) as server:
            assert Outbound(HERE).get(f"http://127.0.0.1:{server.port}").status == 302
        assert other.asked == []


def test_a_trusted_certificate_of_this_name_is_enough(tls: ssl.SSLContext) -> None:
    with listening(answer(b"ok"), tls) as server:
        assert Outbound(["127.0.0.0/8", "::1/128"]).get(f"https://localhost:{server.port}").body == b"ok"


def test_a_certificate_of_another_name_is_refused(tls: ssl.SSLContext) -> None:
    with listening(answer(b"ok"), tls) as server:
        with pytest.raises(OutboundFailed):
            Outbound(HERE).get(f"https://127.0.0.1:{server.port}")
        assert server.asked == []


def test_a_certificate_that_nobody_signed_is_refused(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with listening(answer(b"ok"), tls) as server:
        with pytest.raises(OutboundFailed):
            Outbound(["127.0.0.0/8", "::1/128"]).get(f"https://localhost:{server.port}")
        assert server.asked == []


def drip(beginning: bytes) -> Any:
    def script(caller: socket.socket, _asked: bytes) -> None:
        caller.sendall(beginning)
        while True:
            caller.sendall(b"x")
            time.sleep(0.02)

    return script


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_who_drips_is_hung_up_on_in_time(beginning: bytes) -> None:
    with listening(drip(beginning)) as server:
        began = time.monotonic()
        with pytest.raises(OutboundFailed):
            Outbound(HERE).get(f"http://127.0.0.1:{server.port}")
        assert time.monotonic() - began < 2
        wait_until_nobody_calls()


@pytest.mark.usefixtures("hasty")
def test_who_never_finishes_tls_is_hung_up_on_in_time() -> None:
    with listening(drip(b"\x16\x03\x03\x40\x00")) as server:
        with pytest.raises(OutboundFailed):
            Outbound(HERE).get(f"https://127.0.0.1:{server.port}")
        wait_until_nobody_calls()


def wait_until_nobody_calls() -> None:
    """Hanging up frees the thread at once, and not when the other side tires."""
    ends = time.monotonic() + 2
    while any(thread.name == "outbound" for thread in threading.enumerate()):
        assert time.monotonic() < ends
        time.sleep(0.01)


@pytest.mark.usefixtures("hasty")
def test_a_slow_look_up_of_a_name_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: done.wait(5) and [])
    try:
        with pytest.raises(OutboundFailed):
            Outbound().get("https://slow.example/")
    finally:
        done.set()
    wait_until_nobody_calls()


@pytest.mark.parametrize(
    "head", [b"Content-Length: 9999999\r\n\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n\r\nFFFFFF\r\n"]
)
def test_an_answer_of_more_than_a_mebibyte_is_not_read_to_its_end(head: bytes) -> None:
    def script(caller: socket.socket, _asked: bytes) -> None:
        with contextlib.suppress(OSError):
            caller.sendall(b"HTTP/1.1 200 OK\r\n" + head)
            for _ in range(16):
                caller.sendall(b"x" * 1024 * 1024)

    with listening(script) as server, pytest.raises(OutboundFailed):
        Outbound(HERE).get(f"http://127.0.0.1:{server.port}")


def test_an_answer_of_a_mebibyte_arrives() -> None:
    with listening(answer(b"x" * outbound.MAX_BYTES)) as server:
        assert len(Outbound(HERE).get(f"http://127.0.0.1:{server.port}").body) == outbound.MAX_BYTES


@pytest.mark.parametrize("said", [b"", b"SSH-2.0\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"])
def test_half_an_answer_is_none(said: bytes) -> None:
    with listening(lambda caller, _: caller.sendall(said)) as server, pytest.raises(OutboundFailed):
        Outbound(HERE).get(f"http://127.0.0.1:{server.port}")


def test_a_closed_port_is_a_failure() -> None:
    with pytest.raises(OutboundFailed):
        Outbound(HERE).get("http://127.0.0.1:1/")


def test_only_a_few_calls_are_made_at_once() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def script(caller: socket.socket, asked: bytes) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        answer(b"ok")(caller, asked)

    client = Outbound(HERE)
    with listening(script) as server, ThreadPoolExecutor(24) as crowd:
        url = f"http://127.0.0.1:{server.port}"
        answers = list(crowd.map(lambda _: client.get(url), range(24)))
    assert {one.body for one in answers} == {b"ok"}
    assert 1 < most <= outbound.CONCURRENT_CALLS
