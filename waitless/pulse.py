"""What the ingest process tells every reader beside readings and feed health."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The last sign of life of the area's writer."""

    at: datetime
    """When it was given."""
    heartbeat_at: datetime | None = None
    """When the last probe that travelled the whole pipeline was sent; None without MQTT."""
    held: dict[str, str] = field(default_factory=dict)
    """Facilities whose newest value is held back, with the rule."""
