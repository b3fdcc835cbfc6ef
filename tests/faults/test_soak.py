"""An hour's worth of requests in minutes: what grows without end is found here, long before it is found at night."""

import os
import time

import pytest

from tests.faults import sampling
from tests.faults.installation import installed
from tests.faults.ledger import no_request_breaks
from tests.faults.load import Load

pytestmark = [pytest.mark.live, pytest.mark.soak]

REQUESTS = int(os.environ.get("IDP_SOAK_REQUESTS", "36000"))
"""An hour of ten a second."""
ROUNDS = 6
ANSWERS_AN_ACT = 1.15


def test_an_hour_of_requests_leaves_nothing_behind() -> None:
    with installed() as installation:
        samples = []
        for number in range(ROUNDS):
            begun = time.monotonic()
            most = int(REQUESTS / ROUNDS / ANSWERS_AN_ACT)
            with Load([installation.web.url], installation.new_scene(), rate=1000.0, most=most) as load:
                load.wait(1800)
            installation.reconcile(load, no_request_breaks)
            samples.append(sampling.look(installation))
            rate = len(load.ledger.entries) / (time.monotonic() - begun)
            print(f"\nround {number + 1}: {len(load.ledger.entries)} requests, {rate:.0f}/s; {samples[-1].line()}")
        assert sampling.growth(samples[0], samples[-1]) == []
