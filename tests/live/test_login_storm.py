"""A storm of sign-ins on the real server (R24): they are shed, and nobody else notices; `bench/storm.py` times it."""

import base64
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from idp.config import Settings
from idp.server import command
from idp.tenants.models import Tenant
from tests.browser import Forms
from tests.factories import People
from tests.live.caller import Caller
from tests.live.programs import free_port, program

pytestmark = pytest.mark.live

ATTACKERS = 12
TOKENS = 40
MOST_MEMORY = 250
SHED = {429, 503}


@pytest.fixture
def port(environment: dict[str, str]) -> Iterator[int]:
    """Of a server with two processes, which believes what its proxy says."""
    own = free_port()
    env = environment | {
        "IDP_PORT": str(own),
        "IDP_INTERNAL_PORT": "0",
        "IDP_WEB_WORKERS": "2",
        "IDP_TRUSTED_PROXIES": "127.0.0.0/8",
    }
    with program(command(Settings.load(env)), own, **env):
        yield own


def memory(port: int) -> dict[int, int]:
    """MiB of each web process that listens at `port`."""
    return {
        process.pid: process.memory_full_info().uss // 2**20
        for process in psutil.Process().children(recursive=True)
        if f"--bind=127.0.0.1:{port}" in process.cmdline()
    }


def attack(caller: Caller, tenant: Tenant, numbers: Iterator[int], calm: threading.Event, seen: Counter[Any]) -> None:
    """A new account from a new address each time, so that only the gate can say no."""
    answer, _ = caller.ask("GET", f"{tenant.issuer}/login")
    cookie, location = (answer.headers["Set-Cookie"] or "").partition(";")[0], answer.headers["Location"]
    form = Forms(caller.ask("GET", location, Cookie=cookie)[1])
    while not calm.is_set():
        number = next(numbers)
        typed = {**form.fields, "email": f"{number}@example.com", "password": "a guess"}
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        answer, _ = caller.ask("POST", form.action, typed, Cookie=cookie, X_Forwarded_For=address)
        seen[answer.status, answer.headers["Retry-After"] is not None] += 1
    caller.close()


def test_a_storm_of_sign_ins_is_shed_and_tokens_go_on(
    port: int, settings: Settings, tenant: Tenant, people: People
) -> None:
    client, secret = people.client(type="machine")
    basic = "Basic " + base64.b64encode(f"{client.id}:{secret}".encode()).decode()
    quiet, numbers, calm, seen = Caller(port, settings), itertools.count(1), threading.Event(), Counter[Any]()
    threads = [
        threading.Thread(target=attack, args=(Caller(port, settings), tenant, numbers, calm, seen))
        for _ in range(ATTACKERS)
    ]
    before = memory(port)
    for thread in threads:
        thread.start()
    try:
        for _ in range(TOKENS):
            body = {"grant_type": "client_credentials"}
            assert quiet.ask("POST", f"{tenant.issuer}/oauth/token", body, Authorization=basic)[0].status == 200
            assert quiet.ask("GET", f"{tenant.issuer}/jwks.json")[0].status == 200
    finally:
        calm.set()
        for thread in threads:
            thread.join(30)
        quiet.close()
    after = memory(port)
    assert {status for status, _ in seen} <= {422, *SHED}, seen
    assert seen[422, False] > 0, "some are served all the time"
    assert sum(count for (status, retry), count in seen.items() if status in SHED and retry) > seen[422, False], seen
    assert all(retry for status, retry in seen if status in SHED)
    assert before
    assert after.keys() >= before.keys(), "no process died"
    assert max(after.values()) < MOST_MEMORY
