"""Opaque secrets (R4, R9) and Argon2id behind its gate (R24, R26)."""

import os
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher, extract_parameters

from idp.crypto import passwords, secrets

ENCODED = passwords.hash_password("correct horse battery staple")
HASHER, DUMMY = passwords._HASHER, passwords._DUMMY


@pytest.fixture(autouse=True)
def as_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", HASHER)
    monkeypatch.setattr(passwords, "_DUMMY", DUMMY)


def test_a_secret_says_its_kind_and_holds_256_bits() -> None:
    made = {secrets.new_secret("cs") for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"idp_cs_[A-Za-z0-9_-]{43}", secret) for secret in made)
    assert all(len(secrets.decode(secret.removeprefix("idp_cs_"))) == 32 for secret in made)


def test_a_digest_is_sha256() -> None:
    assert secrets.digest("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("text", ["YQ==", "YR", "Y", "Y Q", "é", "YQ\n"])
def test_only_the_canonical_spelling_is_decoded(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is what callers handle
        secrets.decode(text)


def test_a_password_hash_has_the_parameters_that_we_promise() -> None:
    """R24: m=19456, t=2, p=1, 16 bytes of salt."""
    made = extract_parameters(ENCODED)
    assert (made.type.name, made.memory_cost, made.time_cost, made.parallelism) == ("ID", 19_456, 2, 1)
    assert (made.salt_len, made.hash_len) == (16, 32)
    assert not passwords.needs_rehash(ENCODED)
    assert passwords.needs_rehash(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))


def test_only_the_password_verifies() -> None:
    assert passwords.verify(ENCODED, "correct horse battery staple")
    assert not passwords.verify(ENCODED, "correct horse battery staples")
    assert not passwords.verify(ENCODED, "")
    assert not passwords.verify("not a hash", "x")


def test_nobody_takes_as_long_as_somebody() -> None:
    """R26: the same work, so the same order of time; the best of three of each."""

    def best(act: object) -> float:
        times = []
        for _ in range(3):
            began = time.process_time()
            act()  # type: ignore[operator]
            times.append(time.process_time() - began)
        return min(times)

    somebody = best(lambda: passwords.verify(ENCODED, "wrong"))
    nobody = best(lambda: passwords.dummy_verify("wrong"))
    assert 0.5 < somebody / nobody < 2


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> passwords.Gate:
    own = passwords.Gate(threads=2, places=4)
    monkeypatch.setattr(passwords, "_gate", own)
    return own


def test_a_full_gate_says_come_back_at_once(gate: passwords.Gate) -> None:
    """Two are hashing, two wait; the fifth is told, and no more threads than two ever hash."""
    hashing, go_on = [], threading.Event()

    def slowly() -> None:
        hashing.append(threading.get_ident())
        go_on.wait(10)

    with ThreadPoolExecutor(4) as crowd:
        waiting = [crowd.submit(gate.run, slowly) for _ in range(4)]
        while gate._free._value:
            time.sleep(0.001)
        for act in (lambda: passwords.verify(ENCODED, "x"), lambda: passwords.hash_password("x")):
            with pytest.raises(passwords.PasswordGateFull) as refused:
                act()
            assert refused.value.retry_after == 5
        go_on.set()
        for each in waiting:
            each.result()
    assert len(set(hashing)) <= gate.threads


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere priorities are of processes")
def test_hashing_steps_back_and_nobody_else_does(gate: passwords.Gate) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    hashing = gate.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert (hashing, os.getpriority(os.PRIO_PROCESS, threading.get_native_id())) == (min(19, own + 10), own)


@pytest.mark.parametrize(
    ("web_workers", "web_threads", "threads", "places"),
    [(1, 16, 4, 8), (4, 8, 1, 4), (16, 4, 1, 2), (1, 4, 2, 2), (1, 1, 1, 1)],
)
def test_half_of_the_request_threads_stay_free(
    monkeypatch: pytest.MonkeyPatch, web_workers: int, web_threads: int, threads: int, places: int
) -> None:
    monkeypatch.setattr(passwords, "_gate", passwords._gate)
    monkeypatch.setattr(passwords, "_CORES", 4)
    passwords.configure(web_workers=web_workers, web_threads=web_threads)
    assert (passwords._gate.threads, passwords._gate.places) == (threads, places)


@pytest.mark.usefixtures("gate")
def test_the_gate_opens_again_after_every_outcome() -> None:
    with ThreadPoolExecutor(4) as crowd:
        answers = list(
            crowd.map(lambda text: passwords.verify(ENCODED, text), ["x", "correct horse battery staple"] * 4)
        )
    assert answers == [False, True] * 4
    assert not passwords.verify("damaged", "x")
    assert passwords.verify(ENCODED, "correct horse battery staple")
