"""``{issuer}/account/applications``: a person sees what they allowed, and takes it back (R14)."""

from tests.browser import Browser
from tests.factories import People
from tests.web.account.visitor import Visitor


def test_a_person_withdraws_and_the_application_loses_its_tokens(people: People, browser: Browser) -> None:
    people.user()
    client, secret = people.client(first_party=False)
    consent = browser.sign_in(browser.authorize(client))
    code = dict(part.split("=") for part in browser.submit(consent, decision="allow").location.split("?")[1].split("&"))
    tokens = browser.exchange(client, secret, code["code"]).json

    page = browser.get(browser.url("/account/applications"))
    assert "Notes" in page.text
    assert "See your email address" in page.text
    after = browser.submit(page, withdraw=str(client.id))
    assert "any application" in after.text

    refused = browser.token(client, secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.json["error"] == "invalid_grant"
    assert "wants to use" in browser.authorize(client).text


def test_what_somebody_else_allowed_stays_allowed(people: People, ada: Visitor, browser: Browser) -> None:
    client, _ = people.client(first_party=False)
    browser.submit(browser.authorize(client), decision="allow")
    people.user(email="eve@example.com")
    eve = Visitor(Browser(browser.http.application, browser.tenant), "eve@example.com")
    assert eve.done("applications", withdraw=str(client.id)).status_code == 200
    assert "Notes" in ada.get("applications").text


def test_another_tenants_client_is_nobodys_to_withdraw(others: People, ada: Visitor) -> None:
    foreign, _ = others.client()
    assert ada.post("applications", withdraw=str(foreign.id)).status_code == 404
