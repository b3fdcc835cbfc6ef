"""Counting the events of finished days, tenant by tenant (`idp.events.rollups`)."""

import threading

from idp.events import rollups
from idp.wiring import Wiring

BATCH = 200


def count_days(wiring: Wiring, stop: threading.Event) -> int:
    """Count until no tenant is behind; answers how many were."""
    total = 0
    while not stop.is_set():
        with wiring.platform_unit() as platform:
            done = rollups.count_days(platform, limit=BATCH)
        total += done
        if done < BATCH:
            break
    return total
