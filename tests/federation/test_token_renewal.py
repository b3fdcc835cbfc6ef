"""Kept tokens that are over are renewed at the upstream: by whoever asks first, and by nobody without a place (R53)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from idp.federation import connections, gate, tokens, upstreams
from idp.federation.errors import NoUpstreamToken, UpstreamBusy
from idp.federation.models import FederatedIdentity
from idp.federation.providers.base import Hints, Tokens
from tests.factories import People
from tests.federation.trips import TRIP
from tests.upstream_rows import connect, link
from tests.upstreams import github
from tests.upstreams.github import TOKEN, GitHub
from tests.upstreams.serving import as_json


@pytest.fixture
def one_place() -> Iterator[None]:
    """A gate with a place for one."""
    before = gate._places[:]
    gate.configure(web_threads=2)
    yield
    gate._places[:] = before


@pytest.fixture
def identity(people: People, hub: GitHub) -> FederatedIdentity:
    """Somebody whose token of `hub` is as good as over, and can be renewed."""
    hub.script.expires = True
    options = {"keeps_tokens": True, "base_url": hub.url}
    connect(people, client_id=github.CLIENT_ID, client_secret=github.CLIENT_SECRET, options=options)
    with people.unit() as uow:
        row = connections.get(uow, "github")
        provider, upstream = upstreams.provider(row), upstreams.of(uow, row)
        ends = uow.now + timedelta(seconds=30)
    answer = hub.approve(provider.authorization_url(upstream, TRIP, Hints()))
    issued = provider.fetch(upstream, TRIP, answer).tokens
    assert issued is not None
    over = Tokens(issued.access_token, issued.refresh_token, ends, issued.scope)
    return link(people, people.user(email="ida@acme.example"), tokens=over)


def read(people: People, identity: FederatedIdentity) -> Tokens:
    with people.unit() as uow:
        return tokens.read(uow, uow.get(FederatedIdentity, identity.id))


def test_a_token_that_is_over_is_renewed_and_the_new_one_is_kept(
    people: People, hub: GitHub, identity: FederatedIdentity
) -> None:
    asked = hub.count(TOKEN)
    first = read(people, identity)
    assert first.expires_at is not None
    assert read(people, identity) == first
    assert hub.count(TOKEN) == asked + 1


def test_of_many_who_ask_at_once_one_renews(people: People, hub: GitHub, identity: FederatedIdentity) -> None:
    """GitHub renews once: whoever came second with the same refresh token would end them all."""
    asked = hub.count(TOKEN)
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda _: read(people, identity), range(3)))
    assert len({token.access_token for token in found}) == 1
    assert hub.count(TOKEN) == asked + 1


def test_a_token_that_is_over_for_good_is_none(people: People, hub: GitHub, identity: FederatedIdentity) -> None:
    hub.instead[TOKEN] = as_json({"error": "bad_refresh_token"})
    with pytest.raises(NoUpstreamToken, match="bad_refresh_token"):
        read(people, identity)


@pytest.mark.usefixtures("one_place")
def test_who_finds_no_place_to_wait_in_is_told(people: People, hub: GitHub, identity: FederatedIdentity) -> None:
    asked = hub.count(TOKEN)
    with gate.pass_through(), pytest.raises(UpstreamBusy):
        read(people, identity)
    assert hub.count(TOKEN) == asked
    assert read(people, identity).refresh_token is not None
