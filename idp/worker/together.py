"""A few pieces of work at once, each in a thread that nobody waits for when the process ends."""

import threading
from collections.abc import Callable, Sequence


def run(acts: Sequence[Callable[[], None]]) -> None:
    """Do all of them, and return when all have ended.

    Raises:
        BaseException: what the first of them raised.
    """
    if len(acts) == 1:
        acts[0]()
        return
    raised: list[BaseException] = []

    def guarded(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(act,), name="delivery", daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
