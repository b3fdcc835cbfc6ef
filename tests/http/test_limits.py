"""Rate limits as the outside meets them (R28, R49): exact, by tenant, told in headers, in one round trip."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from typing import Any

import pytest
import redis

from idp.config import Settings
from idp.crypto import passwords
from idp.http import limits
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.browser import Browser, Forms
from tests.factories import People

Try = Callable[..., Any]


@pytest.fixture
def counters(settings: Settings) -> redis.Redis:
    assert settings.redis_url is not None
    return redis.Redis.from_url(settings.redis_url.get_secret_value())


def sign_in(browser: Browser, *, ip: str = "192.0.2.1", email: str = "nobody@example.com") -> Any:
    form = Forms(browser.follow(browser.get(browser.url("/login"))).text)
    data = {**form.fields, "email": email, "password": "wrong"}
    return browser.post(form.action, data, environ_base={"REMOTE_ADDR": ip})


def statuses(attempts: list[Any]) -> list[int]:
    return [answer.status_code for answer in attempts]


def test_an_address_has_its_tries_and_not_one_more(browser: Browser, granted: Try) -> None:
    granted(limit_sign_in_ip="3/day")
    assert statuses([sign_in(browser, email=f"{n}@example.com") for n in range(5)]) == [422, 422, 422, 429, 429]
    assert sign_in(browser, ip="192.0.2.2").status_code == 422


def test_an_account_has_its_tries_from_wherever(browser: Browser, granted: Try) -> None:
    granted(limit_sign_in_account="3/day")
    spellings = ["Ada@Example.com", " ada@example.com", "ADA@example.com", "ada@example.com"]
    attempts = [sign_in(browser, ip=f"192.0.2.{n}", email=email) for n, email in enumerate(spellings)]
    assert statuses(attempts) == [422, 422, 422, 429]
    assert sign_in(browser, email="grace@example.com").status_code == 422


def test_a_mailbox_has_its_mails_however_its_domain_is_spelled(browser: Browser, granted: Try) -> None:
    """UTS #46 makes one domain of endlessly many, such as with characters that nobody sees."""
    granted(limit_mail_recipient="2/day")
    domains = ["example.com", "Example\u3002com", "ex\u034fample.com", "e\ufe00xample.com"]
    form = Forms(browser.follow(browser.get(browser.url("/recovery"))).text)
    attempts = [browser.post(form.action, {**form.fields, "email": f"ada@{domain}"}) for domain in domains]
    assert [answer.status_code == 429 for answer in attempts] == [False, False, True, True]


def test_of_ipv6_a_customer_has_a_64(browser: Browser, granted: Try) -> None:
    granted(limit_sign_in_ip="2/day")
    addresses = ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:1::3", "2001:db8:0:2::1"]
    assert statuses([sign_in(browser, ip=ip) for ip in addresses]) == [422, 422, 429, 422]


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
        (None, ""),
    ],
)
def test_networks(ip: str | None, network: str) -> None:
    assert limits.network_of(ip) == network


def test_a_whole_tenant_ends_and_another_goes_on(
    browser: Browser, granted: Try, app: Any, people: People, others: People, other_tenant: Tenant
) -> None:
    granted(limit_tenant="2/day")
    client, secret = people.client(type="machine")
    other, other_secret = others.client(type="machine")
    neighbour = Browser(app, other_tenant)
    answers = [browser.token(client, secret, grant_type="client_credentials") for _ in range(3)]
    assert statuses(answers) == [200, 200, 429]
    assert '"tenant";r=0' in answers[2].headers["RateLimit"]
    assert neighbour.token(other, other_secret, grant_type="client_credentials").status_code == 200


def test_a_client_that_proves_itself_spends_its_own(browser: Browser, granted: Try, people: People) -> None:
    granted(limit_client="2/day", limit_client_ip="1/day")
    client, secret = people.client(type="machine")
    answers = [browser.token(client, secret, grant_type="client_credentials") for _ in range(3)]
    assert statuses(answers) == [200, 200, 429]
    assert answers[2].json["error"] == "temporarily_unavailable"
    assert int(answers[2].headers["Retry-After"]) > 0
    guesses = [browser.token(client, "a guess", grant_type="client_credentials") for _ in range(2)]
    assert statuses(guesses) == [401, 429], "a guess costs the address, and not the client"


def test_a_public_client_spends_what_its_address_has(browser: Browser, granted: Try, people: People) -> None:
    """Anybody can say its id: a stranger must not be able to spend what belongs to its users."""
    granted(limit_client="1/day", limit_client_ip="2/day")
    client, _ = people.client(token_endpoint_auth_method="none")
    answers = [browser.token(client, None, grant_type="refresh_token", refresh_token="x") for _ in range(3)]
    assert statuses(answers) == [400, 400, 429]


def test_who_is_refused_takes_no_place_from_who_is_not(
    browser: Browser, granted: Try, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many guesses come at once: a gate that they fill turns the neighbours' sign-ins away (R24, R28)."""
    granted(limit_sign_in_ip="1/day")
    monkeypatch.setattr(passwords, "_gate", passwords.Gate(threads=1, places=1))
    spend, free = wiring.limiter.spend, []

    def watched(*buckets: Any, **cost: int) -> Any:
        if any(bucket.name == "sign-in-ip" for bucket in buckets[0]):
            free.append(passwords.gate()._free._value)
        return spend(*buckets, **cost)

    monkeypatch.setattr(wiring.limiter, "spend", watched)
    assert statuses([sign_in(browser), sign_in(browser), sign_in(browser, ip="192.0.2.2")]) == [422, 429, 422]
    assert free == [1, 1, 1]
    with ThreadPoolExecutor(1) as another:
        another.submit(passwords.gate().enter).result()
        assert sign_in(browser, ip="192.0.2.2").status_code == 503
    assert free == [1, 1, 1], "turned away at the door"


def test_a_page_is_refused_as_a_page(browser: Browser, granted: Try) -> None:
    granted(limit_sign_in_ip="1/day")
    assert sign_in(browser).status_code == 422
    answer = sign_in(browser)
    assert answer.mimetype == "text/html"
    assert "That was too often" in answer.text
    assert answer.headers["RateLimit-Policy"] == '"sign-in-ip";q=1;w=86400'
    assert answer.headers["RateLimit"] == f'"sign-in-ip";r=0;t={answer.headers["Retry-After"]}'


def test_the_asker_is_told_their_own_and_nothing_of_others(browser: Browser) -> None:
    """How often somebody tried an account, or what a tenant does in a minute, is not for strangers."""
    answer = sign_in(browser)
    assert answer.headers["RateLimit-Policy"] == '"sign-in-ip";q=60;w=60'
    assert re.fullmatch(r'"sign-in-ip";r=59;t=\d+', answer.headers["RateLimit"])


def test_no_address_and_no_name_stands_in_redis(browser: Browser, tenant: Tenant, counters: redis.Redis) -> None:
    sign_in(browser, ip="192.0.2.77", email="somebody@example.com")
    keys = [key.decode() for key in counters.scan_iter(f"*{tenant.id}*")]
    assert len(keys) == 4
    assert all(key.startswith(f"idp:sliding-window:{{{tenant.id}}}:") for key in keys)
    assert not any("192.0" in key or "somebody" in key for key in keys)
    assert all(counters.ttl(key) > 0 for key in keys)


def test_a_request_asks_redis_once(browser: Browser, people: People, counters: redis.Redis) -> None:
    client, secret = people.client(type="machine")
    browser.token(client, secret, grant_type="client_credentials")
    with counters.monitor() as monitor:
        for _ in range(10):
            browser.token(client, secret, grant_type="client_credentials")
        counters.echo("that was all")
        seen = list(takewhile(lambda each: each["command"] != "ECHO that was all", monitor.listen()))
    ours = counters.connection_pool.connection_kwargs["db"]
    sent = [each["command"].split()[0] for each in seen if each["db"] == ours and each["client_type"] != "lua"]
    assert [verb for verb in sent if verb not in {"SELECT", "CLIENT"}] == ["EVALSHA"] * 10


def test_a_tenant_sees_what_it_used(browser: Browser, tenant: Tenant, wiring: Wiring, people: People) -> None:
    client, secret = people.client(type="machine")
    for _ in range(3):
        browser.token(client, secret, grant_type="client_credentials")
    assert limits.use_of(wiring.limiter, tenant) == 3
    assert limits.use_of(wiring.limiter, tenant) == 3, "looking costs nothing"


def test_every_limit_has_a_budget(tenant: Tenant) -> None:
    assert {limit.field for limit in limits.ALL} == set(type(tenant.budget).model_fields)
