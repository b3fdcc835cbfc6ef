"""The Dockerfile and the compose file, as tests read them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_CONTINUED = re.compile(r"\\\n(?:\s*#.*\n)*")


@dataclass(frozen=True)
class Instruction:
    """One line of a Dockerfile, and the stage that it stands in; 0 is what stands before the first."""

    stage: int
    word: str
    text: str


def dockerfile() -> list[Instruction]:
    found, stage = [], 0
    for line in _CONTINUED.sub(" ", (ROOT / "Dockerfile").read_text()).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, _, text = line.partition(" ")
        stage += word == "FROM"
        found.append(Instruction(stage, word, text.strip()))
    return found


def final(word: str) -> list[str]:
    """What the instructions of one kind say in the last stage."""
    instructions = dockerfile()
    last = instructions[-1].stage
    return [found.text for found in instructions if found.stage == last and found.word == word]


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def example() -> str:
    return (ROOT / ".env.example").read_text()
