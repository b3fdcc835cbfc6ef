"""The budgets of round trips, held by way of pgbouncer: the very tests of tests/budgets, on another stand."""

from collections.abc import Iterator

import pytest

from idp.config import Settings
from idp.wiring import Wiring
from tests.budgets.test_round_trips import (
    Stand,
    stand_on,
    test_a_code_exchange_takes_five,
    test_a_refresh_takes_four,
    test_client_credentials_asks_nothing_when_warm,
    test_client_credentials_asks_three_times_when_cold,
    test_introspection_takes_three,
    test_userinfo_takes_three,
    tokens,
)
from tests.shapes.pgbouncer import Pgbouncer

__all__ = [
    "test_a_code_exchange_takes_five",
    "test_a_refresh_takes_four",
    "test_client_credentials_asks_nothing_when_warm",
    "test_client_credentials_asks_three_times_when_cold",
    "test_introspection_takes_three",
    "test_userinfo_takes_three",
    "tokens",
]
pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def stand(bouncer: Pgbouncer, environment: dict[str, str], wiring: Wiring) -> Iterator[Stand]:
    yield from stand_on(Settings.load(bouncer.environment(environment)))
