"""Discovery documents and keys are asked for seldom, kept while they are good, and used when none better come (R53)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from idp.federation.errors import Reason
from idp.federation.providers import metadata
from tests.federation.trips import at_openid, refusal, sign_in
from tests.upstreams.oidc import DISCOVERY, SUBJECT, OpenID, public_jwk
from tests.upstreams.serving import Reply, as_json

JWKS = "/jwks"


class Clock:
    """Seconds, as a test says."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(metadata, "time", clock)
    return clock


def fetched(server: OpenID) -> tuple[int, int]:
    """How often the document and the keys were asked for."""
    return server.count(DISCOVERY), server.count(JWKS)


def test_many_sign_ins_ask_once(provider: OpenID, clock: Clock) -> None:
    upstream = at_openid(provider)
    for _ in range(5):
        clock.now += 100
        sign_in(provider, upstream)
    assert fetched(provider) == (1, 1)
    clock.now += metadata.FRESH_SECONDS
    sign_in(provider, upstream)
    assert fetched(provider) == (2, 2)


def test_connections_and_tenants_share_nothing(provider: OpenID) -> None:
    """A tenant that could put something into what is kept would put it into nobody else's."""
    upstream = at_openid(provider)
    sign_in(provider, upstream)
    sign_in(provider, replace(upstream, connection_id=uuid4()))
    sign_in(provider, replace(upstream, tenant_id=uuid4()))
    assert fetched(provider) == (3, 3)


def test_a_connection_that_was_changed_to_another_issuer_is_asked_anew(provider: OpenID) -> None:
    upstream = at_openid(provider)
    sign_in(provider, upstream)
    provider.path = "/realms/acme"
    assert sign_in(provider, replace(upstream, options=at_openid(provider).options)).issuer == provider.issuer


def test_a_new_key_is_found_after_a_minute_and_not_before(provider: OpenID, clock: Clock) -> None:
    upstream = at_openid(provider)
    sign_in(provider, upstream)
    clock.now += metadata.REFETCH_SECONDS - 1
    provider.rotate("second")
    assert refusal(provider, upstream)[0] is Reason.INVALID_ANSWER
    assert fetched(provider) == (1, 1)
    clock.now += 1
    assert sign_in(provider, upstream).subject == SUBJECT
    assert fetched(provider) == (1, 2)


def test_a_key_that_is_published_beforehand_is_never_missed(provider: OpenID, clock: Clock) -> None:
    provider.published.append(public_jwk("second"))
    upstream = at_openid(provider)
    sign_in(provider, upstream)
    provider.kid = "second"
    assert sign_in(provider, upstream).subject == SUBJECT
    assert fetched(provider) == (1, 1)


def test_keys_that_nobody_knows_are_asked_for_once_a_minute(provider: OpenID, clock: Clock) -> None:
    upstream = at_openid(provider)
    sign_in(provider, upstream)
    provider.header = {"kid": "unknown"}
    for _ in range(6):
        clock.now += metadata.REFETCH_SECONDS / 3
        refusal(provider, upstream)
    assert fetched(provider) == (1, 3)


@pytest.mark.parametrize("reply", [as_json({}, 404), Reply(b"<html>"), as_json({"keys": 7}), as_json({}, 503)])
def test_nor_more_often_when_the_answer_is_garbage(provider: OpenID, clock: Clock, reply: Reply) -> None:
    upstream = at_openid(provider)
    sign_in(provider, upstream)
    provider.header = {"kid": "unknown"}
    provider.instead[JWKS] = reply
    for _ in range(6):
        clock.now += metadata.REFETCH_SECONDS / 3
        assert refusal(provider, upstream)[0] is Reason.INVALID_ANSWER
    assert fetched(provider) == (1, 3)


@pytest.mark.parametrize("path", [DISCOVERY, JWKS])
@pytest.mark.parametrize(
    "reply",
    [as_json({}, 503), as_json({}, 404), Reply(b"<html>"), as_json([]), as_json({"issuer": "https://evil.example"})],
)
def test_what_is_stale_is_better_than_nothing(provider: OpenID, clock: Clock, path: str, reply: Reply) -> None:
    upstream = at_openid(provider)
    sign_in(provider, upstream)
    provider.instead[path] = reply
    clock.now += 10 * metadata.FRESH_SECONDS
    for _ in range(3):
        assert sign_in(provider, upstream).subject == SUBJECT
    assert provider.count(path) == 2, "one attempt a minute"
    clock.now += metadata.REFETCH_SECONDS
    sign_in(provider, upstream)
    assert provider.count(path) == 3
    del provider.instead[path]
    clock.now += metadata.REFETCH_SECONDS
    sign_in(provider, upstream)
    clock.now += metadata.FRESH_SECONDS - 1
    sign_in(provider, upstream)
    assert provider.count(path) == 4, "fresh again for an hour"


@pytest.mark.parametrize("path", [DISCOVERY, JWKS])
def test_a_document_that_was_none_is_not_kept(provider: OpenID, path: str) -> None:
    upstream = at_openid(provider)
    provider.once[path] = [Reply(b"<html>"), as_json({"issuer": "https://evil.example"})]
    for _ in range(2):
        refusal(provider, upstream)
    assert sign_in(provider, upstream).subject == SUBJECT


def test_a_stale_document_is_asked_for_by_one_of_many(provider: OpenID, clock: Clock) -> None:
    upstream = at_openid(provider)
    sign_in(provider, upstream)
    clock.now += metadata.FRESH_SECONDS
    honest = provider.answer
    provider.instead[DISCOVERY] = lambda ask: honest(ask) if provider.pause(0.2) else Reply(status=503)
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: metadata.discover(upstream, provider.issuer).issuer, range(12)))
    assert found == [provider.issuer] * 12
    assert provider.count(DISCOVERY) == 2
