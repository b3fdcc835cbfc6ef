"""Two processes, each with its own wiring, application and connections, that do sixteen things at once (R62)."""

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from idp.app import create_app
from idp.config import Settings
from idp.db.unit import UnitOfWork
from idp.errors import IdPError
from idp.keys import service as keys
from idp.tenants import service as tenants
from idp.wiring import Wiring

PROCESSES, THREADS = 2, 8
AT_ONCE = PROCESSES * THREADS
_PATIENCE = 30


@dataclass(frozen=True)
class Request:
    """What a client or a browser sends."""

    url: str
    method: str = "POST"
    form: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    cookies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    location: str
    cookies: tuple[str, ...]


Act = Callable[[Any, Wiring, Any], Any]


def send(app: Any, wiring: Wiring, request: Request) -> Answer:
    client = app.test_client()
    for name, value in request.cookies:
        client.set_cookie(name, value)
    answer = client.open(request.url, method=request.method, data=request.form, headers=request.headers)
    body = answer.json if answer.is_json else answer.text
    return Answer(
        answer.status_code, body, answer.headers.get("Location", ""), tuple(answer.headers.getlist("Set-Cookie"))
    )


def rotate_key(app: Any, wiring: Wiring, slug: str) -> str:
    """The kid that signs now, or the code of the refusal."""
    return within(wiring, slug, lambda uow: keys.rotate(uow).kid)


def tend_keys(app: Any, wiring: Wiring, slug: str) -> str:
    """What the schedule did."""
    return within(wiring, slug, lambda uow: " ".join(keys.tend(uow)))


def within(wiring: Wiring, slug: str, act: Callable[[UnitOfWork], Any]) -> Any:
    """What `act` answers, the code of the refusal, or the name of a mistake of ours."""
    with wiring.platform_unit() as platform:
        tenant = tenants.get(platform, slug)
    try:
        with wiring.tenant_unit(tenant) as uow:
            return act(uow)
    except IdPError as refused:
        return refused.code
    except Exception as error:  # noqa: BLE001 - the race shows it
        return f"{type(error).__name__}: {error}"


def run(environment: dict[str, str], pipe: Connection, start: threading.Barrier) -> None:
    """A racer's life."""
    threads = str(2 * THREADS)  # so that the gate before the passwords has a place for each
    settings = Settings.load(environment | {"IDP_WEB_THREADS": threads})
    wiring = Wiring.of(settings)
    app = create_app(settings, wiring)

    def at_once(act: Act, argument: Any) -> Any:
        start.wait(_PATIENCE)
        return act(app, wiring, argument)

    with ThreadPoolExecutor(THREADS) as pool:
        while (job := pipe.recv()) is not None:
            act, arguments = job
            pipe.send(list(pool.map(lambda argument, act=act: at_once(act, argument), arguments)))
    wiring.dispose()


class Racers:
    """Both processes, ready to be told what to do."""

    def __init__(self, environment: dict[str, str]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._start = spawn.Barrier(AT_ONCE)
        self._children = []
        for _ in range(PROCESSES):
            ours, theirs = spawn.Pipe()
            child = spawn.Process(target=run, args=(environment, theirs, self._start), daemon=True)
            child.start()
            theirs.close()
            self._children.append((child, ours))

    def race(self, act: Act, arguments: Sequence[Any]) -> list[Any]:
        """What came of doing it with every argument at the same moment."""
        assert len(arguments) == AT_ONCE
        for number, (_, pipe) in enumerate(self._children):
            pipe.send((act, list(arguments[number::PROCESSES])))
        answers: list[Any] = []
        for _, pipe in self._children:
            assert pipe.poll(2 * _PATIENCE), "a racer does not come in"
            answers += pipe.recv()
        return answers

    def same(self, request: Request) -> list[Answer]:
        """Send the same request sixteen times."""
        return self.race(send, [request] * AT_ONCE)

    def stop(self) -> None:
        for child, pipe in self._children:
            pipe.send(None)
            child.join(10)
            child.close()
            pipe.close()
