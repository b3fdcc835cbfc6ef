"""Redis is killed, restarted, flushed and paused under the limits (R29): never unlimited, never an outage."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from idp.app import create_app
from idp.config import Settings
from idp.dev.valkey import Valkey
from idp.http.buckets import Bucket, RedisBuckets
from idp.http.limiter import REST_SECONDS, TIMEOUT_SECONDS, Limiter
from idp.http.redis_client import RedisClient
from idp.metrics import REGISTRY
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.browser import Browser
from tests.factories import People
from tests.smtp_server import free_port

BUCKET = Bucket("a-tenant", "sign-in-ip", "somebody", amount=6, seconds=86_400)
PROCESSES = 2


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("own")).start()
    yield server
    server.stop()


@pytest.fixture
def client(valkey: Valkey) -> Iterator[RedisClient]:
    made = RedisClient(valkey.url, timeout=TIMEOUT_SECONDS)
    yield made
    made.close()


@pytest.fixture
def limiter(client: RedisClient) -> Limiter:
    return Limiter(RedisBuckets(client), processes=PROCESSES)


def spend(limiter: Limiter, times: int) -> int:
    """How many of these tries were let through."""
    return sum(limiter.spend([BUCKET]).admitted for _ in range(times))


def kill(server: Valkey) -> None:
    os.kill(server.child.pid, signal.SIGKILL)
    server.stop()


def test_killed_in_the_middle_it_goes_on_with_this_processes_share(limiter: Limiter, valkey: Valkey) -> None:
    assert spend(limiter, 4) == 4
    kill(valkey)
    assert spend(limiter, 20) == BUCKET.amount // PROCESSES
    assert limiter.is_alone
    assert REGISTRY.get_sample_value("idp_limits_alone") == 1


def test_restarted_it_is_used_again(limiter: Limiter, valkey: Valkey) -> None:
    kill(valkey)
    spend(limiter, 10)
    valkey.start()
    time.sleep(REST_SECONDS + 0.1)
    assert spend(limiter, 20) == BUCKET.amount
    assert not limiter.is_alone
    assert REGISTRY.get_sample_value("idp_limits_alone") == 0


def test_flushed_it_counts_anew(limiter: Limiter, client: RedisClient) -> None:
    assert spend(limiter, 20) == BUCKET.amount
    client.get().flushall()
    client.get().script_flush()
    assert spend(limiter, 20) == BUCKET.amount
    assert not limiter.is_alone


def test_paused_it_is_not_waited_for_again_and_again(limiter: Limiter, valkey: Valkey) -> None:
    spend(limiter, 1)
    os.kill(valkey.child.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert spend(limiter, 400) == BUCKET.amount // PROCESSES
        assert time.monotonic() - began < 400 * TIMEOUT_SECONDS / 2
    finally:
        os.kill(valkey.child.pid, signal.SIGCONT)
    time.sleep(REST_SECONDS + 0.1)
    spend(limiter, 1)
    assert not limiter.is_alone


def test_full_it_is_as_good_as_gone(limiter: Limiter, client: RedisClient) -> None:
    client.get().config_set("maxmemory", "1")
    assert spend(limiter, 20) == BUCKET.amount // PROCESSES


def test_a_cluster_without_a_node_is_as_good_as_gone() -> None:
    client = RedisClient(f"redis+cluster://127.0.0.1:{free_port()}", timeout=TIMEOUT_SECONDS)
    limiter = Limiter(RedisBuckets(client), processes=PROCESSES)
    assert spend(limiter, 20) == BUCKET.amount // PROCESSES
    assert limiter.is_alone


def test_without_any_each_process_has_its_share() -> None:
    assert spend(Limiter(None, processes=PROCESSES), 20) == BUCKET.amount // PROCESSES
    assert spend(Limiter(None, processes=100), 20) == 1, "never nothing at all"


def test_sign_in_and_tokens_outlive_redis(
    settings: Settings, valkey: Valkey, tenant: Tenant, people: People, wiring: Wiring
) -> None:
    own = Wiring.of(settings.model_copy(update={"redis_url": SecretStr(valkey.url)}))
    browser = Browser(create_app(own.settings, own), tenant)
    client, secret = people.client(type="machine")

    def ask() -> Any:
        return browser.token(client, secret, grant_type="client_credentials")

    assert ask().status_code == 200
    kill(valkey)
    assert [ask().status_code for _ in range(5)] == [200] * 5
    assert own.limiter.is_alone
    assert browser.follow(browser.get(browser.url("/login"))).status_code == 200
    own.dispose()
