"""Tokens for the management API: who gets one, by which client, and where it is good (RFC 8707, RFC 9068 §4)."""

from typing import Any

import jwt
import pytest
from sqlalchemy import update

from idp.ids import new_id
from idp.oauth import clients, management
from idp.oauth.models import ApiResource, Client
from idp.rbac import service as rbac
from idp.tenants import resolve
from idp.tenants import service as tenants
from tests.browser import Browser, answer
from tests.conftest import BASE_URL
from tests.factories import API, CALLBACK, People
from tests.protocol.test_introspect_and_revoke import revoke

DOCS = f"{BASE_URL}/docs/oauth2-redirect.html"
SCOPE = "openid users:read"
MAY = ["*", "users:read"]
"""An administrator by such a token: every permission of the tenant's own APIs, and this one of the product's."""


@pytest.fixture
def console(people: People) -> Client:
    """The console's client; Ada, who may read people, will use it."""
    people.user(roles=("admin",))
    with people.unit() as uow:
        return uow.get(Client, management.CONSOLE)


def claims_of(token: str) -> dict[str, Any]:
    """With the audience as a list, which may be text where it is one (RFC 7519 §4.1.3)."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims | {"aud": [claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"]}


def call(browser: Browser, token: str, path: str = "/principal") -> Any:
    return browser.get(browser.url(f"/api/v1{path}"), headers={"Authorization": f"Bearer {token}"})


def is_shut(browser: Browser, token: str) -> bool:
    """Whether the API takes the token for none, and says so as RFC 6750 §3 wants it."""
    refused = call(browser, token)
    if refused.status_code == 200:
        return False
    assert (refused.status_code, refused.json["code"]) == (401, "invalid-token"), refused.text
    assert refused.headers["WWW-Authenticate"].startswith('Bearer realm="management"')
    return True


def through_console(browser: Browser, console: Client, scope: str = SCOPE, **more: str) -> dict[str, Any]:
    """The whole way: authorize with PKCE, sign in, exchange."""
    code = browser.code(console, redirect_uri=DOCS, scope=scope, **more)
    exchanged = browser.exchange(console, None, code, redirect_uri=DOCS)
    assert exchanged.status_code == 200, exchanged.text
    tokens: dict[str, Any] = exchanged.json
    return tokens


def of_release_before(people: People, client: Client, *scope: str) -> None:
    """Let a client have scopes that registration refuses it today."""
    with people.unit() as uow:
        uow.execute(update(Client).where(Client.id == client.id).values(scope=list(scope)))
    clients.forget()


def test_a_person_signs_in_through_the_console_and_manages(browser: Browser, console: Client) -> None:
    tokens = through_console(browser, console)
    claims = claims_of(tokens["access_token"])
    assert claims["client_id"] == "00000000-0000-7000-8000-000000000001"
    assert claims["aud"] == [f"{browser.tenant.issuer}/api/v1", browser.tenant.issuer]
    principal = call(browser, tokens["access_token"])
    assert principal.status_code == 200
    assert principal.json["permissions"] == MAY
    assert call(browser, tokens["access_token"], "/users").status_code == 200


def test_a_token_is_for_the_management_api_alone_where_it_was_asked_for(browser: Browser, console: Client) -> None:
    """RFC 8707 §2; userinfo is for whoever has `openid`."""
    audience = f"{browser.tenant.issuer}/api/v1"
    tokens = through_console(browser, console, resource=audience)
    assert claims_of(tokens["access_token"])["aud"] == [audience, browser.tenant.issuer]
    assert not is_shut(browser, tokens["access_token"])
    assert is_shut(browser, tokens["id_token"])
    assert is_shut(browser, tokens["refresh_token"])
    only = through_console(browser, console, "users:read", resource=audience)
    assert claims_of(only["access_token"])["aud"] == [audience]
    assert not is_shut(browser, only["access_token"])


def test_the_console_needs_pkce_and_asks_nobody_for_consent(browser: Browser, console: Client) -> None:
    without = browser.authorize(
        console, redirect_uri=DOCS, scope=SCOPE, code_challenge=None, code_challenge_method=None
    )
    assert answer(without)["error"] == "invalid_request"
    elsewhere = browser.authorize(console, redirect_uri=CALLBACK, scope=SCOPE)
    assert elsewhere.status_code == 400


def test_the_console_refreshes(browser: Browser, console: Client) -> None:
    tokens = through_console(browser, console)
    again = browser.token(console, None, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert call(browser, again.json["access_token"]).json["permissions"] == MAY


def test_a_token_without_the_scope_lacks_the_permission(browser: Browser, console: Client) -> None:
    """Ada is an administrator; the token that she comes with is not for all of it."""
    refused = call(browser, through_console(browser, console)["access_token"], "/roles")
    assert (refused.status_code, refused.json["code"]) == (403, "permission-needed")
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="management", error="insufficient_scope"'


def test_a_scope_without_the_role_permits_nothing(browser: Browser, people: People, console: Client) -> None:
    people.user(email="ben@example.com", roles=("member",))
    code = browser.code(console, email="ben@example.com", redirect_uri=DOCS, scope=SCOPE)
    token = browser.exchange(console, None, code, redirect_uri=DOCS).json["access_token"]
    assert call(browser, token).json["permissions"] == []
    assert call(browser, token, "/users").status_code == 403


def test_neither_an_id_token_nor_a_token_for_userinfo_gets_in(browser: Browser, console: Client) -> None:
    tokens = through_console(browser, console, "openid email")
    assert claims_of(tokens["access_token"])["aud"] == [browser.tenant.issuer]
    for wrong in (tokens["access_token"], tokens["id_token"], tokens["refresh_token"], "", "x.y.z"):
        assert is_shut(browser, wrong)


def test_a_token_for_the_tenants_own_api_does_not_get_in(browser: Browser, people: People, console: Client) -> None:
    people.resource()
    client = people.client(scope=f"{SCOPE} notes:read")
    token = browser.tokens(*client, scope=f"{SCOPE} notes:read", resource=API)["access_token"]
    assert claims_of(token)["aud"] == [API, browser.tenant.issuer]
    assert call(browser, token).status_code == 401


def test_another_tenants_token_does_not_get_in(app: Any, browser: Browser, console: Client, others: People) -> None:
    token = through_console(browser, console)["access_token"]
    assert call(Browser(app, others.tenant), token).status_code == 401


def test_a_third_party_never_gets_the_audience(browser: Browser, people: People, console: Client) -> None:
    """Also when it was registered with such a scope by an earlier release, and the person agrees."""
    client, secret = people.client(first_party=False)
    of_release_before(people, client, *SCOPE.split())
    page = browser.sign_in(browser.authorize(client, scope=SCOPE))
    code = answer(browser.submit(page, decision="allow"))["code"]
    token = browser.exchange(client, secret, code).json["access_token"]
    assert claims_of(token)["aud"] == [browser.tenant.issuer]
    assert call(browser, token).status_code == 401
    asked = browser.authorize(client, scope=SCOPE, resource=management.audience(people.tenant))
    assert answer(asked)["error"] == "invalid_target"


def test_a_client_that_is_ours_no_more_gets_in_no_more(browser: Browser, people: People, console: Client) -> None:
    client, secret = people.client(scope=SCOPE)
    token = browser.tokens(client, secret, scope=SCOPE)["access_token"]
    assert call(browser, token).status_code == 200
    with people.unit() as uow:
        uow.execute(update(Client).where(Client.id == client.id).values(first_party=False))
    clients.forget()
    assert call(browser, token).status_code == 401


def test_a_machine_manages_by_its_roles_within_its_scope(browser: Browser, people: People) -> None:
    client, secret = people.client(type="machine", scope="users:read roles:read")
    with people.unit() as uow:
        rbac.assign_to_client(uow, client, "admin")
    clients.forget()
    token = browser.token(client, secret, grant_type="client_credentials", scope="users:read").json["access_token"]
    assert claims_of(token)["aud"] == [management.audience(people.tenant)]
    assert call(browser, token).json["permissions"] == MAY
    assert call(browser, token, "/roles").status_code == 403


def test_what_was_revoked_is_over(browser: Browser, console: Client, people: People) -> None:
    """RFC 7009 §2.1, of a person and of a machine; another token of theirs goes on."""
    person, other = (through_console(browser, console)["access_token"] for _ in range(2))
    machine = people.client(type="machine", scope="users:read")
    for client, revoked, kept in (
        ((console, None), person, other),
        (machine, *(browser.token(*machine, grant_type="client_credentials").json["access_token"] for _ in range(2))),
    ):
        assert not is_shut(browser, revoked)
        revoke(browser, client, revoked)
        assert is_shut(browser, revoked)
        assert not is_shut(browser, kept)


def test_whoever_signs_out_is_out(browser: Browser, console: Client) -> None:
    tokens = through_console(browser, console)
    assert not is_shut(browser, tokens["access_token"])
    page = browser.get(browser.url(f"/oauth/end_session?id_token_hint={tokens['id_token']}"))
    assert browser.follow(page).status_code == 200
    assert is_shut(browser, tokens["access_token"])


def test_a_suspended_tenant_says_so(browser: Browser, console: Client, people: People) -> None:
    token = through_console(browser, console)["access_token"]
    with people.wiring.platform_unit() as platform:
        tenants.suspend(platform, tenants.get(platform, people.tenant.slug))
    resolve.forget()
    for path in ("/principal", "/users"):
        refused = call(browser, token, path)
        assert (refused.status_code, refused.json["code"]) == (403, "tenant-suspended")
    with people.wiring.platform_unit() as platform:
        tenants.resume(platform, tenants.get(platform, people.tenant.slug))
    resolve.forget()
    assert not is_shut(browser, token)


def test_a_scope_that_an_api_had_first_stays_that_apis(browser: Browser, people: People, console: Client) -> None:
    """As an earlier release let tenants name their scopes; what it means to them must not become power over us."""
    with people.unit() as uow:
        uow.add(ApiResource(id=new_id(), identifier=API, name="People", scope=["users:read"]))
    client = people.client(scope=SCOPE)
    tokens = browser.tokens(*client, scope=SCOPE)
    claims = claims_of(tokens["access_token"])
    assert (claims["aud"], claims["scope"]) == ([API, browser.tenant.issuer], SCOPE)
    assert call(browser, tokens["access_token"]).status_code == 401
    both = claims_of(through_console(browser, console, f"{SCOPE} roles:read")["access_token"])
    assert both["aud"] == [API, management.audience(people.tenant), browser.tenant.issuer]


def test_where_an_api_had_a_scope_first_the_management_api_has_it_not(
    browser: Browser, people: People, console: Client
) -> None:
    with people.unit() as uow:
        uow.add(ApiResource(id=new_id(), identifier=API, name="People", scope=["users:read"]))
    asked = {"redirect_uri": DOCS, "scope": f"{SCOPE} roles:read", "resource": management.audience(people.tenant)}
    token = browser.exchange(console, None, browser.code(console, **asked), redirect_uri=DOCS).json["access_token"]
    assert claims_of(token)["scope"] == "openid roles:read"
    assert call(browser, token, "/users").status_code == 403
    assert call(browser, token, "/roles").status_code == 200
