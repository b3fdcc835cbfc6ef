"""The field for a password that is being chosen: for managers, for screen readers, and without a script."""

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from idp import i18n, templating
from tests.unit.web.test_hosted_templates import HOSTILE, STATIC, Page

TEMPLATES = Path(STATIC).parent / "templates"
VALUES: dict[str, Any] = {"minimum": 15, "tenant": "Acme", "words": ("acme", "ada@acme.example")}


@pytest.fixture
def field() -> Any:
    """Renders the macro alone."""

    def rendered(**changes: Any) -> str:
        environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
        templating.install(environment)
        macro = environment.get_template("hosted/new_password.html").module.new_password  # type: ignore[attr-defined]
        return str(macro("password", "New password", **VALUES | changes))

    return rendered


def test_password_managers_are_told_what_it_is_and_nothing_cuts_it(field: Any) -> None:
    (entry,) = Page(field()).all("input")
    assert (entry["type"], entry["autocomplete"], entry["name"]) == ("password", "new-password", "password")
    assert entry["passwordrules"] == "minlength: 20; maxlength: 128; allowed: ascii-printable;"
    assert not {"minlength", "maxlength", "pattern", "onpaste", "value"} & set(entry)


def test_without_a_script_the_hint_stands_there_and_nothing_else(field: Any) -> None:
    page = Page(field())
    assert "At least 15 characters." in field()
    (strength,) = [tag for tag in page.all("div") if tag.get("class") == "strength"]
    assert "hidden" in strength
    assert [tag["id"] for tag in page.all("p") if "id" in tag] == ["password-hint"]
    assert page.all("input")[0]["aria-describedby"] == "password-hint"


def test_an_error_stands_at_the_field(field: Any) -> None:
    page = Page(field(error="It is known."))
    assert page.all("input")[0]["aria-invalid"] == "true"
    assert page.all("input")[0]["aria-describedby"] == "password-hint password-error"


def test_what_is_known_of_a_person_is_escaped(field: Any) -> None:
    page = Page(field(tenant=HOSTILE, words=(HOSTILE,)))
    assert page.all("script") == []
    assert HOSTILE in (page.all("div")[-1]["data-known"] or "")


def test_every_sentence_is_written_by_the_page_in_its_language(field: Any) -> None:
    sentences = {"data-short", "data-known", "data-simple", "data-good"}
    english = Page(field()).all("div")[-1]
    assert sentences <= set(english)
    assert "{typed}" in (english["data-short"] or "")
    for code in i18n.SUPPORTED:
        with i18n.use(code):
            assert "{typed}" in (Page(field()).all("div")[-1]["data-short"] or "")


def test_the_script_is_small_and_asks_nobody() -> None:
    script = (STATIC / "strength.js").read_text()
    assert len(script.encode()) <= 3 * 1024
    assert not [word for word in ("fetch", "XMLHttpRequest", "sendBeacon", "Storage", "cookie") if word in script]
