"""Whose address an event carries, when proxies are trusted (R44)."""

import ipaddress

import pytest

from idp.http import context

PROXIES = [ipaddress.ip_network("10.0.0.0/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.1", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("203.0.113.9", ["203.0.113.9", "198.51.100.1"], "203.0.113.9"),
    ],
)
def test_an_address_is_believed_only_from_a_trusted_proxy(peer: str, forwarded: list[str], seen: str) -> None:
    """The last row is a peer of no trust that names itself, and then somebody else."""
    assert context._client_ip(peer, forwarded or [peer], PROXIES, 1) == seen


@pytest.mark.parametrize(
    ("hops", "forwarded", "seen"),
    [
        (2, ["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
        (1, ["203.0.113.9", "10.0.0.2"], "10.0.0.2"),
        (2, ["198.51.100.1", "10.0.0.9", "10.0.0.2"], "10.0.0.9"),
        (3, ["198.51.100.1", "203.0.113.9", "10.0.0.2"], "203.0.113.9"),
    ],
)
def test_no_more_proxies_are_believed_than_there_are(hops: int, forwarded: list[str], seen: str) -> None:
    """A client inside a trusted network is a client, whatever it says of those before it."""
    assert context._client_ip("10.0.0.1", forwarded, PROXIES, hops) == seen
