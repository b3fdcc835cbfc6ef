"""Whether two kinds of requests can be told apart by their times, with no clock that the verdict depends on.

The kinds are measured in random order in one run, so that whatever else the machine does happens to both.  Their times
are compared by rank (Mann and Whitney's U): the measure is how often a request of the one kind takes longer than one of
the other, which is half the time when nothing can be told, and which neither outliers nor the machine's speed move.
"""

import gc
import math
import random
import time
from collections.abc import Callable, Sequence

TELLING = 0.06
"""How far from one half somebody could tell with `ENOUGH` samples: Cohen's d of 0.2, which the literature calls a small
effect.  Chance alone gets so far in 3 of 1,000,000 runs (4.6 standard deviations), with fewer samples as seldom."""
ENOUGH = 1_000

Sample = Callable[[int], object]


def measure(one: Sample, other: Sample, count: int) -> tuple[list[int], list[int]]:
    """Nanoseconds of `count` calls of each, with their numbers, in random order after a few that warm up."""
    order = [(kind, number) for kind in (0, 1) for number in range(count)]
    random.shuffle(order)
    for number in range(-10, 0):
        one(number)
        other(number)
    times: tuple[list[int], list[int]] = [], []
    gc.collect()
    gc.disable()
    try:
        for kind, number in order:
            call = (one, other)[kind]
            began = time.perf_counter_ns()
            call(number)
            times[kind].append(time.perf_counter_ns() - began)
            if number % 100 == 0:
                gc.collect()
    finally:
        gc.enable()
    return times


def superiority(one: Sequence[float], other: Sequence[float]) -> float:
    """How often a value of `one` is the larger, ties counted half."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    total, start = 0.0, 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        rank = (start + 1 + end) / 2
        total += rank * sum(kind == 0 for _, kind in ranked[start:end])
        start = end
    return (total - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


def tells(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether somebody who measures could tell the kinds apart."""
    return abs(superiority(one, other) - 0.5) > TELLING * math.sqrt(ENOUGH / len(one))
