"""One installation for all short faults, and a load on a tenant of its own for each."""

from collections.abc import Iterator

import pytest

from tests.faults.installation import Installation, installed
from tests.faults.load import Load

RATE, CLIENTS = 45.0, 5
UNDER_WAY = 30
"""Answers after which a load has something to lose."""


@pytest.fixture(scope="package")
def installation() -> Iterator[Installation]:
    with installed() as installation:
        yield installation


@pytest.fixture
def load(installation: Installation) -> Iterator[Load]:
    """A load that is under way at the newest web server; it is stopped by the test, or at its end."""
    with Load([installation.web.url], installation.new_scene(), clients=CLIENTS, rate=RATE) as load:
        assert load.ledger.wait_for(lambda entries: len(entries) >= UNDER_WAY, 30), "the load does not get going"
        yield load
