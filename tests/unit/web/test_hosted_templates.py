"""What holds for every page whatever its view says: no inline code, one focus, labels, and a budget."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from idp import templating
from idp.http.language import Choice
from idp.web import theme

WEB = Path(theme.__file__).parent
STATIC = WEB / "static"
HOSTILE = '"><script>alert(1)</script>'

PAGE = {
    "title": "Sign in to Acme",
    "tenant_name": "Acme",
    "logo_url": None,
    "theme_url": "/t/acme/theme.css?v=1",
    "csp_nonce": "n0nce",
    "lang": "en",
    "dir": "ltr",
    "languages": [Choice("en", "English", "?ui_locales=en", is_current=True)],
    "links": [("Privacy", "https://acme.example/privacy")],
}
FLOW = {"flow": "0198", "csrf": "token", "action": "/t/acme/page", "client_name": "Notes"}
MAIL = {"id": 1, "to": "ada@acme.example", "from_": "acme", "subject": "Hello", "sent_at": "2026-11-24T16:15:00Z"}
NEWCOMER: dict[str, Any] = FLOW | {
    "error": None,
    "errors": {},
    "typed": {"email": HOSTILE, "name": HOSTILE, "agrees": True},
    "minimum": 15,
    "has_terms": True,
    "terms_url": "https://acme.example/terms",
    "privacy_url": None,
    "login_url": "/in",
    "invitation": "t",
    "address": HOSTILE,
    "has_account": False,
}
PROOF: dict[str, Any] = FLOW | {"address": HOSTILE, "error": None, "failure": None, "notice": None, "back_url": "/back"}
RESET: dict[str, Any] = FLOW | {"token": "t", "address": HOSTILE, "words": [HOSTILE], "minimum": 15, "error": None}
LOGIN: dict[str, Any] = FLOW | {
    "email": "",
    "error": None,
    "errors": {},
    "reauthenticating": None,
    "is_mismatch": False,
    "notice": None,
    "recovery_url": "/recovery",
    "signup_url": "/signup",
    "asks_password": True,
    "connections": [{"label": "GitHub", "icon": "code", "url": "/connections/github/login"}],
}
HOME = {"notice": None, "deletes_at": None, "csrf": "token", "account_email": None} | {
    name: f"/{name}" for name in ("login_url", "logout_url", "account_url")
}

PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "login": ("hosted/login.html", LOGIN),
    "login refused": ("hosted/login.html", LOGIN | {"email": "a@b.example", "error": "That didn't match."}),
    "login incomplete": ("hosted/login.html", LOGIN | {"errors": {"email": "Enter it.", "password": "Enter it."}}),
    "login again": ("hosted/login.html", LOGIN | {"reauthenticating": "ada@acme.example"}),
    "login mismatch": ("hosted/login.html", LOGIN | {"email": "a@b.example", "is_mismatch": True}),
    "login after a change": ("hosted/login.html", LOGIN | {"notice": "Your password was changed."}),
    "sign up": ("hosted/signup.html", NEWCOMER),
    "sign up refused": ("hosted/signup.html", NEWCOMER | {"errors": {"email": HOSTILE, "terms": "Agree."}}),
    "invitation": ("hosted/invitation.html", NEWCOMER),
    "invitation, known": ("hosted/invitation.html", NEWCOMER | {"has_account": True}),
    "code": ("hosted/verify_email.html", PROOF | {"notice": "Sent again."}),
    "code refused": ("hosted/verify_email.html", PROOF | {"error": HOSTILE, "failure": HOSTILE}),
    **{
        f"link {purpose}": (
            "hosted/confirmation.html",
            PROOF | {"token": "t", "purpose": purpose, "needs_password": known},
        )
        for purpose, known in (("register", True), ("verify-email", False), ("change-email", False))
    },
    "recovery": ("hosted/recovery.html", LOGIN | {"login_url": "/in", "email": HOSTILE, "error": "Not an address."}),
    "recovery asked": ("hosted/recovery_sent.html", {"address": HOSTILE, "login_url": "/in", "again_url": "/again"}),
    "reset": ("hosted/reset_password.html", RESET | {"wrong": None}),
    "reset refused": ("hosted/reset_password.html", RESET | {"wrong": HOSTILE}),
    "not me": ("hosted/not_me.html", FLOW | {"token": HOSTILE}),
    "outcome": (
        "hosted/outcome.html",
        {"heading": HOSTILE, "sentence": "So.", "way": ("On", "/"), "also": ("Or", "/o")},
    ),
    "consent": (
        "hosted/consent.html",
        FLOW
        | {"client_host": "notes.example", "client_uri": "javascript:alert(1)", "policy_uri": "https://n.example/p"}
        | {
            "tos_uri": None,
            "account_email": "ada@acme.example",
            "resource_names": ["Notes API"],
            "applications_url": "/apps",
        }
        | {"scopes": [{"name": "email", "title": "See your email address", "description": ""}]},
    ),
    "select account": ("hosted/select_account.html", FLOW | {"account": {"name": "Ada", "email": "a@b.example"}}),
    "logout": ("hosted/logout.html", FLOW | {"fields": {"state": HOSTILE}, "account_email": "a@b.example"}),
    "signed out": ("hosted/signed_out.html", {"client_name": "Notes", "return_url": "https://notes.example/out"}),
    "home": ("hosted/home.html", HOME | {"account_email": "a@b.example"}),
    "home, nobody": ("hosted/home.html", HOME),
    "home, leaving": (
        "hosted/home.html",
        HOME | {"account_email": "a@b.example", "deletes_at": datetime(2026, 11, 24, tzinfo=UTC)},
    ),
    "error": (
        "hosted/error.html",
        {"status": 400, "heading": "Wrong", "detail": "It is.", "reference": "01J", "way_on": ("Home", "/")}
        | {"facts": [("Redirect URI", HOSTILE)]},
    ),
    "mailbox": ("dev/mail.html", {"messages": [MAIL]}),
    "mailbox, empty": ("dev/mail.html", {"messages": []}),
    "mail": ("dev/mail_message.html", {"message": MAIL | {"text": f"{HOSTILE} https://acme.example/x"}}),
}


class Page(HTMLParser):
    """The start tags of a page, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def render(name: str, **values: object) -> str:
    environment = Environment(loader=FileSystemLoader(WEB / "templates"), autoescape=True, undefined=StrictUndefined)
    templating.install(environment)
    environment.globals["static_url"] = "/static/{}?v=1".format
    return environment.get_template(name).render(values)


@pytest.fixture(params=PAGES)
def html(request: pytest.FixtureRequest) -> str:
    template, values = PAGES[request.param]
    return render(template, page=PAGE, **values)


def test_nothing_is_inline_and_every_script_carries_the_nonce(html: str) -> None:
    page = Page(html)
    assert not page.all("style")
    assert all(script["nonce"] == "n0nce" and script["src"] for script in page.all("script"))
    assert not re.search(r"<script[^>]*>[^<]", html)
    for _, attributes in page.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        assert not (attributes.get("href") or "").startswith("javascript:")


def test_at_most_one_element_takes_focus_and_ids_are_unique(html: str) -> None:
    tags = [attributes for _, attributes in Page(html).tags]
    assert sum("autofocus" in attributes for attributes in tags) <= 1
    ids = [attributes["id"] for attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for attributes in tags:
        for name in (attributes.get("aria-describedby") or "").split():
            assert name in ids


def test_every_field_has_a_label_and_the_page_one_heading(html: str) -> None:
    page = Page(html)
    labelled = {label["for"] for label in page.all("label")}
    assert {field["id"] for field in page.all("input") if field["type"] != "hidden"} == labelled
    assert len(page.all("h1")) == len(page.all("main")) == 1


def test_the_sign_in_fields_say_what_they_are() -> None:
    template, values = PAGES["login again"]
    email, password = Page(render(template, page=PAGE, **values)).all("input")[2:]
    assert (email["name"], email["autocomplete"], email["inputmode"]) == ("email", "username webauthn", "email")
    assert (email["enterkeyhint"], email["value"]) == ("next", "ada@acme.example")
    assert (password["name"], password["autocomplete"]) == ("password", "current-password")
    assert (password["enterkeyhint"], password.get("value")) == ("go", None)
    assert "maxlength" not in email | password


def test_an_error_stands_at_its_field_and_takes_focus_in_the_summary() -> None:
    template, values = PAGES["login incomplete"]
    page = Page(render(template, page=PAGE, **values))
    assert [tag["class"] for _, tag in page.tags if "autofocus" in tag] == ["summary"]
    assert [field.get("aria-invalid") for field in page.all("input")[2:]] == ["true", "true"]
    assert [link["href"] for link in page.all("a")][:2] == ["#email", "#password"]


def test_the_answer_by_form_post_is_escaped_and_goes_without_a_script_too() -> None:
    html = render(
        "form_post.html",
        action="https://notes.example/callback",
        fields={"code": HOSTILE, "submit": "x"},
        csp_nonce="n0nce",
        static_url="/static",
    )
    page = Page(html)
    assert page.all("form")[0]["action"] == "https://notes.example/callback"
    assert [(field["name"], field["value"]) for field in page.all("input")] == [("code", HOSTILE), ("submit", "x")]
    assert page.all("button")[0]["type"] == "submit"
    assert [script["src"] for script in page.all("script")] == ["/static/form_post.js"]


def test_the_sign_in_page_stays_within_its_budget() -> None:
    template, values = PAGES["login incomplete"]
    html = render(template, page=PAGE, **values)
    files = re.findall(r"/static/([\w.]+)", html)
    assert {"idp.css", "form.js", "password.js"} <= set(files)
    weight = len(html.encode()) + sum((STATIC / file).stat().st_size for file in files)
    assert weight + len(theme.theme_css("#123456")) <= 30 * 1024
