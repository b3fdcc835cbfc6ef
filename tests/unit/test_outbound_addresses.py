"""Which addresses the outbound client calls at all (R52)."""

import ipaddress
import socket
from typing import Any

import pytest

from idp import outbound
from idp.outbound import Outbound, OutboundRefused
from tests.unit.listener import answer, listening

HERE = ["127.0.0.0/8"]


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and their addresses; nothing else is replaced."""
    names: dict[str, list[str]] = {}

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names.get(host, [host])]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return names


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:4700::6810:84e5", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("168.63.129.16", False),
        ("192.0.0.192", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("203.0.113.7", False),
        ("0.0.0.0", False),  # noqa: S104 - it is the one that must be refused
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::7f00:1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("2001:db8::1", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_only_hosts_on_the_internet_are_public(address: str, public: bool) -> None:
    assert outbound.is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0", "localhost."],
)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_nothing_of_ours_is_called_however_it_is_spelled(scheme: str, host: str) -> None:
    with listening(answer(b"")) as server:
        for port in (f":{server.port}", ""):
            with pytest.raises(OutboundRefused) as refused:
                Outbound().get(f"{scheme}://{host}{port}/")
            assert host not in refused.value.detail
        assert server.asked == []


def test_a_name_is_judged_by_every_address_it_has(dns: dict[str, list[str]]) -> None:
    dns["rebound.example"] = ["93.184.215.14", "10.0.0.1"]
    with pytest.raises(OutboundRefused):
        Outbound().get("https://rebound.example/")


def test_the_address_that_was_checked_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes its mind between two look-ups finds nobody asking twice."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **options: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1", port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with listening(answer(b"yes")) as server:
        url = f"http://service.example:{server.port}/"
        assert Outbound(HERE).get(url).body == b"yes"
        assert f"Host: service.example:{server.port}".encode() in server.asked[0]
    assert [host for host in asked if host != "127.0.0.1"] == ["service.example"]


@pytest.mark.parametrize(
    "url", ["http://public.example/", "https://public.example:8443/", "https://public.example:22/"]
)
def test_a_public_address_is_called_by_https_on_its_port_only(url: str, dns: dict[str, list[str]]) -> None:
    dns["public.example"] = ["93.184.215.14"]
    with pytest.raises(OutboundRefused):
        Outbound(HERE).get(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https:///path",
        "ftp://public.example/",
        "file:///etc/passwd",
        "gopher://public.example/",
        "//public.example/",
        "https://user:secret@public.example/",
        "https://public.example:0/",
        "https://public.example:99999/",
        "https://public.example/ x",
        "https://public.example/\r\nX: 1",
        "https://pub\tlic.example/",
        "https://pübl.example/",
        "https://[::1/",
    ],
)
def test_what_is_no_plain_web_address_is_not_called(url: str) -> None:
    with pytest.raises(OutboundRefused) as refused:
        Outbound(HERE).get(url)
    assert "secret" not in str(refused.value)
