"""``{issuer}/account/applications``: a person sees what they allowed, and takes it back (R14)."""

from tests.browser import Browser
from tests.factories import People


def test_a_person_withdraws_and_the_application_loses_its_tokens(people: People, browser: Browser) -> None:
    people.user()
    client, secret = people.client(first_party=False)
    consent = browser.sign_in(browser.authorize(client))
    code = dict(part.split("=") for part in browser.submit(consent, decision="allow").location.split("?")[1].split("&"))
    tokens = browser.exchange(client, secret, code["code"]).json

    page = browser.get(browser.url("/account/applications"))
    assert "Notes" in page.text
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "See your email address" in page.text
    after = browser.submit(page, withdraw=str(client.id))
    assert "any application" in after.text

    refused = browser.token(client, secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.json["error"] == "invalid_grant"
    assert "wants to use" in browser.authorize(client).text


def test_nobody_is_shown_nothing(browser: Browser) -> None:
    answer = browser.get(browser.url("/account/applications"))
    assert answer.location == browser.url("/")


def test_another_tenants_client_is_nobodys_to_withdraw(people: People, others: People, browser: Browser) -> None:
    people.user()
    client, _ = people.client()
    foreign, _ = others.client()
    browser.code(client)
    page = browser.get(browser.url("/account/applications"))
    assert browser.submit(page, withdraw=str(foreign.id)).status_code == 404
