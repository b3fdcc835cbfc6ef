"""What stands in a mail: one message and one button.  Text and HTML are both written from it, so they say the same.

Sentences come translated; what is foreign in them (names, addresses) went through `said` first.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from idp import i18n, user_agents
from idp.i18n import gettext as _

LONGEST = 80
_JOINERS = frozenset("\u200c\u200d")  # Persian words and families of emoji need them
_ISOLATE, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_LIKE_A_LINK = re.compile(r"://|/|@|\w\.\w\w")


@dataclass(frozen=True, slots=True)
class Link:
    """Where a mail leads.

    Attributes:
        label: on the button, or the sentence before the address.
        url: written out as well.
    """

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and how it happened, for whoever asks themselves whether it was them.

    Attributes:
        at: the moment.
        ip: the address that it came from.
        user_agent: as the browser sent it.
    """

    at: datetime
    ip: str | None
    user_agent: str | None

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Labels and values, of what is known."""
        known = (
            (_("When"), i18n.format_datetime(self.at)),
            (_("IP address"), self.ip),
            (_("Device"), user_agents.name_of(self.user_agent)),
        )
        return tuple((label, said(value)) for label, value in known if value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A mail before it has a form.

    Attributes:
        subject: one line.
        heading: what happened, or what to do.
        before: paragraphs above the button.
        code: to be typed instead of following the button.
        circumstances: of what happened.
        button: the one thing to do.
        after: paragraphs below the button.
        other: a second way, in words only.
        to_a_stranger: whether the address is unproven; then the mail repeats no name, which is anybody's to choose.
    """

    subject: str
    heading: str
    before: tuple[str, ...]
    code: str | None = field(default=None, repr=False)
    circumstances: Circumstances | None = None
    button: Link | None = field(default=None, repr=False)
    after: tuple[str, ...] = ()
    other: Link | None = field(default=None, repr=False)
    to_a_stranger: bool = False


def said(foreign: str) -> str:
    """Somebody else's words in one of our sentences: one line, of bounded length, that reorders nothing around it."""
    kept = "".join(
        " " if letter.isspace() else letter
        for letter in foreign[: 4 * LONGEST]
        if letter.isspace() or letter in _JOINERS or unicodedata.category(letter)[0] != "C"
    )
    line = " ".join(kept.split())
    line = line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
    mixed = i18n.current().dir == "rtl" or any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in line)
    return f"{_ISOLATE}{line}{_END}" if mixed and line else line


def named(name: str | None) -> str | None:
    """The name of a person; None for what mail programs would make a link of, as strangers choose their names."""
    return said(name) if name and said(name) and not _LIKE_A_LINK.search(said(name)) else None
