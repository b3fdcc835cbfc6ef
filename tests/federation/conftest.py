"""Upstreams on loopback, which providers may call, and which are gone with the test."""

from collections.abc import Iterator

import pytest

from idp import outbound
from idp.federation.providers import metadata, transport
from idp.outbound import Outbound
from tests.upstreams.github import GitHub, github
from tests.upstreams.oidc import OpenID, openid

LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture
def loopback() -> Iterator[None]:
    """Providers may call loopback; what they remember of it ends with the test."""
    before = transport._client[0]
    transport.connect(Outbound(LOOPBACK))
    metadata.forget()
    yield
    transport.connect(before)
    metadata.forget()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bounds of time, smaller."""
    monkeypatch.setattr(outbound, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.5)


@pytest.fixture
def hub(loopback: None) -> Iterator[GitHub]:
    with github() as server:
        yield server


@pytest.fixture
def provider(loopback: None) -> Iterator[OpenID]:
    with openid() as server:
        yield server
