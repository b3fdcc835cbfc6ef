"""What one tenant's upstream does is felt by nobody else (R28, R53): neither its failures nor its slowness."""

from dataclasses import replace
from uuid import uuid4

import pytest

from idp.federation.errors import Reason
from idp.federation.providers import transport
from tests.federation.trips import at_github, at_openid, refusal, sign_in
from tests.upstreams.github import API, GitHub
from tests.upstreams.oidc import DISCOVERY, SUBJECT, OpenID
from tests.upstreams.serving import Ask, Reply, as_json


class Clock:
    """Seconds, as a test says."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(transport, "time", clock)
    return clock


def test_a_tenant_that_points_at_what_fails_closes_no_server_to_others(provider: OpenID) -> None:
    """Anybody can find an address of a large service that answers 500, and write it down as an issuer."""
    mischief = at_openid(provider)
    mischief = replace(mischief, options=mischief.options.changed({"issuer": f"{provider.url}/broken"}))
    provider.instead[f"/broken{DISCOVERY}"] = as_json({}, 500)
    for _ in range(5):
        assert refusal(provider, mischief)[0] is Reason.UNREACHABLE
    assert provider.count(f"/broken{DISCOVERY}") == transport.TOLERANCE
    assert refusal(provider, at_openid(provider))[0] is Reason.UNREACHABLE, "the same tenant waits"
    assert sign_in(provider, replace(at_openid(provider), tenant_id=uuid4())).subject == SUBJECT


def test_all_calls_of_one_way_back_end_in_bounded_time(hub: GitHub, clock: Clock) -> None:
    hub.script.most = 1

    def slowly(ask: Ask) -> Reply:
        clock.now += transport.VISIT_SECONDS / 2 + 0.1
        return hub.answer(ask)

    hub.once[f"{API}/user/emails"] = [slowly, slowly]
    hub.person.emails = [{"email": f"{n}@acme.example", "primary": False, "verified": True} for n in range(9)]
    reason, cause = refusal(hub, at_github(hub))
    assert (reason, "10 seconds in all" in cause) == (Reason.UNREACHABLE, True)
    assert hub.count(f"{API}/user/emails") == 2
    hub.once.clear()
    assert sign_in(hub, at_github(hub)).subject == "583231", "the next one has its own time"


def test_the_way_there_and_the_way_back_are_counted_apart(provider: OpenID, clock: Clock) -> None:
    def slowly(ask: Ask) -> Reply:
        clock.now += transport.VISIT_SECONDS - 0.1
        return provider.answer(ask)

    provider.instead = {DISCOVERY: slowly, "/token": slowly}
    assert sign_in(provider, at_openid(provider)).subject == SUBJECT
