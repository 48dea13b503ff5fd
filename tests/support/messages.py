"""Messages as providers send them."""

from datetime import datetime, timedelta
from typing import Any

import orjson

from feeds.model import Observation, Statistic, Wait
from tests.support.clock import MONDAY_MORNING


def observation(
    facility_id: str = "deal-utc",
    minutes: float | None = 22,
    *,
    as_of: datetime = MONDAY_MORNING,
    **more: Any,
) -> Observation:
    given: dict[str, Any] = {
        "feed_id": "kcht",
        "received_at": as_of + timedelta(seconds=5),
        "wait": Wait(minutes=minutes, statistic=Statistic.MEDIAN),
        "patients_waiting": 6,
        **more,
    }
    return Observation(facility_id=facility_id, as_of=as_of, **given)


def event(**data: Any) -> dict[str, Any]:
    """A wait message as a document, to be spoilt and sent."""
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "/tests",
        "type": "uk.waitless.wait.v1",
        "data": {
            "facility": "deal-utc",
            "as_of": MONDAY_MORNING.isoformat(),
            "wait_minutes": 22,
            "statistic": "median",
            **data,
        },
    }


def event_bytes(**data: Any) -> bytes:
    return orjson.dumps(event(**data))
