"""Makes `idp/authn/blocklist.txt` from the lists that zxcvbn ships: ``python tests/unit/authn/make_blocklist.py``."""

from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from idp.authn import blocklist

FILE = Path(blocklist.__file__).with_name("blocklist.txt")
SOURCES = {
    "passwords": 30_000,
    "female_names": 10_000,
    "male_names": 10_000,
    "surnames": 10_000,
    "english_wikipedia": 10_000,
}
HEADER = """\
# Breached passwords, names and English words, the likeliest first; each counts by its rank in its own list.
# From the frequency lists of zxcvbn 4.5, (c) 2012-2016 Dan Wheeler and Dropbox, Inc., MIT licence:
# Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
# documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
# rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
# persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice
# and this permission notice shall be included in all copies or substantial portions of the Software.
# THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
# WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
# COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
# OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def text() -> str:
    """The whole file."""
    ranks: dict[str, int] = {}
    for name, limit in SOURCES.items():
        for rank, word in enumerate(FREQUENCY_LISTS[name][:limit]):
            if len(word) >= blocklist.SHORTEST_WORD:
                ranks[word] = min(rank, ranks.get(word, rank))
    return HEADER + "".join(f"{word}\n" for word in sorted(ranks, key=lambda word: (ranks[word], word)))


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
