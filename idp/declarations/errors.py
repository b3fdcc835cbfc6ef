"""What can go wrong with a declaration."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from idp.errors import Conflict, Invalid

Path = tuple[str | int, ...]
MAX_SHOWN = 50
"""Mistakes that are named at once."""
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        path: keys and positions that lead there; none for the whole document.
        sentence: for people.
        line: in the file, where there is one.
    """

    path: Path
    sentence: str
    line: int | None = None

    def __str__(self) -> str:
        """On one line."""
        place = " ".join(filter(None, (f"line {self.line}" if self.line else "", spelled(self.path))))
        return printable(f"{place}: {self.sentence}" if place else self.sentence)


class DeclarationInvalid(Invalid):
    """The document is not as it must be.

    Attributes:
        problems: each thing that is wrong, in the order of the lines.
        errors: the same, as JSON pointer and sentence.
    """

    code = "declaration-invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0)[:MAX_SHOWN])
        super().__init__("\n".join(str(problem) for problem in self.problems))
        self.errors = [(pointer(problem.path), problem.sentence) for problem in self.problems]


class DeclarationRefused(Conflict):
    """What it asks for cannot be done safely to what is there; nothing was changed."""

    code = "declaration-refused"

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(printable(sentence) for sentence in dict.fromkeys(sentences)))


def spelled(path: Path) -> str:
    """A path as people write it: ``clients[2].redirect_uris[0]``."""
    text = ""
    for step in path:
        if isinstance(step, str) and _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{str(step)[:100]}]"
    return text


def pointer(path: Path) -> str:
    """A path as JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1")[:100] for step in path)


def printable(text: str) -> str:
    """On one line, by which what others wrote cannot steer the reader's terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
