"""Whether what a process holds grows: a slope that passes over bursts and finds leaks. Pure."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from statistics import median

Samples = Sequence[tuple[float, float]]
"""(seconds, MiB or open files), in order of time."""

SETTLED_SHARE = 1 / 3
"""What comes before is not judged: caches fill and code is compiled."""
JUDGED_S = 600.0
"""Growth is told in per cent of so long."""
JUDGED_FROM_S = 600.0
"""What shorter runs tell of growth is told, and not judged."""
STRETCHES = 12
FEWEST = 2 * STRETCHES
"""Settled samples without which there is no slope."""


def growth_percent(samples: Samples) -> float:
    """How fast what is held grows, in per cent of its median in ten minutes.

    A leak raises what is held when least is held; a burst does not, nor does a garbage collector's
    sawtooth. So what is settled is cut into twelve stretches, each counts as its lower decile, and
    the slope is that of Theil and Sen over those (the median of all pairs' slopes: Sen, "Estimates
    of the Regression Coefficient Based on Kendall's Tau", JASA 63, 1968), which up to 29% of the
    points cannot sway. One step that stays counts as at most what it adds, spread over what is
    settled: some 9/5 of it in a soak of ten minutes, 3/10 of it in one of an hour.

    Returns:
        NaN where fewer than `FEWEST` samples are settled, or nothing was held.
    """
    if not samples:
        return math.nan
    first, last = samples[0][0], samples[-1][0]
    settled = [one for one in samples if one[0] >= first + SETTLED_SHARE * (last - first)]
    if len(settled) < FEWEST:
        return math.nan
    ends = [len(settled) * number // STRETCHES for number in range(STRETCHES + 1)]
    floors = [_floor(settled[begin:end]) for begin, end in pairwise(ends)]
    slopes = [
        (after[1] - before[1]) / (after[0] - before[0]) for before, after in combinations(floors, 2)
    ]
    held = median(size for _, size in floors)
    return 100 * median(slopes) * JUDGED_S / held if held > 0 else math.nan


def most_growth_percent(held: Mapping[str, Samples], until: float) -> float:
    """The fastest growth of any process; infinite if one was no longer there at the end.

    Args:
        held: of each process, as `growth_percent` takes it.
        until: the time of the last sample of any.
    """
    return max(
        (
            math.inf if samples[-1][0] < until else growth_percent(samples)
            for samples in held.values()
        ),
        default=math.nan,
    )


def _floor(stretch: Samples) -> tuple[float, float]:
    """The middle of a stretch in time, and its lower decile."""
    sizes = sorted(size for _, size in stretch)
    return median(at for at, _ in stretch), sizes[len(sizes) // 10]
