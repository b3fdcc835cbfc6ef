"""``make messages``: bring the catalogs in line with the sentences in the code and the templates.

What was translated stays, what is new waits with an empty translation, what is gone goes.  No places and no dates: a
catalog changes when a sentence does.
"""

import ast
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import click
from babel.messages import Catalog, Message, pofile
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from idp import i18n, templating

PACKAGE = Path(i18n.__file__).parent
TRANSLATED = tuple(code for code in i18n.SUPPORTED if code != i18n.DEFAULT)

_IN_PYTHON = frozenset({"_", "gettext", "mark", "ngettext", "pgettext"})
_IN_TEMPLATES = ("_", "ngettext", templating.TRANS, templating.TRANS_PLURAL)
_WIDTH = 110

Sentence = tuple[str | tuple[str, str], str | None]
"""A message id, with its plural where it has one, and its context."""


def main() -> None:
    """Write every catalog anew."""
    sentences = collect()
    for code in TRANSLATED:
        path = i18n.LOCALES / f"{code}.po"
        catalog = update(code, sentences)
        path.write_bytes(serialise(catalog))
        click.echo(f"{path.name}: {len(catalog)} sentences, {len(untranslated(catalog))} without a translation")


def collect() -> set[Sentence]:
    """Every sentence in the package."""
    found: set[Sentence] = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for name, texts in calls(path):
            match name, texts:
                case "ngettext", [singular, plural]:
                    found.add(((singular, plural), None))
                case "pgettext", [context, text]:
                    found.add((text, context))
                case (("_" | "gettext" | "mark"), [text]):
                    found.add((text, None))
    environment = Environment(autoescape=True)
    templating.install(environment)
    for path in sorted(PACKAGE.rglob("templates/**/*.*")):
        tree = environment.parse(path.read_text(), filename=str(path))
        for _line, _function, message in extract_from_ast(tree, _IN_TEMPLATES, babel_style=False):
            match message:
                case (str(singular), str(plural)):
                    found.add(((singular, plural), None))
                case (str(text),):
                    found.add((text, None))
    return found


def calls(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Calls of our functions in a module: the name, and the literals that come first.

    Babel's own reader of Python passes over calls inside of other calls and of f-strings.
    """
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
            if name in _IN_PYTHON:
                yield (
                    name,
                    [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)],
                )


def update(code: str, sentences: Iterable[Sentence]) -> Catalog:
    """A catalog of exactly these sentences, with the translations that there are."""
    known, catalog = read(code), Catalog(locale=code, fuzzy=False)
    for message, context in sentences:
        old = known.get(message if isinstance(message, str) else message[0], context)
        catalog.add(message, old.string if old is not None and old.id == message else None, context=context)
    return catalog


def read(code: str) -> Catalog:
    """A catalog as it is shipped."""
    path = i18n.LOCALES / f"{code}.po"
    if not path.exists():
        return Catalog(locale=code)
    with path.open("rb") as source:
        return pofile.read_po(source, locale=code)


def serialise(catalog: Catalog) -> bytes:
    """A catalog as a file."""
    head = (
        f'msgid ""\nmsgstr ""\n"Language: {catalog.locale}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n\n'
    )
    body = BytesIO()
    pofile.write_po(body, catalog, width=_WIDTH, no_location=True, omit_header=True, sort_output=True)
    return head.encode() + body.getvalue().strip() + b"\n"


def untranslated(catalog: Catalog) -> list[Message]:
    """Sentences that would be shown in English."""
    return [message for message in catalog if message.id and not all(_strings(message))]


def _strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (message.string or "",)


if __name__ == "__main__":
    main()
