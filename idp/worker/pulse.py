"""The worker's pulse: when its loop last came round, or got on with something long."""

import time

from idp import metrics

STALLED_SECONDS = 900.0
"""No single piece of work takes so long: deletions go in batches, and every call to the outside has its bound."""


class Pulse:
    """Beaten by the loop, felt by whoever asks whether the process is alive."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def beat(self) -> None:
        """The loop gets on."""
        self._last = time.monotonic()
        metrics.ROUND.set_to_current_time()

    def is_alive(self) -> bool:
        """Whether it got on lately."""
        return time.monotonic() - self._last < STALLED_SECONDS


pulse = Pulse()
"""Of this process."""
