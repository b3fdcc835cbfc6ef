"""Refresh tokens: rotated at every use, one row a family (RFC 6749 §6, RFC 9700 §4.14.2, R7, R8, R11)."""

import base64
from typing import Any

import jwt
import pytest

from idp.authn import passwords, sessions
from idp.oauth import grants
from idp.tenants import resolve
from idp.tenants import service as tenants
from idp.users import service as users
from tests.browser import Browser
from tests.factories import API, CALLBACK, People
from tests.moments import pass_time, rows

OFFLINE = "openid email offline_access"


@pytest.fixture
def client(people: People) -> tuple[Any, str | None]:
    people.user()
    return people.client()


def refresh(browser: Browser, client: tuple[Any, str | None], text: str, **more: Any) -> Any:
    return browser.token(*client, grant_type="refresh_token", refresh_token=text, **more)


def refused(response: Any, error: str = "invalid_grant") -> bool:
    assert (response.status_code, response.json["error"]) == (400, error), response.text
    return True


def successor(response: Any) -> str:
    assert response.status_code == 200, response.text
    return str(response.json["refresh_token"])


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_every_use_gives_another_one_in_the_same_row(people: People, browser: Browser, client: tuple[Any, str]) -> None:
    tokens = browser.tokens(*client)
    first = tokens["refresh_token"]
    second = successor(refresh(browser, client, first))
    third = refresh(browser, client, second)
    assert len({first, second, successor(third)}) == 3
    assert rows(people)["refresh_families"] == 1
    id_token, before = claims_of(third.json["id_token"]), claims_of(tokens["id_token"])
    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert id_token[name] == before[name], "OpenID Connect Core §12.2"


def test_an_honest_retry_inside_the_grace_gets_the_same_successor(browser: Browser, client: tuple[Any, str]) -> None:
    first = browser.tokens(*client)["refresh_token"]
    second = successor(refresh(browser, client, first))
    assert successor(refresh(browser, client, first)) == second
    assert successor(refresh(browser, client, first)) == second
    third = successor(refresh(browser, client, second))
    assert refused(refresh(browser, client, first)), "its successor was used: no retry any more"
    assert refused(refresh(browser, client, third)), "and that was a reuse"


def test_a_reused_refresh_token_ends_its_grant(people: People, browser: Browser, client: tuple[Any, str]) -> None:
    tokens = browser.tokens(*client)
    second = successor(refresh(browser, client, tokens["refresh_token"]))
    pass_time(people, seconds=11)
    assert refused(refresh(browser, client, tokens["refresh_token"]))
    assert refused(refresh(browser, client, second))
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert browser.get(browser.url("/oauth/userinfo"), headers=bearer).status_code == 401


def test_a_tenant_may_have_no_grace(people: People, browser: Browser, client: tuple[Any, str]) -> None:
    with people.wiring.platform_unit() as platform:
        tenants.update(platform, tenants.get(platform, people.tenant.slug), {"refresh_grace_seconds": "0"})
    resolve.forget()
    first = browser.tokens(*client)["refresh_token"]
    second = successor(refresh(browser, client, first))
    assert refused(refresh(browser, client, first))
    assert refused(refresh(browser, client, second))


def guesses(text: str) -> list[str]:
    raw = bytearray(base64.urlsafe_b64decode(text.removeprefix("idp_rt_") + "=" * (-(len(text) - 7) % 4)))
    flipped, earlier, later = bytearray(raw), bytearray(raw), bytearray(raw)
    flipped[-1] ^= 1
    earlier[19] -= 1
    later[19] += 1
    made = ["idp_rt_" + base64.urlsafe_b64encode(value).rstrip(b"=").decode() for value in (flipped, earlier, later)]
    return [*made, text[:-1], text + "A", text + "=", text.upper(), "idp_rt_", "x", "idp_ac_" + text[7:], "é" * 40]


def test_a_guess_changes_nothing(people: People, browser: Browser, client: tuple[Any, str]) -> None:
    second = successor(refresh(browser, client, browser.tokens(*client)["refresh_token"]))
    before = rows(people)
    for guess in guesses(second):
        assert refused(refresh(browser, client, guess))
    assert rows(people) == before
    assert successor(refresh(browser, client, second))


def test_another_clients_token_is_refused_and_stays_good(
    people: People, others: People, browser: Browser, client: tuple[Any, str]
) -> None:
    token = browser.tokens(*client)["refresh_token"]
    other = people.client(client_name="Other")
    foreign = others.client()
    elsewhere = Browser(browser.http.application, others.tenant)
    assert refused(refresh(browser, other, token))
    assert refused(refresh(elsewhere, foreign, token))
    second = successor(refresh(browser, client, token))
    assert refused(refresh(browser, other, token)), "nor does a stranger's reuse end it"
    assert successor(refresh(browser, client, second))


def test_scope_narrows_for_one_token_and_never_widens(people: People, browser: Browser) -> None:
    """RFC 6749 §6: "MUST NOT include any scope not originally granted"."""
    people.user()
    client = people.client()
    token = browser.tokens(*client, scope="openid email")["refresh_token"]
    for wider in ("openid email profile", "admin", "openid  email", '"', "offline_access"):
        assert refused(refresh(browser, client, token, scope=wider), "invalid_scope")
    narrow = refresh(browser, client, token, scope="email")
    assert narrow.json["scope"] == "email"
    assert "id_token" not in narrow.json
    assert refresh(browser, client, successor(narrow)).json["scope"] == "openid email"


def test_resource_narrows_to_what_was_authorized(people: People, browser: Browser) -> None:
    """RFC 8707 §2.2."""
    other = "https://other.example.com"
    people.resource(API, ("notes:read",))
    people.resource(other, ("files:read",))
    people.user()
    client = people.client(scope="openid notes:read files:read")
    tokens = browser.tokens(*client, scope="openid notes:read", resource=API)
    assert claims_of(tokens["access_token"])["aud"] == [API, browser.tenant.issuer]
    assert refused(refresh(browser, client, tokens["refresh_token"], resource=other), "invalid_target")
    assert refused(refresh(browser, client, tokens["refresh_token"], resource="https://x.example"), "invalid_target")
    again = refresh(browser, client, tokens["refresh_token"], resource=API, scope="notes:read")
    assert claims_of(again.json["access_token"])["aud"] == API
    both = browser.tokens(*client, scope="notes:read files:read")
    assert set(claims_of(both["access_token"])["aud"]) == {API, other}
    one = refresh(browser, client, both["refresh_token"], resource=other).json
    assert (claims_of(one["access_token"])["aud"], one["scope"]) == (other, "files:read")


def test_no_resource_is_reached_whose_scopes_were_not_granted(people: People, browser: Browser) -> None:
    """R11: audiences are allow-listed per client and per grant."""
    people.resource(API, ("notes:read",))
    people.user()
    client = people.client(scope="openid notes:read")
    code = browser.code(client[0], scope="openid")
    assert refused(browser.exchange(*client, code, resource=API), "invalid_target")
    tokens = browser.exchange(*client, code)
    assert refused(refresh(browser, client, successor(tokens), resource=API), "invalid_target")


def test_without_offline_access_it_ends_with_the_session(people: People, browser: Browser) -> None:
    people.user()
    client = people.client()
    token = browser.tokens(*client)["refresh_token"]
    pass_time(people, hours=11)
    token = successor(refresh(browser, client, token))
    pass_time(people, hours=2)
    assert refused(refresh(browser, client, token))


def test_with_offline_access_it_outlives_the_sessions_time(people: People, browser: Browser) -> None:
    people.user()
    client = people.client()
    token = browser.tokens(*client, scope=OFFLINE)["refresh_token"]
    pass_time(people, days=13)
    assert successor(refresh(browser, client, token))


@pytest.mark.parametrize("scope", ["openid", OFFLINE])
@pytest.mark.parametrize("end", ["signed out", "disabled", "password set", "everywhere"])
def test_whatever_r8_names_ends_it_offline_or_not(people: People, browser: Browser, scope: str, end: str) -> None:
    people.user()
    client = people.client()
    token = browser.tokens(*client, scope=scope)["refresh_token"]
    with people.unit() as uow:
        user = users.get_by_email(uow, "ada@example.com")
        match end:
            case "signed out":
                sessions.end(uow, grants.list_sessions(uow, user.id)[0], reason="signed-out")
            case "disabled":
                users.disable(uow, user)
            case "password set":
                passwords.set_password(uow, user, "another battery staple")
            case _:
                sessions.end_all(uow, user.id, reason="everywhere")
    assert refused(refresh(browser, client, token))


def test_enabling_somebody_again_brings_nothing_back(people: People, browser: Browser) -> None:
    people.user()
    client = people.client()
    token = browser.tokens(*client, scope=OFFLINE)["refresh_token"]
    for verb in (users.disable, users.enable):
        with people.unit() as uow:
            verb(uow, users.get_by_email(uow, "ada@example.com"))
    assert refused(refresh(browser, client, token))


def test_it_dies_of_idleness_and_of_age(people: People, browser: Browser) -> None:
    people.user()
    client = people.client()
    idle = browser.tokens(*client, scope=OFFLINE)["refresh_token"]
    pass_time(people, days=14, seconds=1)
    assert refused(refresh(browser, client, idle))
    token = browser.tokens(*client, scope=OFFLINE)["refresh_token"]
    for _ in range(6):
        pass_time(people, days=13)
        token = successor(refresh(browser, client, token))
    pass_time(people, days=13)
    assert refused(refresh(browser, client, token)), "91 days"


def test_a_role_that_was_taken_away_is_gone_from_the_next_token(people: People, browser: Browser) -> None:
    from idp.rbac import service as rbac

    people.user(roles=("member",))
    client = people.client()
    tokens = browser.tokens(*client)
    assert claims_of(tokens["access_token"])["roles"] == ["member"]
    with people.unit() as uow:
        rbac.unassign_role(uow, users.get_by_email(uow, "ada@example.com"), "member")
    again = refresh(browser, client, tokens["refresh_token"])
    assert claims_of(again.json["access_token"])["roles"] == []


def test_the_request_needs_the_token_and_a_client_with_the_grant(
    people: People, browser: Browser, client: tuple[Any, str]
) -> None:
    assert refused(browser.token(*client, grant_type="refresh_token"), "invalid_request")
    codes_only = people.client(grant_types=["authorization_code"], redirect_uris=[CALLBACK], first_party=True)
    tokens = browser.tokens(*codes_only, scope=OFFLINE)
    assert "refresh_token" not in tokens
    assert tokens["scope"] == "openid email", "offline_access means nothing without the grant"
    assert refused(refresh(browser, codes_only, "idp_rt_x"), "unauthorized_client")


def test_a_public_client_refreshes_by_its_client_id(people: People, browser: Browser) -> None:
    people.user()
    client = people.client(type="spa")
    assert successor(refresh(browser, client, browser.tokens(*client)["refresh_token"]))
