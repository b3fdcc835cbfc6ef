"""What attackers guess first: breached passwords, names, words, patterns; and how far down their list a password is.

`blocklist.txt` holds one entry a line, the likeliest first.  `bits` cuts a password into entries, words that are known
of the person, keyboard walks and single characters, in the way that makes it cheapest to guess, and answers the
logarithm of the guesses.  An attempt of this kind needs no network and about a millisecond.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

SHORTEST_WORD = 3
_LIST = Path(__file__).with_name("blocklist.txt")
_LONGEST = 160
_FORWARD = (
    "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop asdfghjkl zxcvbnm qwertzuiop yxcvbnm azertyuiop qsdfghjklm "
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p 1qazxsw23edcvfr45tgbnhy67ujm qazwsxedcrfvtgbyhnujmikolp "
    "1q2w3e4r5t6y7u8i9o0p a1b2c3d4e5f6g7h8i9j0 !@#$%^&*()"
)
_WALKS = f"{_FORWARD} {_FORWARD[::-1]}"
_LONGEST_WALK = 36
_YEAR = re.compile(r"19\d\d|20[0-3]\d")
_REPEATED = re.compile(r"(.+?)\1{2,}|(.{3,}?)\2+", re.DOTALL)
_DISGUISES = tuple(str.maketrans("@430!157$8", letters) for letters in ("aaeoiistsb", "aaeoilstsb"))

_REPEAT_BITS, _KNOWN_BITS, _WALK_BITS, _YEAR_BITS, _DISGUISE_BITS = 1.0, 1.0, 4.0, 6.0, 1.0


class Guess(NamedTuple):
    """How a password would be guessed.

    Attributes:
        bits: logarithm of the number of guesses.
        by_known_words: whether words known of the person shorten the way.
    """

    bits: float
    by_known_words: bool


@cache
def entries() -> dict[str, int]:
    """Each entry, with the logarithm of its rank."""
    with _LIST.open(encoding="utf-8") as lines:
        ranked = (line.rstrip("\n") for line in lines if not line.startswith("#"))
        return {word: rank.bit_length() for rank, word in enumerate(ranked, start=1)}


def fold(text: str) -> str:
    """`text` without case, width and the like."""
    return unicodedata.normalize("NFKC", text).casefold()


def known_words(texts: Iterable[str]) -> frozenset[str]:
    """What somebody who knows `texts` (names, addresses) tries first: each of them, and its parts."""
    found: set[str] = set()
    for text in map(fold, texts):
        parts = re.findall(r"[^\W_]+", text)
        found |= {text, "".join(parts), *parts}
    return frozenset(word for word in found if len(word) >= SHORTEST_WORD)


def guess(password: str, known: frozenset[str]) -> Guess:
    """The cheapest way to guess `password` for somebody who knows the words `known`."""
    folded = fold(password)[:_LONGEST]
    once, repeats = _REPEATED.subn(lambda found: found[1] or found[2], folded)
    ways = [_cheapest(folded, known)]
    if repeats:
        bits, by_known = _cheapest(once, known)
        ways.append(Guess(bits + repeats * _REPEAT_BITS, by_known))
    return min(ways)


def _cheapest(text: str, known: frozenset[str]) -> Guess:
    """Over all ways to cut `text` into pieces, from left to right."""
    disguised = [shown for table in _DISGUISES if (shown := text.translate(table)) != text]
    known = frozenset(word for word in known if any(word in spelling for spelling in (text, *disguised)))
    longest = max(_LONGEST_WALK, *map(len, known), 0)
    best = [Guess(0.0, by_known_words=False)]
    for end in range(1, len(text) + 1):
        bits, by_known = best[end - 1]
        ways = [Guess(bits + _character_bits(text[end - 1]), by_known)]
        for start in range(max(0, end - longest), end - SHORTEST_WORD + 1):
            bits, by_known = best[start]
            ways.extend(
                Guess(bits + more, by_known or is_known)
                for more, is_known in _as_one_piece(text, disguised, slice(start, end), known)
            )
        best.append(min(ways))
    return best[-1]


def _as_one_piece(text: str, disguised: list[str], where: slice, known: frozenset[str]) -> Iterator[tuple[float, bool]]:
    piece = text[where]
    if piece in _WALKS:
        yield _WALK_BITS, False
    if _YEAR.fullmatch(piece):
        yield _YEAR_BITS, False
    for spelling, more in ((piece, 0.0), *((other[where], _DISGUISE_BITS) for other in disguised)):
        if spelling in known:
            yield _KNOWN_BITS + more, True
        if (rank := entries().get(spelling)) is not None:
            yield rank + more, False


def _character_bits(character: str) -> float:
    if character in " -_.!":
        return 2.0
    if not character.isascii():
        return 8.0
    return 3.3 if character.isdigit() else 4.7 if character.isalpha() else 5.0
