"""Events as files: JSON lines, and CSV in which no cell is a formula to whatever opens it (R56)."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

FORMATS = ("jsonl", "csv")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines(form: str, documents: Iterable[Mapping[str, Any]], *, columns: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a file, each with its end, as they are asked for.

    Args:
        form: one of `FORMATS`.
        documents: all with the same members; those of objects but `data` become columns of their own.
        columns: a document whose members name the columns of a CSV.
    """
    if form == "jsonl":
        return (json.dumps(document, default=str, ensure_ascii=False) + "\n" for document in documents)
    return _csv(documents, columns)


def _csv(documents: Iterable[Mapping[str, Any]], columns: Mapping[str, Any]) -> Iterator[str]:
    yield _line(_flat(columns))
    for document in documents:
        yield _line(_flat(document).values())


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """Actor and target as members of their own; `data` stays what it is."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        is_nested = isinstance(value, Mapping) and name != "data"
        flat |= {f"{name}.{part}": inner for part, inner in value.items()} if is_nested else {name: value}
    return flat


def _line(cells: Iterable[Any]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([_cell(cell) for cell in cells])
    return written.getvalue()


def _cell(value: Any) -> str:
    plain = "" if value is None else json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
