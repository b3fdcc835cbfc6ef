"""Redirect URIs end in headers: what gets into them is ASCII and a host (R2, R41)."""

from typing import Any

import pytest

from idp.oauth import redirect_uris
from tests.browser import Browser
from tests.factories import People

LOOPBACK = "http://127.0.0.1/callback"


def test_a_loopback_port_is_of_ascii_digits(browser: Browser, people: People) -> None:
    """A port of other digits would be refused by the header of the next page, as a 500."""
    client, _ = people.client(type="native", redirect_uris=[LOOPBACK], post_logout_redirect_uris=[])
    refused: Any = browser.authorize(client, redirect_uri="http://127.0.0.1:٣٣٣/callback")
    assert refused.status_code == 400
    assert "not registered" in refused.text


@pytest.mark.parametrize("host", ["[::1%;sandbox]", "[::1%25lo]"])
def test_a_loopback_address_has_no_zone(host: str) -> None:
    """It would stand in the middle of a Content-Security-Policy."""
    assert redirect_uris.problem(f"http://{host}/callback", native=True, loopback_http=True) is not None
