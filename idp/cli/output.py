"""How an answer looks: aligned columns on a terminal, tab-separated lines in a pipe, or one JSON document."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click
from pydantic import BaseModel

from idp.cli.connect import current

Document = Mapping[str, Any]


def record(document: Document, *, once: str | None = None) -> None:
    """One thing, a line for each member.

    Args:
        document: members in the order to show them.
        once: member that holds a secret which cannot be shown again; a terminal is told so.
    """
    if current().as_json:
        _json(document)
        return
    rows = _flat(document)
    if not _on_a_terminal():
        _lines(rows)
        return
    width = max((len(key) for key, _ in rows), default=0)
    for key, value in rows:
        click.echo(f"{click.style(key.replace('_', ' ').ljust(width), dim=True)}  {value}")
    if once is not None and any(key.endswith(once) for key, _ in rows):
        click.secho(f"\nThe {once.replace('_', ' ')} is shown this once; keep it now.", fg="yellow", err=True)


def table(documents: Sequence[Document], columns: Sequence[str], *, empty: str) -> None:
    """Many things, a line each.

    Args:
        documents: whole, as JSON shows them.
        columns: members that people want to see.
        empty: what a terminal is told when there are none.
    """
    if current().as_json:
        _json(documents)
        return
    rows = [tuple(_text(document.get(column)) for column in columns) for document in documents]
    if not _on_a_terminal():
        _lines(rows)
        return
    if not rows:
        click.echo(empty)
        return
    titles = tuple(column.removesuffix("_at").replace("_", " ") for column in columns)
    widths = [max(len(row[index]) for row in (titles, *rows)) for index in range(len(columns))]
    for number, row in enumerate((titles, *rows)):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(line if number else click.style(line, dim=True))


def done(document: Document, sentence: str) -> None:
    """What was done: a sentence for people, the document for programs."""
    if current().as_json:
        _json(document)
    else:
        click.echo(sentence)


def _json(value: Any) -> None:
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return str(value)


def _flat(document: Document, prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in document.items():
        nested = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        if isinstance(nested, Mapping):
            rows += _flat(nested, f"{prefix}{key}.")
        elif nested is not None and nested != []:
            rows.append((prefix + key, _text(nested)))
    return rows


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list | tuple):
        value = " ".join(map(_text, value))
    return "-" if value in {None, ""} else _plain_line(str(value))


def _plain_line(text: str) -> str:
    """One cell of one line; what others wrote, such as a mail server's answer, cannot steer the reader's terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _lines(rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        click.echo("\t".join(row))


def _on_a_terminal() -> bool:
    return sys.stdout.isatty()
