"""What travel takes at one moment."""

from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray


class ConditionsFault(Exception):
    """Times for one moment cannot be those of a network's links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Times by the links of one network; made by the network, never changed."""

    times_s: NDArray[np.float32]
    """Seconds; infinite where a link is closed now."""
    live: NDArray[np.bool_]
    """Whether a live figure is in this link's time."""
    version: str = field(init=False)
    """Changes with either."""

    def __post_init__(self) -> None:
        self.times_s.flags.writeable = self.live.flags.writeable = False
        digest = sha256(self.times_s.tobytes())
        digest.update(self.live.tobytes())
        object.__setattr__(self, "version", digest.hexdigest()[:8])


def gather_conditions(
    times_s: NDArray[np.floating],
    live: NDArray[np.bool_],
    source: NDArray[np.int32],
    edge_count: int,
) -> Conditions:
    """Take from figures by edge those of each link.

    Raises:
        ConditionsFault: there are not as many figures as edges, or a link's time is not above zero.
    """
    for name, given in (("times", times_s), ("live flags", live)):
        if given.shape != (edge_count,):
            raise ConditionsFault(f"{name} by {edge_count} edges wanted, not {given.shape}")
    with np.errstate(over="ignore", under="ignore"):
        link_s = times_s[source].astype(np.float32)
    wrong = np.flatnonzero(~(link_s > 0))
    if len(wrong):
        edge = int(source[wrong[0]])
        raise ConditionsFault(
            f"edge {edge}: a time of {times_s[edge]} s; it must be above zero, infinite where the"
            f" edge is closed ({len(wrong)} such)"
        )
    return Conditions(times_s=link_s, live=live[source])
