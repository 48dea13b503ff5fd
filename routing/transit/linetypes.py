"""What kind of vehicle a line has, from the number that GTFS gives it."""

from typing import Final

_BASIC: Final = {
    0: "tram",
    1: "metro",
    2: "rail",
    3: "bus",
    4: "ferry",
    5: "tram",
    6: "cable_car",
    7: "funicular",
    11: "trolleybus",
    12: "monorail",
}
"""GTFS Schedule reference, routes.txt, `route_type`."""

_EXTENDED: Final = {
    1: "rail",
    2: "coach",
    4: "metro",
    5: "metro",
    6: "metro",
    7: "bus",
    8: "trolleybus",
    9: "tram",
    10: "ferry",
    11: "air",
    12: "ferry",
    13: "cable_car",
    14: "funicular",
    15: "taxi",
}
"""By hundreds of the extended route types (Google Transit, Extended GTFS Route Types)."""


def name_line_type(number: int) -> str:
    """Return the kind in one word; `other` where the number says none."""
    return _BASIC.get(number) or _EXTENDED.get(number // 100, "other")
