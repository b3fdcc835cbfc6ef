"""What a browser calls itself, in words: “Firefox on Windows”.  For people who look for a sign-in that was not theirs.

Anybody may send any string, so what comes back is short and plain, and is never a proof of anything.
"""

import re
from functools import lru_cache

from idp.i18n import gettext as _

LONGEST = 512
_UNPLAIN = re.compile(r"[^\w .+()-]", re.ASCII)
_LONGEST_NAME = 40


def name_of(user_agent: str | None) -> str | None:
    """The browser and the system in the current language, or whichever of them is known, or None."""
    browser, system = _parse((user_agent or "")[:LONGEST])
    if browser and system:
        return _("{browser} on {system}", browser=browser, system=system)
    return browser or system


@lru_cache(maxsize=1024)
def _parse(user_agent: str) -> tuple[str | None, str | None]:
    if not user_agent:
        return None, None
    from ua_parser import parse  # noqa: PLC0415 - its patterns take a tenth of a second to load

    found = parse(user_agent)
    return (
        _plain(found.user_agent.family) if found.user_agent else None,
        _plain(found.os.family) if found.os else None,
    )


def _plain(name: str) -> str | None:
    return _UNPLAIN.sub("", name).strip()[:_LONGEST_NAME] or None
