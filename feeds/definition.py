"""Feed definitions: how one source is fetched and read, as a TOML file and not as code."""

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jmespath
import msgspec

from feeds.model import Statistic
from feeds.topics import is_slug


class DefinitionFault(ValueError):
    """A definition that cannot be used; the message names the file and the field."""


class HttpPoll(msgspec.Struct, tag="http-poll", tag_field="kind", forbid_unknown_fields=True):
    """A body fetched by HTTP GET at the definition's cadence."""

    url: str
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=120)] = 10.0
    max_bytes: Annotated[int, msgspec.Meta(gt=0)] = 2 * 1024 * 1024


class JsonRows(msgspec.Struct, tag="json", tag_field="format", forbid_unknown_fields=True):
    """Rows of a JSON document: `path` is a JMESPath that gives a list of objects."""

    path: str


class Field(msgspec.Struct, forbid_unknown_fields=True):
    """Where a value stands: a JMESPath within the row, or within the whole document."""

    path: str | None = None
    document: str | None = None

    def __post_init__(self) -> None:
        if (self.path is None) == (self.document is None):
            raise ValueError("give either `path` or `document`")


class WaitField(Field, forbid_unknown_fields=True):
    """Where the wait stands and what it means. A bare number is in `unit`."""

    unit: Literal["minutes", "hours", "seconds"] = "minutes"
    statistic: Statistic = Statistic.UNSPECIFIED
    clock_from: str = "arrival"
    clock_to: str = "treatment"


class Fields(msgspec.Struct, forbid_unknown_fields=True):
    """The columns that are read; what a source does not give is left out."""

    facility: Field
    as_of: Field
    wait: WaitField
    patients_waiting: Field | None = None
    patients_in_department: Field | None = None


class FeedDefinition(msgspec.Struct, forbid_unknown_fields=True):
    """One source: transport, rows, fields, and its names for our facilities."""

    id: str
    title: str
    zone: str
    """IANA zone of times that name none."""
    cadence_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)]
    transport: HttpPoll
    rows: JsonRows
    fields: Fields
    facilities: dict[str, str]
    """The source's name of a facility -> our facility id."""
    required: bool = True
    """Whether the service is ready only after this feed has delivered once."""

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone, which loading has checked."""
        return ZoneInfo(self.zone)


def load_definition(path: Path) -> FeedDefinition:
    """Read one definition.

    Raises:
        DefinitionFault: unreadable, unknown or missing keys, or a value that cannot work.
    """
    try:
        definition = msgspec.toml.decode(path.read_bytes(), type=FeedDefinition)
        _check(definition)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, ValueError) as fault:
        raise DefinitionFault(f"{path.name}: {fault}") from fault
    return definition


def _check(definition: FeedDefinition) -> None:
    if not is_slug(definition.id):
        raise ValueError(f"id {definition.id!r} is not a slug - at `$.id`")
    try:
        definition.zone_info  # noqa: B018 - looked up for its fault
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise ValueError(f"no zone {definition.zone!r} - at `$.zone`") from fault
    if not definition.transport.url.startswith(("http://", "https://")):
        raise ValueError("an http or https address is wanted - at `$.transport.url`")
    if not definition.facilities:
        raise ValueError("no facility is mapped - at `$.facilities`")
    for name, expression in _expressions(definition):
        try:
            jmespath.compile(expression)
        except jmespath.exceptions.JMESPathError as fault:
            raise ValueError(f"{expression!r} is not a JMESPath: {fault} - at `{name}`") from fault


def _expressions(definition: FeedDefinition) -> list[tuple[str, str]]:
    found = [("$.rows.path", definition.rows.path)]
    for name in Fields.__struct_fields__:
        field: Field | None = getattr(definition.fields, name)
        if field is not None:
            found.append((f"$.fields.{name}", field.path or field.document or ""))
    return found
