"""Several speeds of one site, by lane or by length of vehicle, to one."""

from collections.abc import Sequence


def combine_speeds(
    speeds: Sequence[tuple[bool, float | None]], flows: Sequence[tuple[int, float | None]]
) -> float | None:
    """The mean speed of a site, weighed by flow where it is certain which flow is whose.

    Speeds of all vehicles are preferred to those of some. Flows are never more than weights.

    Args:
        speeds: in document order: whether each is of all vehicles, and km/h or None for no figure.
        flows: in document order: how many speeds came before each, and vehicles per hour or None
            for no figure.

    Returns:
        km/h; None where no speed is known.
    """
    for_all = any(whole and speed is not None for whole, speed in speeds)
    chosen = [
        (speed, weight)
        for (whole, speed), weight in zip(speeds, _weigh(len(speeds), flows), strict=True)
        if speed is not None and whole == for_all
    ]
    if not chosen:
        return None
    total = sum(weight for _, weight in chosen)
    if total <= 0:
        return sum(speed for speed, _ in chosen) / len(chosen)
    return sum(speed * weight for speed, weight in chosen) / total


def _weigh(count: int, flows: Sequence[tuple[int, float | None]]) -> list[float]:
    """The weight of each speed.

    Where flows follow every speed, as loops list them lane by lane (NTIS's MIDAS has four classes
    of vehicle after each lane's speed), they weigh the one before them. Else, of as many flows as
    speeds, the nth weighs the nth. Else, and where any flow is not known, all weigh the same.
    """
    known = [(before, flow) for before, flow in flows if flow is not None]
    if len(known) == len(flows):
        if {before for before, _ in known} == set(range(1, count + 1)):
            weights = [0.0] * count
            for before, flow in known:
                weights[before - 1] += flow
            return weights
        if len(known) == count:
            return [flow for _, flow in known]
    return [1.0] * count
