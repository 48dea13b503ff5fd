"""The legs of a journey in words, where an answer has them."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from waitless.web.tongues import Say, mark
from waitless.web.wording import duration

_ON_THE_WAY = {
    "walk": mark("Walk {time} to {stop}"),
    "wait": mark("Wait {time}"),
    "drive": mark("Drive {time}"),
    "cycle": mark("Cycle {time}"),
}
_LAST_WALK = mark("Walk {time}")


def describe_legs(legs: Sequence[Any] | None, zone: tzinfo, say: Say) -> list[str]:
    """A sentence for each leg; none where the journey has no legs.

    Args:
        legs: in their order, with the attributes that the API gives them.
        zone: of the local clock.
        say: the page's language.
    """
    return [text for leg in legs or () if (text := _describe(leg, zone, say))]


def _describe(leg: Any, zone: tzinfo, say: Say) -> str | None:  # noqa: ANN401 - the API's own type
    kind, time = leg.kind, duration(max(1, round(leg.minutes or 0)), say)
    if kind == "ride":
        return _ride(leg, time, zone, say)
    if kind == "arrive":
        return say("Arrive at {clock}", clock=_clock(leg.ends_at, zone)) if leg.ends_at else None
    if kind == "walk" and not leg.to_stop:
        return say(_LAST_WALK, time=time)
    template = _ON_THE_WAY.get(kind)
    return None if template is None else say(template, time=time, stop=leg.to_stop)


def _ride(leg: Any, time: str, zone: tzinfo, say: Say) -> str:  # noqa: ANN401 - the same
    line = " ".join(word for word in (leg.line, leg.headsign and f"({leg.headsign})") if word)
    text = say(
        "{clock} {line} from {start} to {end}, {time}",
        clock=_clock(leg.starts_at, zone) if leg.starts_at else "",
        line=line, start=leg.from_stop, end=leg.to_stop, time=time,
    ).strip()  # fmt: skip
    if leg.every_minutes:
        text += ". " + say("One every {m} min", m=round(leg.every_minutes))
    return text + (". " + say("Live time") if leg.live else "")


def _clock(moment: Any, zone: tzinfo) -> str:  # noqa: ANN401 - a time, or one already written
    return moment if isinstance(moment, str) else f"{moment.astimezone(zone):%H:%M}"
