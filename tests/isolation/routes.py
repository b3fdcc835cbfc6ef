"""How to feed every route of a tenant: a request that is right at home, made of what its owner and its caller hold.

A feeder gets two worlds.  `owner` gives what must not open another tenant's door: codes, tokens, handles, flows,
addresses.  `caller` gives who sends it: cookies, form token, client credentials.  At home both are one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from idp.oauth.models import Consent, Grant
from idp.web.theme import theme_css
from tests.factories import PASSWORD
from tests.isolation.world import World

SELECT_ACCOUNT = {"prompt": "select_account"}


@dataclass(frozen=True)
class Call:
    """A request, and how to tell from its answer that it did what it is there for."""

    did_it: Callable[[Any], bool]
    query: dict[str, Any] = field(default_factory=dict)
    form: dict[str, Any] | None = None
    json: dict[str, Any] | None = None
    data: bytes | None = None
    path: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


Feeder = Callable[[World, World], Call]
FEEDERS: dict[tuple[str, str], list[Feeder]] = {}


def feeds(endpoint: str, *methods: str) -> Callable[[Feeder], Feeder]:
    def add(feeder: Feeder) -> Feeder:
        for method in methods:
            FEEDERS.setdefault((endpoint, method), []).append(feeder)
        return feeder

    return add


def says(text: str) -> Callable[[Any], bool]:
    return lambda answer: answer.status_code == 200 and text in answer.text


def is_status(status: int) -> Callable[[Any], bool]:
    return lambda answer: answer.status_code == status


def leads_to(url: str, also: str = "") -> Callable[[Any], bool]:
    return lambda answer: answer.headers.get("Location", "").startswith(url) and also in answer.headers["Location"]


@feeds("discovery.openid_configuration", "GET")
def metadata(owner: World, caller: World) -> Call:
    return Call(says(f'"issuer":"{owner.tenant.issuer}"'))


@feeds("discovery.jwks", "GET")
def key_set(owner: World, caller: World) -> Call:
    return Call(says(owner.standby_kid))


@feeds("authorize.authorize", "GET", "POST")
def plain_request(owner: World, caller: World) -> Call:
    assert caller.signed_in
    return either(leads_to(owner.callback, "code="), owner.query(owner.client))


@feeds("authorize.authorize", "GET", "POST")
def pushed_request(owner: World, caller: World) -> Call:
    assert caller.signed_in
    pushed = {"client_id": str(caller.client.id), "request_uri": owner.handle}
    return either(leads_to(owner.callback, "code="), pushed)


@feeds("authorize.resume", "GET")
def stored_request(owner: World, caller: World) -> Call:
    assert caller.signed_in
    flow = owner.consent_flow
    return Call(leads_to(owner.url("/consent"), flow), {"flow": flow})


@feeds("authorize.end_session", "GET", "POST")
def hinted_logout(owner: World, caller: World) -> Call:
    assert caller.signed_in
    sent = {"id_token_hint": owner.tokens["id_token"], "post_logout_redirect_uri": owner.signed_out}
    return either(leads_to(owner.signed_out), sent)


@feeds("oauth.token", "POST")
def code(owner: World, caller: World) -> Call:
    form = {"grant_type": "authorization_code", "code": owner.code, "redirect_uri": owner.callback}
    return Call(is_status(200), form=form | {"code_verifier": owner.browser.verifier}, headers=caller.basic())


@feeds("oauth.token", "POST")
def refresh_token(owner: World, caller: World) -> Call:
    form = {"grant_type": "refresh_token", "refresh_token": owner.tokens["refresh_token"]}
    return Call(is_status(200), form=form, headers=caller.basic())


@feeds("oauth.token", "POST")
def client_credentials(owner: World, caller: World) -> Call:
    form = {"grant_type": "client_credentials", "resource": owner.api}
    return Call(is_status(200), form=form, headers=caller.basic(caller.machine, caller.machine_secret))


@feeds("oauth.token", "POST")
def client_assertion(owner: World, caller: World) -> Call:
    return Call(is_status(200), form=owner.assertion_grant())


@feeds("oauth.introspect", "POST")
def introspected_access_token(owner: World, caller: World) -> Call:
    form = {"token": owner.tokens["access_token"]}
    return Call(lambda answer: answer.json.get("active") is True, form=form, headers=caller.basic())


@feeds("oauth.introspect", "POST")
def introspected_refresh_token(owner: World, caller: World) -> Call:
    form = {"token": owner.tokens["refresh_token"]}
    return Call(lambda answer: answer.json.get("active") is True, form=form, headers=caller.basic())


@feeds("oauth.revoke", "POST")
def revoked_token(owner: World, caller: World) -> Call:
    def is_revoked(_answer: Any) -> bool:
        with owner.people.unit() as uow:
            return bool(uow.session.scalar(select(func.count()).where(Grant.revoked_at.is_not(None))))

    return Call(is_revoked, form={"token": owner.tokens["refresh_token"]}, headers=caller.basic())


@feeds("oauth.par", "POST")
def pushed_hint(owner: World, caller: World) -> Call:
    form = caller.query(caller.client, id_token_hint=owner.tokens["id_token"])
    return Call(is_status(201), form=form, headers=caller.basic())


@feeds("oauth.userinfo", "GET", "POST")
def bearer(owner: World, caller: World) -> Call:
    return Call(says(owner.email), headers={"Authorization": f"Bearer {owner.tokens['access_token']}"})


@feeds("hosted.theme", "GET")
def theme(owner: World, caller: World) -> Call:
    owner.set_logo()
    return Call(lambda answer: answer.text == theme_css(owner.accent))


@feeds("hosted.logo", "GET")
def logo(owner: World, caller: World) -> Call:
    picture = owner.set_logo()
    return Call(lambda answer: answer.data == picture)


@feeds("hosted.home", "GET")
def home(owner: World, caller: World) -> Call:
    assert caller.signed_in
    return Call(says(owner.email))


@feeds("hosted.show_login", "GET")
def login_page(owner: World, caller: World) -> Call:
    return Call(is_status(200), {"flow": owner.login_flow})


@feeds("hosted.submit_login", "POST")
def login_of_another_flow(owner: World, caller: World) -> Call:
    form = {"flow": owner.login_flow, "csrf": caller.csrf, "email": caller.email, "password": PASSWORD}
    return Call(is_status(303), form=form)


@feeds("hosted.submit_login", "POST")
def login_of_another_person(owner: World, caller: World) -> Call:
    form = {"flow": caller.login_flow, "csrf": caller.csrf, "email": owner.email, "password": PASSWORD}
    return Call(is_status(303), form=form)


@feeds("hosted.show_accounts", "GET")
def account_page(owner: World, caller: World) -> Call:
    assert owner.signed_in
    assert caller.signed_in
    return Call(says(owner.email), {"flow": owner.flow(owner.client, **SELECT_ACCOUNT)})


@feeds("hosted.choose_account", "POST")
def account_choice(owner: World, caller: World) -> Call:
    assert owner.signed_in
    assert caller.signed_in
    flow = owner.flow(owner.client, **SELECT_ACCOUNT)
    return Call(is_status(303), form={"flow": flow, "csrf": caller.csrf, "choice": "continue"})


@feeds("hosted.show_consent", "GET")
def consent_page(owner: World, caller: World) -> Call:
    assert caller.signed_in
    return Call(says(owner.email), {"flow": owner.consent_flow})


@feeds("hosted.decide_consent", "POST")
def consent_decision(owner: World, caller: World) -> Call:
    assert caller.signed_in
    return Call(is_status(303), form={"flow": owner.consent_flow, "csrf": caller.csrf, "decision": "allow"})


@feeds("hosted.show_applications", "GET")
def applications_page(owner: World, caller: World) -> Call:
    assert caller.signed_in
    assert owner.consented
    return Call(says(str(owner.third_party.id)))


@feeds("hosted.withdraw_application", "POST")
def withdrawn_consent(owner: World, caller: World) -> Call:
    def is_withdrawn(_answer: Any) -> bool:
        with owner.people.unit() as uow:
            return uow.session.scalar(select(func.count()).select_from(Consent)) == 0

    assert caller.signed_in
    assert owner.consented
    return Call(is_withdrawn, form={"csrf": caller.csrf, "withdraw": str(owner.third_party.id)})


@feeds("hosted.show_logout", "GET")
def logout_page(owner: World, caller: World) -> Call:
    assert caller.signed_in
    asked = {"client_id": str(owner.client.id), "post_logout_redirect_uri": owner.signed_out}
    return Call(says(owner.client.name), asked)


@feeds("hosted.submit_logout", "POST")
def logout_decision(owner: World, caller: World) -> Call:
    assert caller.signed_in
    asked = {"client_id": str(owner.client.id), "post_logout_redirect_uri": owner.signed_out, "csrf": caller.csrf}
    return Call(leads_to(owner.signed_out), form=asked)


def either(did_it: Callable[[Any], bool], parameters: dict[str, Any]) -> Call:
    """Parameters for a route that takes them from the query or from a form."""
    return Call(did_it, query=parameters, form=parameters)
