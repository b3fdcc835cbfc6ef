"""An upstream on loopback, for the pages that lead there."""

from collections.abc import Iterator

import pytest

from idp.federation.providers import metadata, transport
from idp.outbound import Outbound
from tests.factories import People
from tests.upstreams.oidc import OpenID, openid
from tests.web.upstream import connect


@pytest.fixture
def upstream() -> Iterator[OpenID]:
    transport.connect(Outbound(["127.0.0.0/8"]))
    metadata.forget()
    with openid() as server:
        yield server
    transport.connect(Outbound())


@pytest.fixture
def connected(people: People, upstream: OpenID) -> People:
    connect(people, upstream, creation="on")
    return people
