"""A steady mixed load over TCP: some clients, each in a thread of its own with a script of its own, one ledger."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.faults.actor import Machine
from tests.faults.entries import Entry, Ledger, Outcome
from tests.faults.grants import Grants
from tests.faults.people import People
from tests.faults.scene import Scene
from tests.faults.wire import Wire

MIX = {
    "refresh": 30,
    "look": 12,
    "read_claims": 12,
    "ask_for_token": 12,
    "read_documents": 8,
    "come_in": 12,
    "create": 4,
    "create_again": 2,
    "give_or_take": 9,
    "give_back": 4,
    "ask_after_the_dead": 6,
    "present_an_old_one": 2,
    "leave": 2,
    "change_password": 2,
}
"""How often each act comes, among all."""
BASIC_ACTS = ("refresh", "introspect", "userinfo", "client_credentials", "create", "role", "exchange")


def not_served(entries: Sequence[Entry], since: float) -> set[str]:
    """The basic acts that nobody who asked after `since` was told to be done."""
    return set(BASIC_ACTS) - {
        entry.act for entry in entries if entry.outcome is Outcome.DONE and entry.asked_at >= since
    }


class Client:
    """One thread's script: the same acts in the same order in every run."""

    def __init__(self, load: "Load", number: int) -> None:
        self._load = load
        own = [Wire(load.authority, load.addresses) for _ in range(2)]
        shared = (load.ledger, load.machine, number)
        self._parts = (Grants(load.scene, own[0], *shared), People(load.scene, own[1], *shared))
        self._chance = random.Random(number)  # noqa: S311 - a script, not a secret
        self._number = number

    def run(self) -> None:
        """Act until the load is over, at its share of the rate."""
        pause = self._load.clients / self._load.rate
        due = time.monotonic() + pause * self._chance.random()
        while not self._load.over.wait(max(0.0, due - time.monotonic())):
            due = max(due + pause, time.monotonic())
            if self._load.spent():
                return
            try:
                self._act()
            except Exception as mistake:  # noqa: BLE001 - shown by whoever started the load
                self._load.mistakes.append(mistake)
                return

    def _act(self) -> None:
        (name,) = self._chance.choices([*MIX], [*MIX.values()])
        act: Callable[[], None] = next(getattr(part, name) for part in self._parts if hasattr(part, name))
        act()


class Load:
    """The load, as a context manager: it runs inside the block.

    Args:
        base_urls: where the servers listen, such as ``http://127.0.0.1:8000``; the next is asked where nobody takes
            the connection.  `go_to` changes them.
        scene: what to act on.
        clients: how many at once; at most `scene.people`.
        rate: acts a second of all clients together; an act is one request, or two or three.
        most: acts in all, however long it takes.
    """

    def __init__(
        self, base_urls: Sequence[str], scene: Scene, *, clients: int = 6, rate: float = 60.0, most: int = 1_000_000
    ) -> None:
        self.scene, self.clients, self.rate = scene, clients, rate
        self.authority = urlsplit(scene.issuer).netloc
        self.ledger, self.machine, self.over = Ledger(), Machine(), threading.Event()
        self.mistakes: list[Exception] = []
        self._left, self._lock = most, threading.Lock()
        self.go_to(*base_urls)
        self._threads = [
            threading.Thread(target=Client(self, number).run, name=f"client {number}", daemon=True)
            for number in range(clients)
        ]

    def go_to(self, *base_urls: str) -> None:
        """Send whatever comes from now on to these servers."""
        split = [urlsplit(url) for url in base_urls]
        self._addresses = [(parts.hostname or "", parts.port or 80) for parts in split]

    def addresses(self) -> list[tuple[str, int]]:
        return self._addresses

    def spent(self) -> bool:
        """Count an act; whether there were enough."""
        with self._lock:
            self._left -= 1
            return self._left < 0

    def stop(self) -> None:
        """No further acts; wait for those at work."""
        self.over.set()
        self.wait(60)

    def wait(self, seconds: float) -> None:
        """Until every client is done."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
                assert not thread.is_alive(), f"{thread.name} does not come to an end"

    def wait_until_all_is_well(self, since: float, within: float) -> float:
        """Wait until each basic act was done again after `since`; the seconds that this took.

        Raises:
            AssertionError: it took longer than `within`, and what is missing.
        """
        missing: set[str] = set()

        def seen(entries: list[Entry]) -> bool:
            missing.clear()
            missing.update(not_served(entries, since))
            return not missing or bool(self.mistakes)

        is_well = self.ledger.wait_for(seen, max(0.0, since + within - time.monotonic()))
        assert not self.mistakes, self.mistakes
        assert is_well, f"{within:g} s after the fault nobody was served with {sorted(missing)}"
        return time.monotonic() - since

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None:
            assert not self.mistakes, self.mistakes
