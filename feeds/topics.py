"""The MQTT topic grammar: `waitless/v1/{area}/{provider}/{facility}/wait` and its companions."""

import re
from dataclasses import dataclass
from functools import lru_cache

PREFIX = "waitless/v1"
TRAFFIC = "traffic"
"""Stands where a provider's name would, so no provider is called so; nor a source `status`."""
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_SLUG_LENGTH = 64
MAX_TOPIC_LENGTH = 256
"""The longest of ours has some 200 characters; MQTT allows 65,535."""


@dataclass(frozen=True, slots=True)
class WaitTopic:
    """Topic of one facility's waits."""

    area: str
    provider: str
    facility_id: str

    def __str__(self) -> str:
        return f"{PREFIX}/{self.area}/{self.provider}/{self.facility_id}/wait"


@dataclass(frozen=True, slots=True)
class StatusTopic:
    """Topic of one provider's connection status."""

    area: str
    provider: str

    def __str__(self) -> str:
        return f"{PREFIX}/{self.area}/{self.provider}/status"


@dataclass(frozen=True, slots=True)
class ProbeTopic:
    """Topic of an ingest process's own heartbeat, which travels the whole pipeline."""

    area: str
    instance: str

    def __str__(self) -> str:
        return f"{PREFIX}/{self.area}/probe/{self.instance}"


@dataclass(frozen=True, slots=True)
class TrafficTopic:
    """Topic of one traffic source."""

    area: str
    source: str

    def __str__(self) -> str:
        return f"{PREFIX}/{self.area}/{TRAFFIC}/{self.source}"


Topic = WaitTopic | StatusTopic | ProbeTopic | TrafficTopic


def subscriptions(area: str) -> tuple[str, ...]:
    """The filters that cover every wait, status and traffic topic of an area."""
    here = f"{PREFIX}/{area}"
    return f"{here}/+/+/wait", f"{here}/+/status", f"{here}/{TRAFFIC}/+"


def find_topic(topic: str, area: str) -> Topic | None:
    """The parsed topic, or None where it is not one of this area's."""
    return _parse(topic, area) if len(topic) <= MAX_TOPIC_LENGTH else None


@lru_cache(maxsize=4096)
def _parse(topic: str, area: str) -> Topic | None:
    """The same ones come again: they are kept, and none that would fill the memory."""
    match topic.split("/"):
        case ["waitless", "v1", there, "traffic", source]:
            if there == area and is_slug(source) and source != "status":
                return TrafficTopic(area, source)
        case ["waitless", "v1", there, provider, facility_id, "wait"]:
            if there == area and is_slug(provider) and is_slug(facility_id):
                return WaitTopic(area, provider, facility_id)
        case ["waitless", "v1", there, provider, "status"]:
            if there == area and is_slug(provider):
                return StatusTopic(area, provider)
        case ["waitless", "v1", there, "probe", instance]:
            if there == area:
                return ProbeTopic(area, instance)
        case _:
            pass
    return None


def is_slug(text: str) -> bool:
    """Whether text is a lower-case identifier such as `deal-utc`."""
    return len(text) <= MAX_SLUG_LENGTH and _SLUG.fullmatch(text) is not None
