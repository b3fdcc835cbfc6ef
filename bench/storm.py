"""`make soak`: what tokens, refreshes and keys cost while five times as many people sign in as can be served (R24).

The storm is a process of its own and does not wait for answers: each second so many sign-ins begin, of accounts that do
not exist, each from another address, so that no limit but the gate can shed them.
"""

import argparse
import json
import multiprocessing
import selectors
import sys
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.load import Connection, get, measure
from bench.run import exchange, memory_of_workers
from bench.scene import Scene, prepare
from bench.stack import running

CALM_RATE = 20
CONNECTIONS = 64


@dataclass(frozen=True)
class Guesses:
    """Sign-ins that differ in account and address; enough to make them in another process."""

    template: bytes

    @classmethod
    def of(cls, scene: Scene) -> "Guesses":
        return cls(scene.logins(1)[0])

    def each(self) -> Iterator[bytes]:
        head, _, body = self.template.partition(b"\r\n\r\n")
        flow, csrf, *_ = body.split(b"&")
        for number in range(1 << 24):
            guess = b"&".join((flow, csrf, f"email={uuid.uuid4().hex}%40example.com&password=guess".encode()))
            lines = [
                line
                for line in head.split(b"\r\n")
                if not line.lower().startswith((b"content-length", b"x-forwarded-for"))
            ]
            address = f"11.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            lines += [f"Content-Length: {len(guess)}".encode(), f"X-Forwarded-For: {address}".encode()]
            yield b"\r\n".join([*lines, b"", guess])


def at_rate(port: int, requests: Iterator[bytes], rate: float, seconds: float, wide: int) -> list[tuple[int, float]]:
    """Status and latency of requests that begin at a steady rate, whether or not the last was answered.

    The latency counts from when a request was due: whoever waits for a free connection waits, too.
    """
    selector, idle, late, answers = selectors.DefaultSelector(), deque[Connection](), deque[float](), []
    for _ in range(wide):
        connection = Connection(("127.0.0.1", port), lambda _body: None)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.following = lambda _body: next(requests)
        idle.append(connection)
    begun = time.perf_counter()
    due = begun
    while (now := time.perf_counter()) < begun + seconds:
        while due <= now:
            late.append(due)
            due += 1 / rate
        while late and idle:
            connection = idle.popleft()
            connection.send(None)
            connection.sent_at = late.popleft()
        for key, _ in selector.select(timeout=max(0.0, due - time.perf_counter())):
            if (answer := key.data.receive()) is not None:
                answers.append((answer[0], time.perf_counter() - key.data.sent_at))
                idle.append(key.data)
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    return answers


def storm(
    port: int, guesses: Guesses, rate: float, seconds: float, answers: "multiprocessing.Queue[Counter[int]]"
) -> None:
    """The other process."""
    answers.put(Counter(status for status, _ in at_rate(port, guesses.each(), rate, seconds, CONNECTIONS)))


def refreshing(scene: Scene, seconds: float) -> Iterator[bytes]:
    """A grant of its own for each request, so that none waits for another's answer."""
    tokens = [each["refresh_token"] for each in exchange(scene, int(CALM_RATE * seconds) + 10)]
    return iter([scene.token_request(f"grant_type=refresh_token&refresh_token={token}") for token in tokens])


def calm(scene: Scene, kinds: dict[str, Callable[[], Iterator[bytes]]], seconds: float) -> dict[str, list[float]]:
    """Latencies of each kind, one kind after the other, in milliseconds; an answer other than 200 ends the run."""
    latencies = {}
    for name, kind in kinds.items():
        answers = at_rate(scene.stack.port, kind(), CALM_RATE, seconds, 8)
        wrong = Counter(status for status, _ in answers if status != 200)
        if wrong:
            raise SystemExit(f"{name}: {dict(wrong)}")
        latencies[name] = sorted(1000 * latency for _, latency in answers)
    return latencies


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="of load for each row")
    options = parser.parse_args()
    with running() as stack:
        scene = prepare(stack)
        guesses = Guesses.of(scene)
        each = guesses.each()
        measure(stack.port, [lambda _body: next(each) for _ in range(4)], seconds=1)
        answers = at_rate(stack.port, each, 300, 5, 4)
        capacity = sum(status == 422 for status, _ in answers) / 5
        print(f"capacity: {capacity:.0f} sign-ins a second")
        once = scene.token_request("grant_type=client_credentials", machine=True)
        jwks = get(stack.host, f"{scene.path}/jwks.json")
        kinds: dict[str, Callable[[], Iterator[bytes]]] = {
            "client_credentials": lambda: iter(lambda: once, None),
            "refresh": lambda: refreshing(scene, options.seconds),
            "jwks": lambda: iter(lambda: jwks, None),
        }
        quiet = calm(scene, kinds, options.seconds)
        before, seen = memory_of_workers(stack), multiprocessing.Queue()
        spent = len(kinds) * options.seconds + 5
        other = multiprocessing.Process(target=storm, args=(stack.port, guesses, 5 * capacity, spent, seen))
        other.start()
        time.sleep(2)
        loud = calm(scene, kinds, options.seconds)
        statuses = seen.get()
        other.join()
        print(f"storm: {5 * capacity:.0f}/s for {spent:.0f} s, answered {json.dumps(dict(sorted(statuses.items())))}")
        print(f"largest worker: {before:.0f} MiB before, {memory_of_workers(stack):.0f} MiB after")
        print(f"\n{'p99 ms':20}{'calm':>9}{'storm':>9}{'ratio':>7}")
        for name in kinds:
            p99 = [values[len(values) * 99 // 100] for values in (quiet[name], loud[name])]
            print(f"{name:20}{p99[0]:>9.1f}{p99[1]:>9.1f}{p99[1] / p99[0]:>7.1f}")


if __name__ == "__main__":
    main()
