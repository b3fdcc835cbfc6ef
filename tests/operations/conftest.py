"""The terminal of an operator, and installations that a test may do anything to."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.conftest import Terminal, idp
from tests.operations.installation import Installation

__all__ = ["idp"]


@pytest.fixture
def installation(
    addresses: dict[str, str], environment: dict[str, str], worker_id: str, wiring: Any
) -> Iterator[Installation]:
    """A database of this test alone; `wiring` only brings the ready-made keys and the cheap passwords."""
    made = Installation.make(addresses, environment, f"idp_operations_{worker_id}")
    yield made
    made.close()


@pytest.fixture
def terminal(installation: Installation, idp: Terminal) -> Terminal:
    """`idp` at that installation."""
    return Terminal(installation.environment)
