"""What became of what a traffic source says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of what sources say, for operators."""

    live: int = 0
    """Link figures in use."""
    fading: int = 0
    """Expired ones, on their way back to the usual."""
    unlocated_links: int = 0
    unlocated_events: int = 0
    implausible: int = 0
    """Figures that would mean a speed that no road has."""
    closed_edges: int = 0
