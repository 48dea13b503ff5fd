"""Traffic definitions: how one source of traffic is fetched and read, as a TOML file."""

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from feeds.definition import DefinitionFault, HttpPoll, LocalFile, Transport
from feeds.topics import TRAFFIC, is_slug

TAKEN = frozenset({"status", TRAFFIC})
"""Names that mean something else in topics."""


class MqttTraffic(
    Transport, tag="mqtt-traffic", tag_field="kind", forbid_unknown_fields=True, kw_only=True
):
    """Messages of our own form on the source's own topic, `waitless/v1/{area}/traffic/{id}`."""


class TrafficDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One source of traffic."""

    id: str
    title: str
    format: Literal["datex2", "json"]
    cadence_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)]
    transport: HttpPoll | LocalFile | MqttTraffic
    valid_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 900.0
    """How long a figure is live for which the source names no end."""
    snapshot: bool = False
    """Whether every document lists all events there are, so that any other has ended."""
    zone: str | None = None
    """DATEX II: IANA zone of times that name none, and of hours and days that recur."""
    links: str | None = None
    """The link table, a CSV file beside this one; None: its links are our own junctions' names."""
    enabled: bool = True
    """Whether the service fetches it; a definition that is not enabled is still checked."""

    @property
    def zone_info(self) -> ZoneInfo | None:
        """The zone, which loading has checked."""
        return None if self.zone is None else ZoneInfo(self.zone)

    @property
    def media(self) -> str:
        """The kind of body: a key of `feeds.http_fetch.MEDIA_TYPES`."""
        return "xml" if self.format == "datex2" else "json"


def load_traffic_definition(path: Path) -> TrafficDefinition:
    """Read one definition.

    Raises:
        DefinitionFault: unreadable, unknown or missing keys, or a value that cannot work.
    """
    try:
        definition = msgspec.toml.decode(path.read_bytes(), type=TrafficDefinition)
        _check(definition)
    except (OSError, ValueError, RecursionError) as fault:
        raise DefinitionFault(f"{path.name}: {fault}") from fault
    return definition


def _check(definition: TrafficDefinition) -> None:
    if not is_slug(definition.id) or definition.id in TAKEN:
        raise ValueError(f"id {definition.id!r} is not a slug, or taken - at `$.id`")
    if definition.links is not None and Path(definition.links).name != definition.links:
        raise ValueError("a file name without a folder is wanted - at `$.links`")
    if isinstance(definition.transport, MqttTraffic) and definition.format != "json":
        raise ValueError("over MQTT comes our own JSON alone - at `$.format`")
    if definition.zone is not None and definition.format != "datex2":
        raise ValueError("times of our own JSON name their zone - at `$.zone`")
    try:
        definition.zone_info  # noqa: B018 - looked up for its fault
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise ValueError(f"no zone {definition.zone!r} - at `$.zone`") from fault
