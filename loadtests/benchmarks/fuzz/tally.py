"""What became of payloads and of what was in them."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What became of payloads and of what was in them."""

    payloads: Counter[str] = field(default_factory=Counter)
    """By kind of payload and its best outcome."""
    observations: Counter[str] = field(default_factory=Counter)
    """By rule or reason."""
    faults: Counter[str] = field(default_factory=Counter)
    """By exception and place."""
    examples: dict[str, str] = field(default_factory=dict)
    slowest_s: float = 0.0
    slowest: str = ""

    def add(self, other: "Tally") -> None:
        """Take another's figures in."""
        self.payloads += other.payloads
        self.observations += other.observations
        self.faults += other.faults
        for place, example in other.examples.items():
            if len(example) < len(self.examples.get(place, example + " ")):
                self.examples[place] = example
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest
