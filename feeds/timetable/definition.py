"""Definitions of trip updates: how one source is fetched, as a TOML file."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from feeds.definition import DefinitionFault, HttpPoll, LocalFile
from feeds.topics import is_slug
from feeds.traffic.definition import TAKEN

MOST_BYTES = 8 * 1024 * 1024
"""Of a message: one made to do harm takes 40 times its size in memory."""


class TripUpdatesDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One source of trip updates."""

    id: str
    title: str
    format: Literal["gtfs-realtime"]
    cadence_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)]
    transport: HttpPoll | LocalFile
    valid_s: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 600.0
    """How long a message counts, from the time that its feed made it."""
    enabled: bool = True
    """Whether the service fetches it; a definition that is not enabled is still checked."""

    @property
    def media(self) -> str:
        """The kind of body: a key of `feeds.http_fetch.MEDIA_TYPES`."""
        return "protobuf"


def load_trip_updates_definition(path: Path) -> TripUpdatesDefinition:
    """Read one definition.

    Raises:
        DefinitionFault: unreadable, unknown or missing keys, or a value that cannot work.
    """
    try:
        definition = msgspec.toml.decode(path.read_bytes(), type=TripUpdatesDefinition)
        _check(definition)
    except (OSError, ValueError, RecursionError) as fault:
        raise DefinitionFault(f"{path.name}: {fault}") from fault
    return definition


def _check(definition: TripUpdatesDefinition) -> None:
    if not is_slug(definition.id) or definition.id in TAKEN:
        raise ValueError(f"id {definition.id!r} is not a slug, or taken - at `$.id`")
    if definition.transport.max_bytes > MOST_BYTES:
        raise ValueError(f"at most {MOST_BYTES} - at `$.transport.max_bytes`")
