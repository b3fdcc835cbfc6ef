"""The racers live as long as the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.races.racers import Racers


@pytest.fixture(scope="package")
def racers(environment: dict[str, str]) -> Iterator[Racers]:
    racers = Racers(environment)
    yield racers
    racers.stop()
