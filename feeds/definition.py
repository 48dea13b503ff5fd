"""Feed definitions: how one source is fetched and read, as a TOML file and not as code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from feeds.fields import Condition, Fields, Locator
from feeds.formats import HtmlRows, Rows
from feeds.topics import is_slug
from feeds.vocabulary.names import fold_all, fold_table

SHIPPED = Path(__file__).parent / "definitions"
"""Definitions that come with the package; an area pack may have copies of its own."""


MOST_BYTES_OF_WAITS = 16 * 1024 * 1024


class DefinitionFault(ValueError):
    """A definition that cannot be used; the message names the file and the field."""


class Transport(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What all ways of getting a payload share."""

    max_bytes: Annotated[int, msgspec.Meta(gt=0, le=64 * 1024 * 1024)] = 2 * 1024 * 1024
    """A larger payload is refused unread. Of waits at most `MOST_BYTES_OF_WAITS`; a country's
    traffic is larger."""


class HttpPoll(
    Transport, tag="http-poll", tag_field="kind", forbid_unknown_fields=True, kw_only=True
):
    """A body fetched by HTTP GET at the definition's cadence."""

    url: str
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=120)] = 10.0
    private: bool = False
    """Whether the host's name may stand for an address that is not public: a source within the
    operator's own network."""

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError("an http or https address is wanted - at `$.transport.url`")


class HttpPush(
    Transport, tag="http-push", tag_field="kind", forbid_unknown_fields=True, kw_only=True
):
    """A body that the source posts to us."""

    path: str

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError("a path that begins with / is wanted - at `$.transport.path`")


class MqttTopic(Transport, tag="mqtt", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Messages in the source's own form on one topic of the broker."""

    topic: Annotated[str, msgspec.Meta(min_length=1)]


class LocalFile(Transport, tag="file", tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """A file that something else writes, read again at the definition's cadence."""

    path: Annotated[str, msgspec.Meta(min_length=1)]


class FeedDefinition(msgspec.Struct, forbid_unknown_fields=True):
    """One source: transport, rows, fields, and its names for our facilities."""

    id: str
    title: str
    zone: str
    """IANA zone of times that name none."""
    cadence_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)]
    transport: HttpPoll | HttpPush | MqttTopic | LocalFile
    rows: Rows
    fields: Fields
    facilities: dict[str, str]
    """The source's name of a facility -> our facility id. Names are folded before comparing."""
    ignored: list[str] = []
    """Names of the source that are no facilities of ours: neither observed nor refused."""
    expected: list[str] | None = None
    """Facilities without which a document is incomplete. None: all of the table, or none of them
    where the facility is named once for the whole document."""
    enabled: bool = True
    """Whether the service fetches it; a definition that is not enabled is still checked."""
    required: bool = True
    """Whether the service is ready only after this feed has delivered once."""

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone, which loading has checked."""
        return ZoneInfo(self.zone)

    @property
    def media(self) -> str:
        """The kind of body: a key of `feeds.http_fetch.MEDIA_TYPES`."""
        tag = type(self.rows).__struct_config__.tag
        return str(tag)

    @property
    def facility_ids(self) -> frozenset[str]:
        """Every facility of ours that the source may speak of."""
        return frozenset(self.facilities.values())

    @property
    def expected_ids(self) -> frozenset[str]:
        """The facilities that every document must have."""
        if self.expected is not None:
            return frozenset(self.expected)
        return self.facility_ids if self.fields.facility.paths else frozenset()


def load_definition(path: Path) -> FeedDefinition:
    """Read one definition.

    Raises:
        DefinitionFault: unreadable, unknown or missing keys, or a value that cannot work.
    """
    try:
        definition = msgspec.toml.decode(path.read_bytes(), type=FeedDefinition)
        _check(definition)
    except (OSError, ValueError, RecursionError) as fault:
        raise DefinitionFault(f"{path.name}: {fault}") from fault
    return definition


def list_shipped() -> list[Path]:
    """The definitions that come with the package."""
    return sorted(SHIPPED.glob("*.toml"))


def _check(definition: FeedDefinition) -> None:
    if not is_slug(definition.id):
        raise ValueError(f"id {definition.id!r} is not a slug - at `$.id`")
    try:
        definition.zone_info  # noqa: B018 - looked up for its fault
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise ValueError(f"no zone {definition.zone!r} - at `$.zone`") from fault
    if definition.transport.max_bytes > MOST_BYTES_OF_WAITS:
        raise ValueError(f"at most {MOST_BYTES_OF_WAITS} - at `$.transport.max_bytes`")
    _check_names(definition)
    for name, locator in _locators(definition):
        try:
            _check_locator(definition.rows, locator)
        except ValueError as fault:
            raise ValueError(f"{fault} - at `$.{name}`") from fault


def _check_names(definition: FeedDefinition) -> None:
    if not definition.facilities:
        raise ValueError("no facility is mapped - at `$.facilities`")
    for facility_id in definition.facility_ids:
        if not is_slug(facility_id):
            raise ValueError(f"{facility_id!r} is not a slug - at `$.facilities`")
    try:
        table = fold_table(definition.facilities)
    except ValueError as fault:
        raise ValueError(f"{fault} - at `$.facilities`") from fault
    if both := table.keys() & fold_all(definition.ignored):
        raise ValueError(f"{min(both)!r} is mapped and ignored - at `$.ignored`")
    if unknown := definition.expected_ids - definition.facility_ids:
        raise ValueError(f"{min(unknown)!r} is not in the table - at `$.expected`")


def _locators(definition: FeedDefinition) -> Iterator[tuple[str, Locator]]:
    for name, locator in definition.fields.list_locators():
        yield f"fields.{name}", locator
    conditions: list[tuple[str, list[Condition]]] = [
        ("rows.drop", definition.rows.drop),
        ("rows.require", definition.rows.require),
    ]
    for name, listed in conditions:
        yield from ((name, condition) for condition in listed)


def _check_locator(rows: Rows, locator: Locator) -> None:
    for path in locator.paths:
        rows.check_path(path)
    if locator.document is not None:
        rows.check_document(locator.document)
    if locator.attribute is not None and not isinstance(rows, HtmlRows):
        raise ValueError("only HTML has attributes")
