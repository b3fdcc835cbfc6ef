"""How many cores this process may use: those of its affinity, bounded by the quota of its cgroup."""

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable(cgroup: Path = _CGROUP) -> int:
    """At least one.  A container with a quota of 1.5 cores on a machine of 64 has two.

    Args:
        cgroup: the folder of this process's control group; of version 2, or version 1 beside it.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(cgroup)
    return affinity if quota is None else max(1, min(affinity, math.ceil(quota)))


def _quota(cgroup: Path) -> float | None:
    """Cores' worth of time a period; None where nothing is said, or no bound is set."""
    try:
        words = (cgroup / "cpu.max").read_text("ascii").split()
    except OSError:
        words = _version_1(cgroup)
    if len(words) != 2 or not all(word.isdecimal() for word in words):  # noqa: PLR2004 - "max 100000" has no quota
        return None
    allowed, period = map(int, words)
    return allowed / period if allowed and period else None


def _version_1(cgroup: Path) -> list[str]:
    try:
        return [
            (cgroup / "cpu" / name).read_text("ascii").strip() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        ]
    except OSError:
        return []
