"""An application that is deleted while somebody uses it."""

import pytest

from idp.oauth import registration
from idp.oauth.models import Client
from tests.browser import Browser
from tests.factories import People


@pytest.mark.parametrize("endpoint", ["authorize", "par"])
def test_an_application_that_was_just_deleted_is_not_our_mistake(
    browser: Browser, people: People, endpoint: str
) -> None:
    """For two seconds its registration is remembered, but nothing can refer to it any more."""
    client, secret = people.client()
    assert browser.authorize(client).status_code == 200
    with people.unit() as uow:
        registration.remove(uow, uow.get(Client, client.id))
    if endpoint == "authorize":
        gone = browser.authorize(client)
        assert gone.status_code == 409
    else:
        gone = browser.post(browser.url("/oauth/par"), data=browser.parameters(client), auth=(str(client.id), secret))
        assert (gone.status_code, gone.json["error"]) == (400, "invalid_request")
