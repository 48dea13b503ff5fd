"""Ingest: deliveries in, believed readings into the store. The area's one writer.

`pipeline` moves work from the queue to the store; `desk` decodes and judges it; `pulse` vouches
for every feed, watches its health and raises alerts.
"""

from waitless.ingest.desk import Desk
from waitless.ingest.figures import FeedMetrics
from waitless.ingest.pipeline import Ingest
from waitless.ingest.pulse import Transport, find_feed_of, keep_pulse
from waitless.ingest.roster import BROKER
from waitless.ingest.way import Outcome

__all__ = [
    "BROKER",
    "Desk",
    "FeedMetrics",
    "Ingest",
    "Outcome",
    "Transport",
    "find_feed_of",
    "keep_pulse",
]
