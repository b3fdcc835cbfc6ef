"""Looking up TXT records at a real name server, and at one that does not behave."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from idp import txt_records
from idp.txt_records import NameServersSilent, TooManyLookUps
from tests.dns_server import NameServer, name_server


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server() as started:
        yield started


def test_records_are_read_whole(server: NameServer) -> None:
    server.records["many.example"] = ["one", "two words", r"three \"quoted\""]
    assert sorted(txt_records.look_up("many.example", [server.address])) == ["one", 'three "quoted"', "two words"]


def test_a_name_that_does_not_exist_has_none(server: NameServer) -> None:
    assert txt_records.look_up("nothing.example", [server.address]) == []


def test_a_server_that_fails_is_told_from_a_name_without_records(server: NameServer) -> None:
    server.broken.add("broken.example")
    with pytest.raises(NameServersSilent):
        txt_records.look_up("broken.example", [server.address])


@pytest.mark.parametrize("kind", ["silent", "garbled", "truncated"])
def test_a_server_that_makes_no_sense_is_given_up(
    server: NameServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(txt_records, "LIFETIME_SECONDS", 0.3)
    getattr(server, kind).add(f"{kind}.example")
    begun = time.monotonic()
    with pytest.raises(NameServersSilent):
        txt_records.look_up(f"{kind}.example", [server.address])
    assert time.monotonic() - begun < 2


def test_a_record_in_pieces_is_one_text(server: NameServer) -> None:
    """A string of the DNS ends at 255 bytes; a record has as many as it likes."""
    server.records["pieces.example"] = ['one" "two']
    assert txt_records.look_up("pieces.example", [server.address]) == ["onetwo"]


def test_no_more_than_so_many_records_are_looked_at(server: NameServer) -> None:
    server.records["all.example"] = [str(number) for number in range(txt_records.MOST + 20)]
    assert len(txt_records.look_up("all.example", [server.address])) == txt_records.MOST


def test_a_place_is_free_again_whatever_came_of_it(server: NameServer) -> None:
    server.records["free.example"], places = ["x"], txt_records.CONCURRENT_LOOK_UPS
    server.broken.add("broken.example")
    for _ in range(places + 1):
        with pytest.raises(NameServersSilent):
            txt_records.look_up("broken.example", [server.address])
    assert txt_records.look_up("free.example", [server.address]) == ["x"]


def test_slow_name_servers_hold_no_more_than_their_places(server: NameServer) -> None:
    server.records["place.example"] = ["x"]
    with ExitStack() as held:
        for _ in range(txt_records.CONCURRENT_LOOK_UPS):
            held.enter_context(txt_records._places)
        with pytest.raises(TooManyLookUps):
            txt_records.look_up("place.example", [server.address])
    assert txt_records.look_up("place.example", [server.address]) == ["x"]


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "x..example", "a." * 200 + "example"])
def test_what_is_no_name_is_given_up(server: NameServer, name: str) -> None:
    with pytest.raises(NameServersSilent):
        txt_records.look_up(name, [server.address])
