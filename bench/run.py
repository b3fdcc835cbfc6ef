"""`make bench`: rates of the real stack, and their ratio to a floor measured in the same run (design.md §5).

Server and load share the machine, so absolute figures say little; the ratios are what a change must not spoil.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jwt
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import lists
from bench.load import Next, Result, get, measure, once_each, post, repeat
from bench.scene import Scene, multiply_tenants, prepare
from bench.stack import Stack, running
from idp.crypto import passwords as argon2id
from idp.keys import rsa
from idp.tenants import service as tenants

CONNECTIONS = 16


def refreshing(scene: Scene, token: str) -> Next:
    """A client that always uses the refresh token that it was given last."""

    def following(body: bytes | None) -> bytes:
        latest = json.loads(body)["refresh_token"] if body is not None else token
        return scene.token_request(f"grant_type=refresh_token&refresh_token={latest}")

    return following


def exchange(scene: Scene, count: int) -> list[dict[str, str]]:
    """Tokens, the way that a client gets them."""
    answers: list[dict[str, str]] = []

    def following(requests: Iterator[bytes]) -> Next:
        def step(body: bytes | None) -> bytes | None:
            if body is not None:
                answers.append(json.loads(body))
            return next(requests, None)

        return step

    measure(scene.stack.port, [following(iter([scene.code_request(code) for code in scene.codes(count)]))], seconds=30)
    return answers


def rates(scene: Scene, seconds: float) -> dict[str, Result]:
    """Every endpoint of the budget table, warm."""
    stack, path = scene.stack, scene.path
    tokens = exchange(scene, CONNECTIONS)
    bearer = {"Authorization": f"Bearer {tokens[0]['access_token']}"}
    introspect = post(
        stack.host,
        f"{path}/oauth/introspect",
        f"token={tokens[0]['access_token']}",
        Authorization=scene.basic(scene.web, scene.web_secret),
    )

    def load(following: Callable[[], Next]) -> Result:
        measure(stack.port, [following() for _ in range(CONNECTIONS)], seconds=min(1.0, seconds))
        return measure(stack.port, [following() for _ in range(CONNECTIONS)], seconds=seconds)

    def steady(request: bytes) -> Result:
        return load(lambda: repeat(request))

    per_connection = max(20, int(30 * seconds))
    codes = [[scene.code_request(code) for code in scene.codes(per_connection)] for _ in range(CONNECTIONS)]
    return {
        "discovery": steady(get(stack.host, f"{path}/.well-known/openid-configuration")),
        "jwks": steady(get(stack.host, f"{path}/jwks.json")),
        "client_credentials": steady(scene.token_request("grant_type=client_credentials", machine=True)),
        "code exchange": measure(stack.port, [once_each(each) for each in codes], seconds=seconds),
        "refresh": measure(stack.port, [refreshing(scene, each["refresh_token"]) for each in tokens], seconds=seconds),
        "introspect": steady(introspect),
        "userinfo": steady(get(stack.host, f"{path}/oauth/userinfo", **bearer)),
        "password sign-in": sign_in(scene, seconds),
    }


def sign_in(scene: Scene, seconds: float) -> Result:
    """As many sign-ins at once as there are cores."""
    forms = [scene.logins(int(60 * seconds)) for _ in range(2)]
    return measure(scene.stack.port, [once_each(each) for each in forms], seconds=seconds)


def cpu_share_of_argon2(scene: Scene, each: float) -> float:
    """What part of the web processes' CPU time of a sign-in is Argon2id."""
    forms, count = scene.logins(60), 60
    before = cpu_of_web(scene.stack)
    measure(scene.stack.port, [once_each(forms)], seconds=60)
    return each * count / (cpu_of_web(scene.stack) - before)


def cpu_of_web(stack: Stack) -> float:
    """CPU seconds that the web processes have used."""
    master = psutil.Process(stack.pids[0])
    return sum(sum(process.cpu_times()[:2]) for process in (master, *master.children(recursive=True)))


def memory_of_workers(stack: Stack) -> float:
    """MiB of the largest web worker."""
    workers = psutil.Process(stack.pids[0]).children()
    return max(worker.memory_full_info().uss for worker in workers) / 2**20


def seconds_each(act: Callable[[], object], count: int) -> float:
    """Median seconds of one act."""
    spent = []
    for _ in range(count):
        begun = time.perf_counter()
        act()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


def create_tenant(stack: Stack, number: int) -> None:
    """As `idp tenant create` does."""
    with stack.wiring.platform_unit() as platform:
        tenants.create(platform, slug=f"new-{number}", name="New", base_url=stack.wiring.settings.base_url)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", choices=("all", "lists"), default="all", help="lists: those alone")
    parser.add_argument("--seconds", type=float, default=5.0, help="of load for each row")
    parser.add_argument("--tenants", type=int, default=100_000, help="how many more for the second half; 0 skips it")
    options = parser.parse_args()
    if options.rows == "all":
        throughput(options.seconds, options.tenants)
    with running() as stack:
        lists.run(stack)


def throughput(duration: float, more_tenants: int) -> None:
    """Print the table of rates."""
    with running() as stack:
        scene = prepare(stack)
        steady = [repeat(get(stack.host, "/null")) for _ in range(CONNECTIONS)]
        work = [repeat(post(stack.host, "/token", "grant_type=client_credentials")) for _ in range(CONNECTIONS)]
        null, floor = (measure(stack.floor_port, load, seconds=duration) for load in (steady, work))
        key, a_hash = rsa.generate(2048), argon2id.hash_password("x")
        signature = seconds_each(lambda: jwt.encode({"sub": "x"}, key, "RS256"), 300)
        argon2 = seconds_each(lambda: argon2id.verify(a_hash, "x"), 30)
        print(f"floor: null {null.rate:,.0f}/s · null + RS256 + Redis {floor.rate:,.0f}/s")
        print(f"       RS256 {1 / signature:,.0f}/s · Argon2id {1 / argon2:,.0f}/s on one core")
        print(f"cold start {stack.cold_start:.1f} s · worker {memory_of_workers(stack):.0f} MiB at rest")
        few = rates(scene, duration)
        print(f"\n{'':20}{'rate/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}  ratio")
        for name, result in few.items():
            base = {"client_credentials": floor.rate, "password sign-in": 2 / argon2}.get(name, null.rate)
            against = {"client_credentials": "null + RS256 + Redis", "password sign-in": "Argon2id on two cores"}
            print(
                f"{name:20}{result.rate:>9,.0f}{result.p50:>9.1f}{result.p99:>9.1f}{result.failed:>8}"
                f"  {result.rate / base:.2f} × {against.get(name, 'null')}"
            )
        print(f"\nArgon2id is {cpu_share_of_argon2(scene, argon2):.0%} of the CPU time of a sign-in")
        numbers = iter(range(1_000_000))
        print(f"create a tenant: {1000 * seconds_each(lambda: create_tenant(stack, next(numbers)), 15):.0f} ms")
        print(f"worker after load: {memory_of_workers(stack):.0f} MiB")
        if more_tenants:
            multiply_tenants(stack, more_tenants)
            many = rates(scene, duration)
            print(f"\nwith {more_tenants:,} more tenants: rate, and its ratio to before")
            for name, result in many.items():
                print(f"{name:20}{result.rate:>9,.0f}  {result.rate / few[name].rate:.2f}")
            created = seconds_each(lambda: create_tenant(stack, next(numbers)), 15)
            print(f"create a tenant: {1000 * created:.0f} ms")


if __name__ == "__main__":
    main()
