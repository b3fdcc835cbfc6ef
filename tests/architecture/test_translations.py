"""Every sentence that a person may see is in every language that we ship; `make messages` keeps the catalogs."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest
from babel.messages import Message

from idp import i18n
from idp.dev import messages

TEMPLATES = sorted(
    path for path in messages.PACKAGE.rglob("templates/**/*.*") if "dev" not in path.parts
)  # the development mailbox is for developers
TAGS = re.compile(r"</?[a-z]+[^<>]*>")
IN_JINJA = re.compile(r"\{#.*?#\}|\{%-?\s*trans\b.*?endtrans\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
LONE_ATTRIBUTES = re.compile(r'[a-z-]+="[^"]*"')  # of a macro that gives attributes and no tag
SPOKEN_ATTRIBUTES = {"alt", "title", "placeholder", "aria-label", "data-busy", "data-show", "data-hide"}
WITHOUT_NUMBER = 3
"""Plural forms that may have the number as a word: Arabic zero, one and two."""


def name_of(path: Path) -> str:
    return path.relative_to(messages.PACKAGE).as_posix()


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def translations(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Its English texts and its translated ones."""
    ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    strings = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return ids, strings


@pytest.fixture(scope="module")
def sentences() -> set[messages.Sentence]:
    return messages.collect()


@pytest.fixture(params=messages.TRANSLATED)
def code(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_catalog_is_what_make_messages_gives(code: str, sentences: set[messages.Sentence]) -> None:
    """New sentences are in it, old ones are not, and nothing else differs."""
    shipped = (i18n.LOCALES / f"{code}.po").read_bytes()
    assert messages.serialise(messages.update(code, sentences)) == shipped, "run make messages"


def test_every_sentence_is_translated(code: str) -> None:
    catalog = messages.read(code)
    assert [message.id for message in messages.untranslated(catalog)] == []
    assert [message.id for message in catalog if message.id and message.fuzzy] == []
    assert list(catalog.obsolete) == []


def test_every_plural_form_is_there(code: str) -> None:
    catalog = messages.read(code)
    plurals = [translations(message)[1] for message in catalog if isinstance(message.id, tuple | list)]
    assert {len(forms) for forms in plurals} <= {catalog.num_plurals}


def test_translations_have_the_placeholders_and_the_markup_of_the_sentence(code: str) -> None:
    for message in messages.read(code):
        ids, strings = translations(message)
        if not ids[0] or not all(strings):
            continue
        wanted = placeholders(ids[-1])
        for form, text in enumerate(strings):
            says_number = form >= WITHOUT_NUMBER or form == len(strings) - 1
            missing = set() if says_number else {"n", "count"}
            assert wanted - missing <= placeholders(text) <= wanted, text
            assert sorted(TAGS.findall(text)) == sorted(TAGS.findall(ids[0])), text


def not_literal(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in {"_", "ngettext", "pgettext", "mark"}:
            built = isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
            if built or (getattr(node.func, "id", None) == "mark" and not isinstance(node.args[0], ast.Constant)):
                yield f"{name_of(path)}:{node.lineno}"


def test_sentences_stand_in_the_code_as_they_are() -> None:
    """What is put together at run time is in no catalog: values come by name, `_("… {name} …", name=…)`."""
    assert [place for path in sorted(messages.PACKAGE.rglob("*.py")) for place in not_literal(path)] == []


class Spoken(HTMLParser):
    """What a page says outside of its expressions."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style":
            return
        text = LONE_ATTRIBUTES.sub("", data).strip()
        self.words += [text] if re.search(r"[A-Za-z]{2}", text) else []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words += [value for name, value in attrs if name in SPOKEN_ATTRIBUTES and value and value.strip()]


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_says_nothing_untranslated(path: Path) -> None:
    left = IN_JINJA.sub("", path.read_text())
    assert Spoken(left).words == []
