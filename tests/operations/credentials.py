"""Every kind of credential that a tenant gives out: how it is come by, and whether it is still taken."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from idp.authn import one_time_tokens
from idp.authn.models import LoginTransaction
from idp.authn.one_time_tokens import Purpose
from idp.db.unit import UnitOfWork
from idp.federation import testing, transactions
from idp.ids import new_id
from idp.oauth import management
from idp.tenants.resolve import resolve
from idp.wiring import Wiring
from tests.api.management.callers import Caller, token_of
from tests.browser import Browser, Forms
from tests.factories import People, make_user
from tests.upstream_rows import connect

Use = Callable[[], bool]
OFFLINE = "openid email offline_access"
SCOPE = "users:read"
CODES = (Purpose.REGISTER, Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL)


class Place:
    """A tenant with somebody, applications and an upstream; every browser is a new one."""

    def __init__(self, app: Any, wiring: Wiring, people: People, operator: Caller) -> None:
        self.app, self.wiring, self.people, self.operator = app, wiring, people, operator
        self.tenant = people.tenant
        self.user = people.user()
        self.client, self.secret = people.client(direct_sign_in=True)
        self.machine, self.machine_secret = people.client(type="machine", scope=SCOPE)
        self.connection = connect(people)

    def browser(self) -> Browser:
        return Browser(self.app, self.tenant)

    def unit(self) -> UnitOfWork:
        """As a request has it: with the row of the tenant that is in force."""
        return self.wiring.tenant_unit(resolve(self.wiring.app, self.tenant.slug))

    def signed_in(self) -> Browser:
        browser = self.browser()
        browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
        return browser

    def tokens(self) -> dict[str, Any]:
        return self.browser().tokens(self.client, self.secret, scope=OFFLINE)

    def ask(self, path: str, **form: str) -> Any:
        """Something that the application asks of the server itself."""
        pair = base64.b64encode(f"{self.client.id}:{self.secret}".encode()).decode()
        browser = self.browser()
        return browser.post(browser.url(path), form, headers={"Authorization": f"Basic {pair}"})

    def managed(self, token: str, path: str = "/principal") -> bool:
        answer = Caller(self.app, management.audience(self.tenant), token, self.user.id).get(path)
        assert answer.status_code in {200, 401}, answer.text
        return bool(answer.status_code == 200)


def cookie(place: Place) -> Use:
    browser = place.signed_in()
    return lambda: bool(browser.get(browser.url("/account")).status_code == 200)


def cookie_at_an_application(place: Place) -> Use:
    browser = place.signed_in()
    return lambda: "code=" in browser.authorize(place.client, prompt="none").headers["Location"]


def half_finished_sign_in(place: Place) -> Use:
    browser = place.browser()
    page = browser.follow(browser.get(browser.url("/login")))

    def use() -> bool:
        browser.sign_in(page)
        return bool(browser.get(browser.url("/account")).status_code == 200)

    return use


def authorization_request(place: Place) -> Use:
    """One that waits for its person, who signs in by another page meanwhile."""
    browser = place.browser()
    page = browser.authorize(place.client)
    with place.unit() as uow:
        login = transactions_login(uow, page)

    def use() -> bool:
        browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
        answer = browser.follow(browser.get(browser.url(f"/oauth/authorize/resume?flow={login}")))
        return "code=" in answer.headers.get("Location", "")

    return use


def transactions_login(uow: UnitOfWork, page: Any) -> Any:
    """What the login of a page resumes."""
    fields = Forms(page.text)
    flow = fields.fields.get("flow") or parse_qs(urlsplit(fields.action).query)["flow"][0]
    return uow.get(LoginTransaction, UUID(flow)).resume_to


def pushed_request(place: Place) -> Use:
    browser = place.browser()
    handle = place.ask("/oauth/par", **browser.parameters(place.client)).json["request_uri"]

    def use() -> bool:
        query = {"client_id": str(place.client.id), "request_uri": handle}
        page = browser.follow(browser.get(browser.url("/oauth/authorize"), query_string=query))
        return 'name="password"' in page.text

    return use


def code(place: Place) -> Use:
    browser = place.browser()
    text = browser.code(place.client)
    return lambda: bool(browser.exchange(place.client, place.secret, text).status_code == 200)


def refresh_token(place: Place) -> Use:
    text = place.tokens()["refresh_token"]
    return lambda: bool(place.ask("/oauth/token", grant_type="refresh_token", refresh_token=text).status_code == 200)


def refresh_token_that_is_retried(place: Place) -> Use:
    """The generation before the last, within the grace."""
    text = place.tokens()["refresh_token"]
    place.ask("/oauth/token", grant_type="refresh_token", refresh_token=text)
    return lambda: bool(place.ask("/oauth/token", grant_type="refresh_token", refresh_token=text).status_code == 200)


def introspected_refresh_token(place: Place) -> Use:
    text = place.tokens()["refresh_token"]
    return lambda: bool(place.ask("/oauth/introspect", token=text).json["active"])


def introspected_access_token(place: Place) -> Use:
    text = place.tokens()["access_token"]
    return lambda: bool(place.ask("/oauth/introspect", token=text).json["active"])


def access_token_at_userinfo(place: Place) -> Use:
    bearer = {"Authorization": f"Bearer {place.tokens()['access_token']}"}
    browser = place.browser()
    return lambda: bool(browser.get(browser.url("/oauth/userinfo"), headers=bearer).status_code == 200)


def access_token_at_the_account(place: Place) -> Use:
    bearer = {"Authorization": f"Bearer {place.tokens()['access_token']}"}
    browser = place.browser()
    return lambda: bool(browser.get(browser.url("/api/v1/auth/me"), headers=bearer).status_code == 200)


def console_token(place: Place) -> Use:
    """Of an administrator, at the management API."""
    with place.people.unit() as uow:
        text = token_of(uow, make_user(uow, email=f"a-{new_id().hex}@example.com", roles=("admin",)))
    return lambda: place.managed(text, "/users")


def machine_token(place: Place) -> Use:
    text = token_of_machine(place)
    return lambda: place.managed(text)


def introspected_machine_token(place: Place) -> Use:
    text, browser = token_of_machine(place), place.browser()
    pair = base64.b64encode(f"{place.machine.id}:{place.machine_secret}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}"}
    return lambda: bool(browser.post(browser.url("/oauth/introspect"), {"token": text}, headers=headers).json["active"])


def token_of_machine(place: Place) -> str:
    answer = place.browser().token(place.machine, place.machine_secret, grant_type="client_credentials")
    assert answer.status_code == 200, answer.text
    return str(answer.json["access_token"])


def operators_token(place: Place) -> Use:
    """Of an operator who acts for the tenant, at its management API."""
    text = act(place)["access_token"]
    return lambda: place.managed(text)


def operators_access(place: Place) -> Use:
    """By which an operator, whose own tenant is another, gets the next token."""
    begun = act(place)

    def use() -> bool:
        answer = place.operator.post(f"/tenants/{place.tenant.slug}/accesses/{begun['id']}/token")
        assert answer.status_code in {200, 410}, answer.text
        return bool(answer.status_code == 200)

    return use


def act(place: Place) -> dict[str, Any]:
    body = {"reason": "Ticket 4711: nobody can sign in", "minutes": 5, "permissions": [SCOPE]}
    answer = place.operator.post(f"/tenants/{place.tenant.slug}/accesses", body)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json
    return document


def link_for(purpose: Purpose) -> Callable[[Place], Use]:
    """A mailed link, as its page looks it up and as its form uses it up."""

    def make(place: Place) -> Use:
        issued = issue(place, purpose)

        def use() -> bool:
            with place.unit() as uow:
                seen = one_time_tokens.find(uow, issued.token, purpose) is not None
                used = one_time_tokens.consume(uow, issued.token, purpose) is not None
            assert seen == used
            return used

        return use

    return make


def code_for(purpose: Purpose) -> Callable[[Place], Use]:
    """The same, as typed digits."""

    def make(place: Place) -> Use:
        subject_id = new_id()
        digits = issue(place, purpose, subject_id).code or ""

        def use() -> bool:
            with place.unit() as uow:
                return one_time_tokens.consume_code(uow, purpose, subject_id, digits) is not None

        return use

    return make


def issue(place: Place, purpose: Purpose, subject_id: Any = None) -> one_time_tokens.Issued:
    with place.unit() as uow:
        issued = one_time_tokens.issue(uow, purpose, subject_id or new_id(), message_id=new_id())
    assert issued is not None
    return issued


def trip_to_an_upstream(place: Place) -> Use:
    """A browser that is away; it comes back with its state."""
    with place.unit() as uow:
        trip = transactions.begin(uow, place.connection, "a browser", user_id=place.user.id)

    def use() -> bool:
        with place.unit() as uow:
            return transactions.claim(uow, place.connection, trip.state, "a browser") is not None

    return use


def tried_upstream(place: Place) -> Use:
    with place.unit() as uow:
        _row, url = testing.begin(uow, place.connection)
    (ticket,) = parse_qs(urlsplit(url).query)[testing.PARAMETER]

    def use() -> bool:
        with place.unit() as uow:
            return testing.depart(uow, place.connection, ticket, "a browser") is not None

    return use


KINDS: dict[str, Callable[[Place], Use]] = {
    "cookie": cookie,
    "cookie at an application": cookie_at_an_application,
    "half-finished sign-in": half_finished_sign_in,
    "authorization request": authorization_request,
    "pushed request": pushed_request,
    "code": code,
    "refresh token": refresh_token,
    "refresh token, retried": refresh_token_that_is_retried,
    "refresh token, introspected": introspected_refresh_token,
    "access token, introspected": introspected_access_token,
    "access token at userinfo": access_token_at_userinfo,
    "access token at the account": access_token_at_the_account,
    "console token": console_token,
    "machine token": machine_token,
    "machine token, introspected": introspected_machine_token,
    "operator's token": operators_token,
    "operator's access": operators_access,
    **{f"link to {purpose.value}": link_for(purpose) for purpose in Purpose},
    **{f"code to {purpose.value}": code_for(purpose) for purpose in Purpose if purpose in CODES},
    "trip to an upstream": trip_to_an_upstream,
    "test sign-in at an upstream": tried_upstream,
}
