"""``{issuer}/account/sessions``: where somebody is signed in, and ending it (R38)."""

from sqlalchemy import select

from idp.authn.models import Session
from idp.users.models import User
from tests.browser import Browser
from tests.factories import NOBODY, People
from tests.moments import pass_time
from tests.web.account.visitor import Visitor, another

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"


def ids(people: People) -> list[str]:
    with people.unit() as uow:
        rows = uow.session.scalars(select(Session.id).where(Session.ended_at.is_(None)).order_by(Session.created_at))
        return [str(row) for row in rows]


def on_firefox(browser: Browser) -> Browser:
    other = another(browser)
    other.http.environ_base["HTTP_USER_AGENT"] = FIREFOX
    return other


def test_each_device_is_named_and_this_one_comes_first(ada: Visitor) -> None:
    Visitor(on_firefox(ada.browser))
    page = ada.get("sessions").text
    assert "Firefox on Windows" in page
    assert "127.0.0.1" in page
    assert page.count("This device") == 1
    assert page.index("This device") < page.index("Firefox on Windows")


def test_one_device_is_signed_out(people: People, ada: Visitor) -> None:
    other = Visitor(another(ada.browser))
    first, second = ids(people)
    assert "That device is signed out." in ada.done("sessions", session=second).text
    assert not other.is_signed_in
    assert ids(people) == [first]


def test_an_application_that_goes_on_by_itself_is_shown_and_can_be_signed_out(people: People, ada: Visitor) -> None:
    """Nobody looks at it, and so it is idle; but it refreshes its tokens."""
    client, secret = people.client()
    tokens = Visitor(another(ada.browser)).browser.tokens(client, secret, scope="openid offline_access")
    _, second = ids(people)
    pass_time(people, minutes=31)
    again = Visitor(another(ada.browser))
    assert f'value="{second}"' in again.get("sessions").text
    again.done("sessions", session=second)
    refused = ada.browser.token(client, secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.json["error"] == "invalid_grant"


def test_all_others_are_signed_out(people: People, ada: Visitor) -> None:
    client, secret = people.client()
    others = [Visitor(another(ada.browser)) for _ in range(2)]
    tokens = others[0].browser.tokens(client, secret, scope="openid offline_access")
    ada.done("sessions/others")
    assert ada.is_signed_in
    assert not any(other.is_signed_in for other in others)
    refused = ada.browser.token(client, secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.json["error"] == "invalid_grant", "what was issued for it ends too"


def test_ending_this_one_is_signing_out(people: People, ada: Visitor) -> None:
    page = ada.done("sessions", session=ids(people)[0])
    assert "You’re signed out" in page.text
    assert not ada.is_signed_in


def test_somebody_elses_session_is_not_ended(people: People, user: User, ada: Visitor) -> None:
    people.user(email="eve@example.com")
    eve = Visitor(another(ada.browser), "eve@example.com")
    _, hers = ids(people)
    for session in (hers, str(NOBODY), "nonsense", ""):
        ada.done("sessions", session=session)
    ada.done("sessions/others")
    assert eve.is_signed_in
    assert hers not in ada.get("sessions").text
