"""How providers call upstreams (R52, R53): nowhere but where they may, and not again and again where nobody answers."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from idp.breaker import Breaker
from idp.federation.errors import Reason, SignInRefused
from idp.federation.options import Options
from idp.federation.providers import transport
from idp.federation.providers.base import Hints, Upstream
from idp.federation.providers.registry import KINDS
from idp.outbound import Outbound
from tests.federation.conftest import LOOPBACK
from tests.federation.trips import CALLBACK, TRIP, at_github, at_openid, judged, refusal, sign_in
from tests.unit.listener import answer, listening
from tests.upstreams.github import TOKEN, GitHub
from tests.upstreams.oidc import CLIENT_ID, DISCOVERY, OpenID
from tests.upstreams.serving import NEVER, Reply, as_json

OIDC, GITHUB = KINDS["oidc"].provider, KINDS["github"].provider
DOWN = as_json({}, 503)


class Clock:
    """Seconds, as a test says."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def nowhere(loopback: None) -> Iterator[None]:
    """A deployment whose allow-list is empty."""
    transport.connect(Outbound())
    yield
    transport.connect(Outbound(LOOPBACK))


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "[::1]",
        "[fd00::1]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",  # noqa: S104 - an address to call
        "0x7f000001",
        "2130706433",
        "127.1",
    ],
)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_our_own_side_of_the_router_is_not_called(scheme: str, host: str) -> None:
    with listening(answer(b"{}")) as listener:
        place = f"{scheme}://{host}" if scheme == "https" else f"{scheme}://{host}:{listener.port}"
        upstream = Upstream(uuid4(), uuid4(), "oidc", CLIENT_ID, ("a",), Options(issuer=place), CALLBACK)
        with pytest.raises(SignInRefused) as refused:
            OIDC.authorization_url(upstream, TRIP, Hints())
        assert refused.value.reason is Reason.UNREACHABLE
        with pytest.raises(SignInRefused) as refused:
            GITHUB.fetch(replace(upstream, kind="github", options=Options(base_url=place)), TRIP, {"code": "c"})
        assert refused.value.reason is Reason.UNREACHABLE
        assert listener.asked == []


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_a_document_of_an_allowed_server_leads_to_no_other(provider: OpenID, name: str) -> None:
    """What discovery says is not believed more than what an administrator says."""
    provider.only_userinfo = {"email"}
    provider.document = {name: "http://169.254.169.254/latest/meta-data/"}
    reason, cause = refusal(provider, at_openid(provider))
    assert reason is Reason.UNREACHABLE
    assert "latest" not in cause


def test_after_three_failures_an_upstream_is_left_alone(provider: OpenID) -> None:
    upstream = at_openid(provider)
    provider.instead[DISCOVERY] = DOWN
    for _ in range(5):
        assert refusal(provider, upstream)[0] is Reason.UNREACHABLE
    assert provider.count(DISCOVERY) == 3
    assert "left alone" in refusal(provider, upstream)[1]
    assert refusal(provider, at_openid(provider))[0] is Reason.UNREACHABLE, "nor is it asked for another connection"
    assert len(provider.asks) == 3


def test_after_a_rest_one_sign_in_probes_and_everybody_is_back(
    provider: OpenID, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(transport, "Breaker", lambda **bounds: Breaker(clock.monotonic, **bounds))
    upstream = at_openid(provider)
    provider.instead[DISCOVERY] = DOWN
    for _ in range(4):
        refusal(provider, upstream)
    clock.now += transport.REST_SECONDS
    for _ in range(3):
        refusal(provider, upstream)
    assert provider.count(DISCOVERY) == 4, "one probe"
    del provider.instead[DISCOVERY]
    clock.now += transport.REST_SECONDS
    for _ in range(2):
        assert sign_in(provider, upstream).email == "jane@acme.example"


def test_one_upstream_that_fails_is_not_another(provider: OpenID, hub: GitHub) -> None:
    provider.instead[DISCOVERY] = DOWN
    for _ in range(4):
        refusal(provider, at_openid(provider))
    assert sign_in(hub, at_github(hub)).subject == "583231"


def test_failures_that_are_answers_open_nothing(hub: GitHub) -> None:
    """What one tenant did wrong, such as a secret that is over, is no reason to leave an upstream alone."""
    hub.script.client_secret = "another"
    for _ in range(5):
        assert refusal(hub, at_github(hub))[0] is Reason.UPSTREAM_ERROR
    hub.script.client_secret = "github-client-secret"
    assert sign_in(hub, at_github(hub)).subject == "583231"


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("reply", [NEVER, Reply(b" " * (1024 * 1024 + 1)), Reply(b"{}" * 100, drip=0.05)])
def test_silence_is_a_failure_and_so_is_a_flood(hub: GitHub, reply: Reply) -> None:
    hub.instead[TOKEN] = reply
    for _ in range(5):
        assert refusal(hub, at_github(hub))[0] is Reason.UNREACHABLE
    assert hub.count(TOKEN) == 3


def test_nothing_of_a_proxy_or_a_netrc_of_the_machine_is_used(
    provider: OpenID, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(answer(b"{}")) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        upstream = at_openid(provider)
        answered = {"code": "of nobody", "state": TRIP.state, "iss": provider.issuer}
        with pytest.raises(SignInRefused) as refused:
            OIDC.fetch(upstream, TRIP, answered)
        assert judged(refused.value, provider)[0] is Reason.UPSTREAM_ERROR
        assert proxy.asked == []
