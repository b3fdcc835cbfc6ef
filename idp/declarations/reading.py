"""From YAML to plain data with the line of every part: one document, small, shallow, each key once, nothing hidden.

YAML is read event by event, so nothing is made of a tag and no alias is followed: a file cannot grow while it is read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from idp.declarations.errors import DeclarationInvalid, Path, Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 16
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_KINDS = {"int": "number", "float": "number", "timestamp": "date"}


@dataclass(frozen=True, slots=True)
class Source:
    """Plain data, and where each part of it stands.

    Attributes:
        data: of mappings with text as keys, lists, text, whole numbers, booleans and None.
        lines: path → line, from 1.
    """

    data: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def problem(self, path: Path, sentence: str) -> Problem:
        """Something wrong at `path`, with the line of it or of the nearest thing around it."""
        around = (path[:length] for length in range(len(path), -1, -1))
        return Problem(path, sentence, next((self.lines[place] for place in around if place in self.lines), None))


def read(text: bytes) -> Source:
    """The one document in `text`.

    Raises:
        DeclarationInvalid: it is no YAML, or more than we take.
    """
    if len(text) > MAX_BYTES:
        raise _refusal("The file has more than 1 MiB.")
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refusal("The file is not UTF-8.") from None
    try:
        return _Reader(decoded).document()
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, decoded.splitlines()) from None
    except yaml.YAMLError as error:
        first = (str(error).splitlines() or ["it cannot be read"])[0]
        raise _refusal(f"This is not YAML: {first}.") from None


class _Reader:
    """Makes data of the events of one file."""

    def __init__(self, text: str) -> None:
        self.events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self.lines: dict[Path, int] = {}

    def document(self) -> Source:
        data: Any = None
        seen = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                seen += 1
                if seen > 1:
                    raise _refusal("There is a second document in the file.", _line(event))
                data = self._value(next(self.events), ())
        if not seen:
            raise _refusal("The file is empty.")
        return Source(data, self.lines)

    def _value(self, event: Any, path: Path) -> Any:
        line = _line(event)
        self.lines.setdefault(path, line)
        if len(path) > MAX_DEPTH:
            raise _refusal(f"It is nested deeper than {MAX_DEPTH} levels.", line)
        if isinstance(event, yaml.AliasEvent):
            raise _refusal(f"Write it out: references such as *{(event.anchor or '')[:50]} are not taken.", line, path)
        if isinstance(event, yaml.MappingStartEvent):
            self._refuse_tag(event, path)
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            self._refuse_tag(event, path)
            return self._list(path)
        return self._scalar(event, path)

    def _mapping(self, path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            line = _line(event)
            key = self._scalar(event, path) if isinstance(event, yaml.ScalarEvent) else None
            if not isinstance(key, str):
                raise _refusal("A key must be text; put it into quotes.", line, path)
            here = (*path, key)
            if key in made:
                raise _refusal(f"The key {key[:100]!r} occurs twice.", line, here)
            self.lines[here] = line
            made[key] = self._value(next(self.events), here)
        return made

    def _list(self, path: Path) -> list[Any]:
        made: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            made.append(self._value(event, (*path, len(made))))
        return made

    def _scalar(self, event: Any, path: Path) -> Any:
        self._refuse_tag(event, path)
        text: str = event.value
        kind: str = _RESOLVER.resolve(yaml.ScalarNode, text, event.implicit).removeprefix("tag:yaml.org,2002:")
        if event.tag == "!" or kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return yaml.SafeLoader.bool_values[text.lower()]
        if kind == "int" and _NUMBER.fullmatch(text):
            return int(text)
        raise _refusal(
            f"{text[:50]!r} is read as a {_KINDS.get(kind, kind)} that is not taken; put it into quotes if it is text.",
            _line(event),
            path,
        )

    def _refuse_tag(self, event: Any, path: Path) -> None:
        if event.tag not in {None, "!"}:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")[:100]
            raise _refusal(f"Tags such as {shown} are not taken.", _line(event), path)


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _not_yaml(error: yaml.MarkedYAMLError, lines: list[str]) -> DeclarationInvalid:
    mark: Any = error.problem_mark
    number: int = 0 if mark is None else mark.line
    line = lines[number] if number < len(lines) else ""
    hint = " Indent with spaces, not with tabs." if "\t" in line[: len(line) - len(line.lstrip())] else ""
    return _refusal(f"This is not YAML: {error.problem or 'it cannot be read'}.{hint}", number + 1)


def _refusal(sentence: str, line: int | None = None, path: Path = ()) -> DeclarationInvalid:
    return DeclarationInvalid([Problem(path, sentence, line)])
