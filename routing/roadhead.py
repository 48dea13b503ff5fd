"""The JSON head of a built road file."""

import json
from dataclasses import asdict, dataclass
from typing import Any


class HeadFault(ValueError):
    """A head that does not say what it must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a file says before its arrays."""

    meta: dict[str, Any]
    only_met: bool
    class_names: tuple[str, ...]
    road_names: tuple[str, ...]
    slugs: tuple[str, ...]
    titles: tuple[str, ...]
    junctions: int
    edges: int
    paced_edges: int
    """Edges with their own times on foot and by bicycle: all or none."""
    barrier_points: int
    barriers: int


def encode_head(head: Head) -> bytes:
    """Return the head's bytes."""
    return json.dumps(asdict(head), ensure_ascii=False, sort_keys=True).encode()


def decode_head(data: bytes) -> Head:
    """Return what the bytes say.

    Raises:
        HeadFault: something is missing or of another type.
    """
    try:
        head = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise HeadFault(f"the head is not JSON: {error}") from error
    if not isinstance(head, dict) or not isinstance(head.get("meta"), dict):
        raise HeadFault("the head has no meta")
    if not isinstance(head.get("only_met"), bool):
        raise HeadFault("only_met must be true or false")
    return Head(
        meta=head["meta"],
        only_met=head["only_met"],
        class_names=_get_names(head, "class_names"),
        road_names=_get_names(head, "road_names"),
        slugs=_get_names(head, "slugs"),
        titles=_get_names(head, "titles"),
        junctions=_get_count(head, "junctions"),
        edges=_get_count(head, "edges"),
        paced_edges=_get_count(head, "paced_edges"),
        barrier_points=_get_count(head, "barrier_points"),
        barriers=_get_count(head, "barriers"),
    )


def _get_names(head: dict[str, Any], name: str) -> tuple[str, ...]:
    value = head.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise HeadFault(f"{name} must be a list of texts")
    return tuple(value)


def _get_count(head: dict[str, Any], name: str) -> int:
    value = head.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise HeadFault(f"{name} must be a count")
    return value
