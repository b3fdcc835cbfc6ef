"""Many sign-ins at once over TCP: what an attacker sends, and what comes back."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from idp.tenants.models import Tenant
from tests.browser import Forms
from tests.factories import PASSWORD

LINES = 8
"""Connections of an attacker: fewer than one process has places to hash, so that only limits and throttle refuse."""
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def kind(self) -> str:
        """Who answered: ``ok``, ``looked`` at the password, ``limit``, ``throttle``; or the status."""
        if self.status == 429:
            return "limit" if "That was too often" in self.text else "throttle"
        return {303: "ok", 422: "looked"}.get(self.status, str(self.status))

    @property
    def amount(self) -> int:
        """How much of the first limit there was: the whole of it, or one process's share."""
        return int(self.headers["RateLimit-Policy"].split(";")[1].removeprefix("q="))

    @property
    def says_when(self) -> bool:
        """Whether it says when to come again."""
        return int(self.headers.get("Retry-After", "0")) > 0


@dataclass(frozen=True)
class Guess:
    """One attempt."""

    email: str
    ip: str
    password: str = "a guess"


@dataclass
class Person:
    """A browser at a tenant's sign-in, over a connection of its own, behind our trusted proxy."""

    port: int
    tenant: Tenant
    cookie: str = ""
    form: Forms = field(default_factory=lambda: Forms(""))

    def __post_init__(self) -> None:
        self._connection = HTTPConnection("127.0.0.1", self.port, timeout=30)

    def open(self, ip: str = "203.0.113.1") -> None:
        """Come to the form."""
        begun = self._ask("GET", f"{self.tenant.issuer}/login", ip)
        self.cookie = begun.headers["Set-Cookie"].partition(";")[0]
        self.form = Forms(self._ask("GET", begun.headers["Location"], ip).text)

    def sign_in(self, guess: Guess) -> Answer:
        """Send the form."""
        typed = {**self.form.fields, "email": guess.email, "password": guess.password}
        return self._ask("POST", self.form.action, guess.ip, typed)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _ask(self, method: str, url: str, ip: str, body: dict[str, str] | None = None) -> Answer:
        parts = urlsplit(url)
        headers = {"Host": parts.netloc, "Content-Type": _FORM, "Cookie": self.cookie, "X-Forwarded-For": ip}
        self._connection.request(method, parts._replace(scheme="", netloc="").geturl(), urlencode(body or {}), headers)
        answer = self._connection.getresponse()
        return Answer(answer.status, dict(answer.headers.items()), answer.read().decode())


def sign_in(port: int, tenant: Tenant, email: str, password: str = PASSWORD, ip: str = "203.0.113.1") -> Answer:
    """One person comes, signs in and goes."""
    person = Person(port, tenant)
    person.open(ip)
    answer = person.sign_in(Guess(email, ip, password))
    person.close()
    return answer


def assail(port: int, tenant: Tenant, guesses: Iterable[Guess]) -> list[Answer]:
    """Make all of these guesses, from so many connections at once; what came back, in their order."""
    waiting, lock, answers = enumerate(guesses), threading.Lock(), dict[int, Answer]()

    def attack(_: int) -> None:
        person = Person(port, tenant)
        person.open()
        while True:
            with lock:
                number, guess = next(waiting, (0, None))
            if guess is None:
                return person.close()
            answers[number] = person.sign_in(guess)

    with ThreadPoolExecutor(LINES) as pool:
        list(pool.map(attack, range(LINES)))
    return [answers[number] for number in sorted(answers)]


def meanwhile(guesses: Iterable[Guess], moment: int, act: Callable[[], None]) -> Iterator[Guess]:
    """The same guesses; before the one with this number, `act` is done."""
    for number, guess in enumerate(guesses):
        if number == moment:
            act()
        yield guess


@contextmanager
def neighbours(port: int, tenant: Tenant, emails: list[str]) -> Iterator[list[Answer]]:
    """While the block runs, people of a tenant sign in one after the other; what they were answered."""
    answers: list[Answer] = []
    over = threading.Event()

    def live() -> None:
        number = 0
        while not over.wait(0.2):
            email, ip = emails[number % len(emails)], f"198.51.100.{number % 250}"
            answers.append(sign_in(port, tenant, email, ip=ip))
            number += 1

    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join(30)
