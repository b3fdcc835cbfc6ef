"""Every mail, in every language: two parts that say the same, one button, and nothing that a stranger could plant."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any, cast

import pytest

from idp import i18n
from idp.authn.one_time_tokens import CODE_TTL, TTL, Purpose
from idp.db.unit import UnitOfWork
from idp.mail import messages, notices
from idp.mail.content import LONGEST, Content
from idp.mail.messages import Circumstances, Recipient
from idp.mail.rendering import Rendered, render
from idp.policy import Policy
from idp.tenants.models import Branding, Tenant

ISSUER = "https://id.example.com/t/acme"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
LINK = f"{ISSUER}/open?token=idp_ot_secret&x=1"
VALUES: dict[str, Any] = {
    "link": LINK,
    "not_me": f"{ISSUER}/not-me?token=idp_ot_other",
    "code": "12345678",
    "invited_by": "Grace Hopper",
    "expires_at": datetime(2026, 11, 30, 12, tzinfo=UTC),
    "deletes_at": datetime(2026, 12, 24, 12, tzinfo=UTC),
    "by_admin": False,
    "until_recovery": False,
    "is_first": False,
    "connection": "GitHub",
    "new_address": "new@example.com",
    "circumstances": Circumstances(datetime(2026, 11, 24, 19, 5, tzinfo=UTC), "192.0.2.7", FIREFOX),
}
MAILS = {
    name: function
    for module in (messages, notices)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if getattr(function, "__wrapped__", None) is not None
}
HOSTILE = "<script>alert(1)</script>\r\nBcc: all@example.com\u202e\x00" + "x" * 500


class Page(HTMLParser):
    """What an HTML part holds."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._silent = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in {"title", "style"}
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words += data.split()


def tenant(**changes: Any) -> Tenant:
    return Tenant(**{"name": "Acme", "issuer": ISSUER, "policy": Policy(), "branding": Branding(), **changes})


def write(name: str, sender: Tenant, to: Recipient, **changes: Any) -> tuple[Content, Rendered]:
    function = cast(Callable[..., Content], cast(Any, MAILS[name]).__wrapped__)
    wanted = inspect.signature(function).parameters
    values = {key: value for key, value in (VALUES | changes).items() if key in wanted}
    content = function(cast(UnitOfWork, SimpleNamespace(tenant=sender)), to, **values)
    return content, render(sender, to.name, content)


def words(text: str) -> list[str]:
    return text.replace(":\n", "\n").replace(":", "").split()


def test_every_mail_is_looked_at_here() -> None:
    others = {"KIND", "Circumstances", "Recipient", "recipient_of", "welcome"}
    assert set(MAILS) == {*messages.__all__, "account_created"} - others


@pytest.mark.parametrize("language", i18n.SUPPORTED)
@pytest.mark.parametrize("name", MAILS)
def test_both_parts_say_the_same_with_one_button(name: str, language: str) -> None:
    with i18n.use(language):
        content, mail = write(name, tenant(), Recipient("ada@example.com", "Ada"))
    page = Page(mail.html)
    (root,) = [attributes for tag, attributes in page.tags if tag == "html"]
    assert root == {"lang": language, "dir": "rtl" if language == "ar" else "ltr"}
    assert sorted(words(" ".join(page.words))) == sorted(words(mail.text))
    buttons = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert buttons == ([content.button.url] if content.button else [])
    assert (content.button is None) == (name in {"account_deleted", "trial"})
    for said in filter(None, (content.code, content.button and content.button.url)):
        assert said in mail.text
        assert said in page.words
    for secret in ("link", "code", "not_me"):
        if secret in inspect.signature(MAILS[name]).parameters:
            assert VALUES[secret] in mail.text


@pytest.mark.parametrize("name", MAILS)
def test_nothing_is_fetched_but_the_tenants_logo(name: str) -> None:
    for logo, images in ((None, []), ("abc123", [f"{ISSUER}/branding/logo?v=abc123"])):
        _, mail = write(name, tenant(branding=Branding(logo_etag=logo)), Recipient("ada@example.com"))
        page = Page(mail.html)
        assert [attributes["src"] for tag, attributes in page.tags if tag == "img"] == images
        assert not {tag for tag, _ in page.tags} & {"link", "script", "iframe", "form", "video", "table", "object"}
        assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
        assert "url(" not in mail.html
        assert "@import" not in mail.html


@pytest.mark.parametrize("language", i18n.SUPPORTED)
@pytest.mark.parametrize("name", MAILS)
def test_hostile_names_are_harmless(name: str, language: str) -> None:
    """R56."""
    where = Circumstances(datetime(2026, 11, 24, tzinfo=UTC), "192.0.2.7", HOSTILE)
    with i18n.use(language):
        _, mail = write(
            name,
            tenant(name=HOSTILE),
            Recipient(f"{HOSTILE}@example.com", HOSTILE),
            invited_by=HOSTILE,
            new_address=HOSTILE,
            connection=HOSTILE,
            circumstances=where,
        )
    assert len(mail.subject.splitlines()) == 1
    assert len(mail.subject) < 2 * LONGEST
    assert "script" not in {tag for tag, _ in Page(mail.html).tags}
    for part in (mail.subject, mail.text, mail.html):
        assert "\u202e" not in part
        assert "\x00" not in part
        assert "\nBcc:" not in part
        assert "x" * (LONGEST + 1) not in part


@pytest.mark.parametrize("name", ["https://evil.example", "Win at evil.example", "www.evil", "a/b", "x@evil.example"])
def test_a_name_that_mail_programs_would_make_a_link_of_is_not_repeated(name: str) -> None:
    name = name.replace("www.evil", "www.evil.example")
    for mail in ("reset_password", "invitation"):
        _, written = write(mail, tenant(), Recipient("ada@example.com", name), invited_by=name)
        assert name not in written.text
        assert name not in written.html


@pytest.mark.parametrize("name", ["confirm_registration", "confirm_new_email", "invitation"])
def test_who_is_not_proven_to_be_theirs_is_not_greeted(name: str) -> None:
    _, mail = write(name, tenant(), Recipient("ada@example.com", "Ada Lovelace"))
    assert "Ada Lovelace" not in mail.text + mail.html


def test_a_person_is_greeted_and_told_when_where_and_by_what() -> None:
    _, mail = write("password_changed", tenant(), Recipient("ada@example.com", "Ada"))
    assert "Hello Ada," in mail.text
    assert "192.0.2.7" in mail.text
    assert "Firefox on Windows" in mail.text
    assert "Nov 24, 2026" in mail.text


def test_what_is_not_known_is_left_out() -> None:
    _, mail = write(
        "password_changed",
        tenant(),
        Recipient("a@b.example"),
        circumstances=Circumstances(VALUES["deletes_at"], None, ""),
    )
    assert "IP address" not in mail.text
    assert "Device" not in mail.text


def test_the_button_wears_the_tenants_colour_and_can_be_read() -> None:
    _, mail = write("invitation", tenant(branding=Branding(accent="#ffee00")), Recipient("a@b.example"))
    assert "background:#ffee00" not in mail.html.split("<body")[1]
    assert "background: #ffee00 !important; color: #000000" in mail.html


def test_an_arabic_sentence_keeps_latin_values_in_their_place() -> None:
    with i18n.use("ar"):
        _, mail = write("email_changed", tenant(), Recipient("ada@example.com"))
    assert "\u2068new@example.com\u2069" in mail.text


def test_the_times_that_mails_tell_are_the_ones_that_hold() -> None:
    assert CODE_TTL.total_seconds() == 10 * 60
    assert {
        TTL[purpose].total_seconds() for purpose in (Purpose.REGISTER, Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL)
    } == {24 * 3600}
    assert TTL[Purpose.RESET_PASSWORD].total_seconds() == 30 * 60
    assert TTL[Purpose.NOT_ME].days == 7


def test_a_secret_is_not_in_a_repr() -> None:
    content, _ = write("confirm_registration", tenant(), Recipient("ada@example.com"))
    assert "12345678" not in repr(content)
    assert LINK not in repr(content)
