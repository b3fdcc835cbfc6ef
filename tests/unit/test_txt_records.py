"""Looking up TXT records at a real name server, and at one that does not behave."""

from collections.abc import Iterator

import pytest

from idp import txt_records
from idp.txt_records import NameServersSilent
from tests.dns_server import NameServer, name_server


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server() as started:
        yield started


def test_records_are_read_whole(server: NameServer) -> None:
    server.records["many.example"] = ["one", "two words", 'three "quoted"']
    assert sorted(txt_records.look_up("many.example", [server.address])) == ["one", 'three "quoted"', "two words"]


def test_a_name_that_does_not_exist_has_none(server: NameServer) -> None:
    assert txt_records.look_up("nothing.example", [server.address]) == []


def test_a_server_that_fails_is_told_from_a_name_without_records(server: NameServer) -> None:
    server.broken.add("broken.example")
    with pytest.raises(NameServersSilent):
        txt_records.look_up("broken.example", [server.address])


@pytest.mark.parametrize("kind", ["silent", "garbled"])
def test_a_server_that_makes_no_sense_is_given_up(
    server: NameServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(txt_records, "LIFETIME_SECONDS", 0.3)
    getattr(server, kind).add(f"{kind}.example")
    with pytest.raises(NameServersSilent):
        txt_records.look_up(f"{kind}.example", [server.address])


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "x..example", "a." * 200 + "example"])
def test_what_is_no_name_is_given_up(server: NameServer, name: str) -> None:
    with pytest.raises(NameServersSilent):
        txt_records.look_up(name, [server.address])
