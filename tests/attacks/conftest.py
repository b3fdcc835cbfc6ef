"""What an attack meets: the real server with two processes, a Valkey that may be killed, and what the tenant knows."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import pytest
from sqlalchemy import func, select

from idp.authn.models import LoginThrottle
from idp.config import Settings
from idp.db.unit import UnitOfWork
from idp.dev.valkey import Valkey
from idp.events.models import Event
from idp.events.types import EventType
from idp.http.limiter import REST_SECONDS
from idp.server import command
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.attacks.attackers import LINES
from tests.factories import People
from tests.live.programs import free_port, program
from tests.post import Post

PROCESSES = 2
T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """A running installation."""

    port: int
    valkey: Valkey

    def kill_redis(self) -> None:
        """As the kernel does when memory is short."""
        os.kill(self.valkey.child.pid, signal.SIGKILL)
        self.valkey.stop()

    def revive_redis(self) -> None:
        """Empty, as it comes back; and wait until every process has found it."""
        self.valkey.start()
        time.sleep(REST_SECONDS + 0.1)


@dataclass(frozen=True)
class Records:
    """What the tenant's database knows of guesses."""

    people: People

    def looked_at(self) -> int:
        """How many wrong passwords were verified."""
        return self._ask(
            lambda uow: uow.session.scalar(select(func.count()).where(Event.type == EventType.LOGIN_FAILED.value)) or 0
        )

    def failures(self) -> list[int]:
        """Failures in a row, of each name that was tried."""
        return self._ask(lambda uow: list(uow.session.scalars(select(LoginThrottle.failures))))

    def clock(self) -> datetime:
        """The database's."""
        return self._ask(lambda uow: uow.session.execute(select(func.clock_timestamp())).scalar_one())

    def _ask(self, question: Callable[[UnitOfWork], T]) -> T:
        with self.people.unit() as uow:
            return question(uow)


@pytest.fixture
def records(people: People) -> Records:
    return Records(people)


@pytest.fixture
def site(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two web processes that believe what the proxy in front of them says, and a Valkey of their own."""
    port = free_port()
    with Valkey(tmp_path_factory.mktemp("own")) as valkey:
        own = environment | {
            "IDP_REDIS_URL": valkey.url,
            "IDP_PORT": str(port),
            "IDP_INTERNAL_PORT": "0",
            "IDP_WEB_WORKERS": str(PROCESSES),
            "IDP_WEB_THREADS": str(4 * LINES),
            "IDP_TRUSTED_PROXIES": "127.0.0.0/8",
        }
        with program(command(Settings.load(own)), port, **own):
            yield Site(port, valkey)


@pytest.fixture
def post(wiring: Wiring, tenant: Tenant) -> Post:
    return Post(wiring, tenant)
