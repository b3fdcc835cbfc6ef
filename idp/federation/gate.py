"""How many threads of a process may wait for upstreams: at most half of them, so that everybody else goes on (R53)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from idp.federation.errors import UpstreamBusy
from idp.i18n import gettext as _

RETRY_SECONDS = 2

_places: list[threading.BoundedSemaphore] = [threading.BoundedSemaphore(2)]
"""The one of this process."""


def configure(*, web_threads: int) -> None:
    """Make the gate of a process, once at its start."""
    _places[:] = [threading.BoundedSemaphore(max(1, web_threads // 2))]


@contextmanager
def pass_through() -> Iterator[None]:
    """Wait for an upstream within, if there is a place.

    Raises:
        UpstreamBusy: at once, when there is none: whoever comes waits in the browser, and not in a thread of ours.
    """
    places = _places[0]
    if not places.acquire(blocking=False):
        raise UpstreamBusy(
            _("Many people are signing in elsewhere right now. Try again in a few seconds."), retry_after=RETRY_SECONDS
        )
    try:
        yield
    finally:
        places.release()
