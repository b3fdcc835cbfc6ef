"""What a check finds: well, or a reason to look (warn), or something that must be mended (ill)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from idp.cli.errors import explain
from idp.config import Settings
from idp.wiring import Wiring

State = Literal["well", "warn", "ill"]


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined.

    Attributes:
        settings: of the installation; stand-ins where they cannot be read.
        wiring: engines and keys by them.
    """

    settings: Settings
    wiring: Wiring


class Trouble(Exception):
    """Something is not as it should be.

    Args:
        detail: one sentence.
        mend: what to do about it, another.
    """

    state: State = "ill"

    def __init__(self, detail: str, mend: str) -> None:
        super().__init__(detail)
        self.detail, self.mend = detail, mend


class Ill(Trouble):
    """It must be mended."""


class Doubtful(Trouble):
    """It may be meant; somebody should look."""

    state: State = "warn"


@dataclass(frozen=True, slots=True)
class Check:
    """One question.

    Attributes:
        name: what it is about.
        ask: answers what is well, or raises `Trouble`.
        needs: settings without which there is nothing to ask.
    """

    name: str
    ask: Callable[[Patient], str]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer, as people and programs read it."""

    check: str
    state: State
    detail: str
    mend: str | None = None


def examine(check: Check, patient: Patient) -> Finding:
    """Ask; whatever else is raised is what is wrong."""
    try:
        return Finding(check.name, "well", check.ask(patient))
    except Trouble as trouble:
        return Finding(check.name, trouble.state, trouble.detail, trouble.mend)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is wrong
        return Finding(check.name, "ill", explain(error)[0])
