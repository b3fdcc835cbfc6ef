"""Rules over the whole URL map: every browser POST wants our own form, and no answer can be framed or cached."""

from typing import Any

import pytest
from werkzeug.routing import Rule

from idp.app import create_app
from idp.config import Settings
from idp.http.context import SLUG
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.browser import Browser, Forms

HOSTED = "hosted."
API = "auth."
MANAGEMENT = "management."
PLATFORM = "platform."
MIN_BROWSER_POSTS = 4


def rules(app: Any) -> list[Rule]:
    return list(app.url_map.iter_rules())


def test_every_browser_post_wants_our_own_form(app: Any, tenant: Tenant) -> None:
    """R40: without the browser's cookie and its token a POST is refused before it does anything."""
    posts = [rule for rule in rules(app) if rule.endpoint.startswith(HOSTED) and "POST" in (rule.methods or ())]
    assert len(posts) >= MIN_BROWSER_POSTS
    for rule in posts:
        url = app.url_map.bind("localhost").build(rule.endpoint, {SLUG: tenant.slug, "name": "sso"}, method="POST")
        for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = app.test_client().post(url, data={"csrf": "A" * 43, "flow": str(tenant.id)}, headers=headers)
            assert answer.status_code == 403, rule
            assert "idp-" not in answer.headers.get("Set-Cookie", "").replace("-b=", ""), rule


def test_a_form_token_from_another_site_is_no_use(app: Any, tenant: Tenant) -> None:
    """A right token is refused when the browser says that the form stood elsewhere."""
    browser = Browser(app, tenant)
    page = browser.follow(browser.get(browser.url("/login")))
    form = Forms(page.text)
    for headers in (
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://localhost:8000"},
        {"Origin": "http://localhost:8001"},
    ):
        refused = browser.post(form.action, data=form.fields, headers=headers)
        assert refused.status_code == 403
    assert browser.post(form.action, data=form.fields, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 422


def test_no_route_but_these_has_no_tenant(app: Any) -> None:
    """The platform API's belong to the tenant of the operators, and say so; nothing else does."""
    tenantless = {rule.endpoint for rule in rules(app) if SLUG not in rule.arguments}
    public = {"static", "healthz", "docs.openapi", "docs.docs", "docs.static", "docs.come_back"}
    of_operators = {name for name in tenantless if name.startswith(PLATFORM)}
    assert {name for name in tenantless - of_operators if not name.startswith("dev_mail.")} == public
    marked = {name for name, view in app.view_functions.items() if getattr(view, "is_platform_api", False)}
    assert marked == of_operators != set()


def test_browsers_read_and_post_and_only_the_api_has_more_verbs(app: Any) -> None:
    """What cookies authenticate is guarded by forms, so nothing of it may have a verb that no form can send (R40)."""
    verbs: dict[bool, set[str]] = {True: set(), False: set()}
    for rule in rules(app):
        verbs[rule.endpoint.startswith((API, MANAGEMENT, PLATFORM))] |= rule.methods or set()
    assert verbs[False] == {"GET", "HEAD", "OPTIONS", "POST"}
    assert verbs[True] - verbs[False] == {"PATCH", "PUT", "DELETE"}


def test_every_operation_of_the_api_names_who_may_call_it(app: Any) -> None:
    """R47: a client that proves itself or the bearer of a token; the document says which, and nobody else gets in."""
    described = app.test_client().get("/openapi.json").json["paths"]
    for rule in (rule for rule in rules(app) if rule.endpoint.startswith(API)):
        path = rule.rule.replace("<", "{").replace(">", "}").replace("{uuid:", "{")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert described[path][method.lower()]["security"] in ([{"bearer": []}], [{"basic": []}, {}]), rule


@pytest.mark.parametrize("credentials", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}])
def test_every_operation_of_the_api_refuses_strangers(app: Any, tenant: Tenant, credentials: dict[str, str]) -> None:
    anything = {"email": "a@b.example", "password": "x", "token": "x", "refresh_token": "x", "transaction": "x"}
    for rule in (rule for rule in rules(app) if rule.endpoint.startswith(API)):
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            values = {SLUG: tenant.slug, "session_id": tenant.id}
            url = app.url_map.bind("localhost").build(rule.endpoint, values, method=method)
            sent = {name: anything[name] for name in _needed(app, rule, method)}
            answer = app.test_client().open(url, method=method, json=sent or None, headers=credentials)
            assert answer.status_code == 401, (rule, method, answer.text)


def _needed(app: Any, rule: Rule, method: str) -> list[str]:
    """Members without which a body is not looked at, and an address; a bearer comes before the body."""
    document = app.test_client().get("/openapi.json").json
    described = document["paths"][rule.rule.replace("<", "{").replace(">", "}").replace("{uuid:", "{")][method.lower()]
    if described["security"] == [{"bearer": []}] or "requestBody" not in described:
        return []
    name = described["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    return [member for member in schema["properties"] if member in {*schema.get("required", []), "email"}]


@pytest.mark.parametrize("path", ["/", "/login", "/oauth/token", "/jwks.json", "/nothing-here"])
def test_every_answer_carries_the_headers(app: Any, tenant: Tenant, path: str) -> None:
    """R42, on whatever comes back."""
    answer = app.test_client().get(f"/t/{tenant.slug}{path}")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Request-Id"]
    assert "Cache-Control" in answer.headers


def test_a_process_can_hold_two_applications(settings: Settings, wiring: Wiring, tenant: Tenant) -> None:
    answers = [create_app(settings, wiring).test_client().get(f"/t/{tenant.slug}/consent") for _ in range(2)]
    assert [(answer.status_code, answer.mimetype) for answer in answers] == [(410, "text/html")] * 2
