"""Redirect URIs: nothing but the very same bytes, and the port of a loopback address for a native application (R2)."""

from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from idp.oauth.redirect_uris import is_loopback, matches, problem

URIS = st.from_regex(r"\Ahttps?://[a-z0-9.\-]{1,20}(:[0-9]{1,5})?(/[a-z0-9%._\-]{0,10}){0,3}(\?[a-z=&]{0,10})?\Z")
LOOPBACK = st.sampled_from(["http://127.0.0.1", "http://[::1]", "http://localhost"])
PORTS = st.integers(1, 65535).map(lambda port: f":{port}") | st.just("")
PATHS = st.from_regex(r"\A(/[a-z0-9]{0,8}){1,3}\Z")
FORBIDDEN = st.sampled_from(["#", "#fragment", "*", " ", "\\", "\x00", "\n", "<", '"', "é", "^", "`", "{"])


@given(URIS | st.text(), URIS | st.text())
def test_a_web_client_gets_what_it_registered_and_nothing_else(sent: str, registered: str) -> None:
    assert matches(sent, registered, native=False) == (sent == registered)


@given(URIS, st.integers(0, 60), st.characters())
def test_one_other_character_is_another_address(registered: str, place: int, other: str) -> None:
    sent = registered[:place] + other + registered[place + 1 :]
    if sent != registered:
        assert not matches(sent, registered, native=False)


@given(LOOPBACK, PORTS, PORTS, PATHS)
def test_a_native_application_may_come_back_at_any_port(host: str, one: str, other: str, path: str) -> None:
    """RFC 8252 §7.3."""
    assert matches(host + one + path, host + other + path, native=True)
    assert matches(host + one + path, host + other + path, native=False) == (one == other)


@given(LOOPBACK, PORTS, PATHS, st.text() | PATHS)
def test_the_port_is_all_that_may_differ(host: str, port: str, path: str, other: str) -> None:
    if other != path:
        assert not matches(host + port + other, host + path, native=True)


@given(st.text() | URIS, URIS.filter(lambda uri: not is_loopback(urlsplit(uri).hostname)))
def test_ports_of_other_hosts_are_compared(sent: str, registered: str) -> None:
    assert matches(sent, registered, native=True) == (sent == registered)


@given(URIS, FORBIDDEN, st.integers(0, 60), st.booleans(), st.booleans())
def test_no_wildcard_fragment_or_odd_character_is_registered(
    uri: str, odd: str, place: int, native: bool, loopback: bool
) -> None:
    assert problem(uri[:place] + odd + uri[place:], native=native, loopback_http=loopback) is not None


@given(st.from_regex(r"\A[a-z]{0,5}(:[a-z]{0,5})?\Z"), st.booleans(), st.booleans())
def test_no_user_is_registered(user: str, native: bool, loopback: bool) -> None:
    assert problem(f"https://{user}@app.example.com/", native=native, loopback_http=loopback) is not None


@given(st.text() | URIS, st.booleans(), st.booleans())
def test_what_is_accepted_is_safe(uri: str, native: bool, loopback: bool) -> None:
    """Whatever is typed: it is judged, not an exception; and an accepted address has a host of its own."""
    if problem(uri, native=native, loopback_http=loopback) is None:
        parts = urlsplit(uri)
        assert uri.isascii()
        assert uri.isprintable()
        assert not parts.fragment
        assert parts.username is None
        if parts.scheme == "http":
            assert is_loopback(parts.hostname)
            assert native or loopback
        elif not native:
            assert parts.scheme == "https"
            assert parts.hostname
