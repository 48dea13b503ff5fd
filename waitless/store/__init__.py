"""The store: Redis as the shared truth. Key names, encodings and their errors live here.

Keys of an area share one hash tag, so that a Redis cluster keeps them together:
`waitless:{east-kent}:latest` (hash, facility -> reading), `:history:<facility>` (capped stream),
`:forecasts` (hash, facility -> what its forecast has learnt), `:outlooks` (hash, facility -> what
it says of the latest reading), `:feeds` (hash, feed -> health), `:pulse` (the writer's last sign of
life), `:belief` (hash, what belief remembers), `:traffic` (hash, source -> what it said of the
roads), `:watch` (what alerts were raised), `:audit` and `:signin:audit` (capped streams),
`:overrides` (hash, facility -> what an operator says of it), `:said:<facility>` (capped stream of
the same), `:epoch` (counter) and the channel `:changes`. Every write begins by asking whether this
process holds the writer's lease (`waitless.lease`).
"""

from waitless.store.changes import Changes
from waitless.store.store import Store

__all__ = ["Changes", "Store"]
