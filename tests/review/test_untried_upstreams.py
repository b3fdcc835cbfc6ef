"""A test sign-in that cannot even leave: whoever asked for it hears why, and one that finds no place stays good."""

from threading import BoundedSemaphore

import pytest

from idp.federation import connections, gate, testing
from idp.federation.models import FederationTransaction
from idp.federation.providers import transport
from idp.outbound import Outbound
from tests.browser import Browser
from tests.factories import People
from tests.federation.comers import connect


@pytest.fixture
def begun(people: People) -> tuple[FederationTransaction, str]:
    """A test of a connection to where nobody may be called."""
    transport.connect(Outbound())
    with people.unit() as uow:
        connect(uow, name="sso", kind="oidc", issuer="https://127.0.0.1")
        return testing.begin(uow, connections.get(uow, "sso"))


def result(people: People, begun: tuple[FederationTransaction, str]) -> testing.Result:
    with people.unit() as uow:
        return testing.get(uow, connections.get(uow, "sso"), begun[0].id)


def test_a_test_that_cannot_leave_has_failed(
    people: People, browser: Browser, begun: tuple[FederationTransaction, str]
) -> None:
    """It stayed pending for ever, and the page told an administrator to sign in another way."""
    page = browser.get(begun[1])
    assert "The test failed" in page.text
    found = result(people, begun)
    assert (found.status, found.reason) == ("failed", "unreachable")
    assert "IDP_OUTBOUND_ALLOW" in (found.cause or "")
    assert "IDP_OUTBOUND_ALLOW" in page.text


def test_a_test_that_finds_no_place_is_begun_again_by_the_page(
    people: People, browser: Browser, begun: tuple[FederationTransaction, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its URL works once, and used to be used up."""
    with monkeypatch.context() as patched:
        patched.setattr(gate, "_places", [BoundedSemaphore(1)])
        with gate.pass_through():
            busy = browser.get(begun[1])
    assert (busy.status_code, busy.headers["Refresh"]) == (503, "2")
    assert "The test failed" in browser.get(begun[1]).text
