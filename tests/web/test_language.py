"""Which language a page is in: the address, the cookie, the browser, the tenant; hostile wishes; how to change it."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from idp import i18n
from idp.http import language
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.browser import Browser, Forms
from tests.factories import People

HOSTILE = [
    "'",
    '"><script>alert(1)</script>',
    "../../etc",
    "de;\r\nSet-Cookie: x=1",
    "d" * 1_500,
    "*",
    "-ar" * 300,
    "\x7f",
]


def lang(page: Any) -> str:
    """Of the page, which must agree with its header and its direction."""
    tag = re.search(r'<html lang="(\w+)" dir="(\w+)">', page.text)
    assert tag is not None
    assert page.headers["Content-Language"] == tag[1]
    assert tag[2] == ("rtl" if tag[1] == "ar" else "ltr")
    return tag[1]


def switch(page: Any, code: str) -> str:
    """Address of the link in the footer."""
    link = re.search(rf'<a href="([^"]+)" lang="{code}"', page.text)
    assert link is not None
    return link[1].replace("&amp;", "&")


def accept(value: str) -> dict[str, str]:
    return {"Accept-Language": value}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,ar-EG;q=0.5", "ar"),
        ("de;q=0,fr", "en"),
        ("en;q=0.1,ar;q=0.9", "ar"),
        ("*", "en"),
        ("", "en"),
        ("de;q=abc,,;;", "en"),
    ],
)
def test_the_browser_says_what_its_reader_speaks(browser: Browser, header: str, code: str) -> None:
    assert lang(browser.get(browser.url("/"), headers=accept(header))) == code


def test_a_tenant_decides_for_those_who_say_nothing_we_speak(wiring: Wiring, tenant: Tenant, browser: Browser) -> None:
    with wiring.platform_unit() as platform:
        tenants.update(platform, tenants.get(platform, tenant.slug), {"default_locale": "de"})
    assert lang(browser.get(browser.url("/"))) == "de"
    assert lang(browser.get(browser.url("/"), headers=accept("fr, *;q=0.5"))) == "de"
    assert lang(browser.get(browser.url("/"), headers=accept("en"))) == "en"


def test_an_application_asks_for_a_language_and_it_lasts_through_the_flow(people: People, browser: Browser) -> None:
    people.user()
    client, _ = people.client()
    page = browser.authorize(client, ui_locales="fr ar-EG de")
    assert lang(page) == "ar"
    assert "تسجيل الدخول" in page.text
    assert lang(browser.sign_in(page, password="wrong password, long enough")) == "ar"


def test_a_pushed_request_carries_its_language(people: People, browser: Browser) -> None:
    client, secret = people.client(token_endpoint_auth_method="client_secret_post")
    values = browser.parameters(client, ui_locales="de", client_secret=secret)
    pushed = browser.post(browser.url("/oauth/par"), data=values)
    query = urlencode({"client_id": str(client.id), "request_uri": pushed.json["request_uri"]})
    assert lang(browser.follow(browser.get(browser.url(f"/oauth/authorize?{query}")))) == "de"


def test_the_person_changes_the_language_in_the_middle_of_a_flow(people: People, browser: Browser) -> None:
    people.user()
    client, _ = people.client()
    page = browser.authorize(client, ui_locales="ar", prompt="consent")
    changed = browser.get(switch(page, "de"))
    assert lang(changed) == "de"
    assert Forms(changed.text).fields["flow"] == Forms(page.text).fields["flow"]
    refused = browser.sign_in(changed, password="wrong password, long enough")
    assert lang(refused) == "de"
    assert Forms(browser.get(switch(refused, "en")).text).fields["flow"] == Forms(page.text).fields["flow"]
    assert lang(browser.sign_in(changed)) == "en"  # the consent page


def test_a_choice_stays_and_is_stronger_than_the_browser(browser: Browser) -> None:
    browser.get(switch(browser.get(browser.url("/")), "ar"))
    assert lang(browser.get(browser.url("/"), headers=accept("de"))) == "ar"


def test_the_cookie_is_as_closed_as_the_others_and_not_set_again(browser: Browser) -> None:
    cookie = browser.get(browser.url("/?ui_locales=de")).headers["Set-Cookie"]
    assert re.match(r"idp-[0-9a-f]{16}-l=de; ", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Set-Cookie" not in browser.get(browser.url("/?ui_locales=de")).headers


@pytest.mark.parametrize("value", HOSTILE)
def test_a_wish_that_makes_no_sense_is_passed_over(people: People, browser: Browser, value: str) -> None:
    page = browser.get(browser.url(f"/?{urlencode({'ui_locales': value})}"), headers=accept("de"))
    assert (page.status_code, lang(page)) == (200, "de")
    assert "<script>alert" not in page.text
    assert "Set-Cookie" not in page.headers
    browser.http.set_cookie(f"idp-{'0' * 16}-l", "ar")
    assert lang(browser.get(browser.url("/"), headers=accept("de"))) == "de"


def test_a_cookie_of_somebody_else_s_making_is_passed_over(browser: Browser) -> None:
    set_here = browser.get(browser.url("/?ui_locales=de")).headers["Set-Cookie"]
    browser.http.set_cookie(set_here.split("=", 1)[0], '"><script>')
    assert lang(browser.get(browser.url("/"), headers=accept("ar"))) == "ar"


def test_the_switch_keeps_the_rest_of_the_address(browser: Browser) -> None:
    page = browser.get(browser.url("/?a=1&ui_locales=ar&a=2&b=%26%22%3C"))
    path = page.request.path
    assert switch(page, "de") == f"{path}?a=1&a=2&b=%26%22%3C&ui_locales=de"
    assert page.text.count('aria-current="true">العربية') == 1


def test_errors_speak_the_language_too(browser: Browser, app: Any) -> None:
    page = browser.get(browser.url("/consent"), headers=accept("de"))
    assert (page.status_code, lang(page)) == (410, "de")
    assert "Diese Anmeldung ist abgelaufen" in page.text
    unknown = app.test_client().get("/t/nobody-here/login", headers=accept("ar") | {"Accept": "text/html"})
    assert (unknown.status_code, lang(unknown)) == (404, "ar")


def test_what_programs_read_is_the_same_for_everyone(browser: Browser) -> None:
    """R20; RFC 6749 §5.2 allows no letters beyond ASCII in an ``error_description``."""
    metadata = browser.get(browser.url("/.well-known/openid-configuration?ui_locales=ar"), headers=accept("ar"))
    assert metadata.json["ui_locales_supported"] == ["en", "de", "ar"]
    assert not {"Set-Cookie", "Content-Language"} & set(metadata.headers.keys())
    assert "Accept-Language" not in metadata.headers.get("Vary", "")
    refused = browser.post(browser.url("/oauth/token?ui_locales=ar"), headers=accept("ar"))
    assert refused.json["error_description"].isascii()


def test_an_account_speaks_before_the_browser_and_after_a_choice(app: Any, tenant: Tenant) -> None:
    def spoken(path: str, locale: str | None) -> str:
        with app.test_request_context(f"/t/{tenant.slug}{path}", headers=accept("de")):
            app.preprocess_request()
            language.prefer(locale)
            return i18n.current().code

    assert spoken("/", "ar-EG") == "ar"
    assert spoken("/", "tlh") == "de"
    assert spoken("/", None) == "de"
    assert spoken("/?ui_locales=en", "ar-EG") == "en"


def test_the_next_request_of_a_thread_starts_anew(browser: Browser) -> None:
    browser.get(browser.url("/?ui_locales=ar"))
    assert i18n.current().code == i18n.DEFAULT
