"""Ten upstreams that take connections and never answer (R53): whoever signs in here does not notice."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import pytest

from idp import outbound
from idp.config import Settings
from idp.federation import connections
from idp.server import command
from idp.tenants.models import Tenant
from tests.browser import Forms
from tests.factories import PASSWORD, People
from tests.live.caller import Caller
from tests.live.programs import free_port, program
from tests.upstreams.github import CLIENT_ID, CLIENT_SECRET, TOKEN, GitHub, github
from tests.upstreams.serving import NEVER, Reply, as_json

pytestmark = pytest.mark.live

UPSTREAMS, BROWSERS, ACCOUNTS = 10, 20, 60
SIGN_INS = 15
READING_SECONDS = 2.0
"""How long somebody looks at a page that says that it failed."""
ADDRESSES = itertools.count(1)
REFUSED, BUSY = 502, 503


@pytest.fixture
def port(environment: dict[str, str]) -> Iterator[int]:
    """Of a server with one process, four of whose threads serve."""
    own = free_port()
    env = environment | {
        "IDP_PORT": str(own),
        "IDP_INTERNAL_PORT": "0",
        "IDP_WEB_WORKERS": "1",
        "IDP_WEB_THREADS": "4",
        "IDP_TRUSTED_PROXIES": "127.0.0.0/8",
        "IDP_OUTBOUND_ALLOW": "127.0.0.0/8",
    }
    with program(command(Settings.load(env)), own, **env):
        yield own


@pytest.fixture
def hubs(people: People) -> Iterator[dict[str, GitHub]]:
    """By the name of the connection."""
    with ExitStack() as stack:
        found = {f"hub-{number}": stack.enter_context(github()) for number in range(UPSTREAMS)}
        with people.unit() as uow:
            answer_with(found, NEVER)
            for name, hub in found.items():
                told = {"base_url": hub.url}
                secret = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
                connections.create(uow, name=name, kind="github", options=told, **secret)
        yield found


@pytest.fixture
def accounts(people: People) -> Iterator[str]:
    """Addresses, one after the other, so that the limit of none is reached."""
    named = [f"ada-{number}@acme.example" for number in range(ACCOUNTS)]
    for email in named:
        people.user(email=email)
    return itertools.cycle(named)


@dataclass
class Crowd:
    """People who come back from upstreams, as browsers do: a page that says so is loaded again after its seconds."""

    port: int
    settings: Settings
    tenant: Tenant
    calm: threading.Event = field(default_factory=threading.Event)
    seen: Counter[int] = field(default_factory=Counter)
    again: set[tuple[str | None, str | None]] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)

    def stay(self, name: str) -> None:
        """One browser, until it is calm."""
        caller, address = Caller(self.port, self.settings), next_address()
        while not self.calm.is_set():
            self._visit(caller, f"{self.tenant.issuer}/connections/{name}", address)
            self.calm.wait(READING_SECONDS)
        caller.close()

    def _visit(self, caller: Caller, connection: str, address: str) -> None:
        left = self._load(caller, f"{connection}/login", address, "")
        if left is None:
            return
        cookie, location = left
        state = dict(parse_qsl(urlsplit(location).query)).get("state")
        if state is None:
            self.lost.append(location)
            return
        self._load(caller, f"{connection}/callback?code=some-code&state={state}", address, cookie)

    def _load(self, caller: Caller, url: str, address: str, cookie: str) -> tuple[str, str] | None:
        """Cookie and location of the answer that is no page to be loaded again; None when it is over before."""
        while not self.calm.is_set():
            answer, _ = caller.ask("GET", url, Cookie=cookie, X_Forwarded_For=address)
            self.seen[answer.status] += 1
            if answer.status != BUSY:
                return (answer.headers["Set-Cookie"] or "").partition(";")[0], answer.headers["Location"] or ""
            self.again.add((answer.headers["Refresh"], answer.headers["Retry-After"]))
            self.calm.wait(float(answer.headers["Refresh"] or "1"))
        return None


@contextmanager
def crowd(port: int, settings: Settings, tenant: Tenant, names: list[str]) -> Iterator[Crowd]:
    """A crowd, gone at the end of the block."""
    there = Crowd(port, settings, tenant)
    threads = [threading.Thread(target=there.stay, args=(names[n % len(names)],)) for n in range(BROWSERS)]
    for thread in threads:
        thread.start()
    try:
        yield there
    finally:
        there.calm.set()
        for thread in threads:
            thread.join(30)


def next_address() -> str:
    """Of somebody else each time, so that no limit but the one of this test is reached."""
    number = next(ADDRESSES)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def sign_in(caller: Caller, tenant: Tenant, email: str) -> float:
    """How long the page and the answer to the form take, in seconds."""
    address, begun = next_address(), time.perf_counter()
    answer, _ = caller.ask("GET", f"{tenant.issuer}/login", X_Forwarded_For=address)
    cookie, location = (answer.headers["Set-Cookie"] or "").partition(";")[0], answer.headers["Location"] or ""
    form = Forms(caller.ask("GET", location, Cookie=cookie, X_Forwarded_For=address)[1])
    typed = {**form.fields, "email": email, "password": PASSWORD}
    answer, page = caller.ask("POST", form.action, typed, Cookie=cookie, X_Forwarded_For=address)
    assert answer.status == 303, page[:1000]
    return time.perf_counter() - begun


def test_whoever_signs_in_here_does_not_wait_for_upstreams_that_hang(
    port: int, settings: Settings, tenant: Tenant, accounts: Iterator[str], hubs: dict[str, GitHub]
) -> None:
    took: list[float] = []
    with closing(Caller(port, settings)) as caller, crowd(port, settings, tenant, list(hubs)) as there:
        deadline = time.monotonic() + 90
        while len(took) < SIGN_INS or not (there.seen[REFUSED] and there.seen[BUSY]):
            took.append(sign_in(caller, tenant, next(accounts)))
            assert time.monotonic() < deadline, there.seen
    assert max(took) < outbound.TOTAL_SECONDS, "as long as somebody waits who waits for an upstream"
    assert set(there.seen) <= {303, REFUSED, BUSY}, there.seen
    assert there.again == {("2", "2")}, "the browser comes again by itself"
    assert there.lost == []


@pytest.mark.soak
def test_a_local_sign_in_costs_the_same_beside_upstreams_that_hang_as_beside_others(
    port: int, settings: Settings, tenant: Tenant, accounts: Iterator[str], hubs: dict[str, GitHub]
) -> None:
    with closing(Caller(port, settings)) as caller:
        p99(caller, tenant, accounts)  # the first are slower
        alone = p99(caller, tenant, accounts)
        answer_with(hubs, as_json({"error": "bad_verification_code"}))
        with crowd(port, settings, tenant, list(hubs)):
            quick = p99(caller, tenant, accounts)
        answer_with(hubs, NEVER)
        with crowd(port, settings, tenant, list(hubs)) as there:
            hanging = p99(caller, tenant, accounts)
    for name, value in {"alone": alone, "beside ten upstreams": quick, "beside ten that hang": hanging}.items():
        print(f"p99 of a local sign-in, {name}: {1000 * value:.0f} ms")
    assert there.seen[BUSY]
    assert hanging <= 1.2 * quick


def answer_with(hubs: dict[str, GitHub], reply: Reply) -> None:
    """From now on, at the token endpoint of each."""
    for hub in hubs.values():
        hub.instead[TOKEN] = reply


def p99(caller: Caller, tenant: Tenant, accounts: Iterator[str]) -> float:
    """Of so many sign-ins that three of them are slower."""
    return sorted(sign_in(caller, tenant, next(accounts)) for _ in range(300))[-4]
