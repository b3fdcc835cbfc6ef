"""The list of what is guessed first."""

import subprocess
import sys

from idp.authn import blocklist
from tests.unit.authn import make_blocklist


def test_the_list_is_the_one_that_we_make() -> None:
    assert make_blocklist.FILE.read_text(encoding="utf-8") == make_blocklist.text()


def test_it_holds_more_than_ten_thousand_passwords_and_each_is_guessed_soon() -> None:
    """R25."""
    assert len(blocklist.entries()) > 50_000
    assert all(blocklist.guess(word, frozenset()).bits <= 16 for word in list(blocklist.entries())[:2000])
    assert max(blocklist.entries().values()) <= 16


def test_it_is_read_when_it_is_first_needed_and_stays_small() -> None:
    """A process that never sets a password never pays for it; one that does pays less than 10 MiB, and no zxcvbn."""
    program = (
        "import resource, sys\n"
        "from idp.authn import blocklist\n"
        "size = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = size()\n"
        "assert blocklist.entries.cache_info().currsize == 0\n"
        "blocklist.guess('anything at all', frozenset())\n"
        "print(size() - before, 'zxcvbn' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    kibibytes, zxcvbn = answer.split()
    assert int(kibibytes) < 10 * 1024
    assert zxcvbn == "False"


def test_the_cheapest_way_counts() -> None:
    def bits(password: str, *known: str) -> float:
        return blocklist.guess(password, blocklist.known_words(known)).bits

    assert bits("password") < bits("p4ssword") < bits("pxssword")
    assert bits("tigertigertiger") < bits("tigerdragonhorse")
    assert bits("rocketry2026", "Rocketry") < bits("rocketry2026")


def test_short_words_are_not_looked_for_on_their_own() -> None:
    assert blocklist.known_words(("Jo Li", "ab-cd")) == {"jo li", "joli", "ab-cd", "abcd"}
