"""What sources last said, whatever order it comes in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from feeds.traffic.model import Effect, LinkFigure, Period, RoadEvent, TrafficReport
from waitless.traffic.picture import (
    FORGOTTEN_AFTER,
    SourcePicture,
    find_next_change,
    is_fading,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
VALID = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


def figure(as_of: datetime = NOON, **values: object) -> LinkFigure:
    return LinkFigure(**{"link_id": "a", "as_of": as_of, "travel_s": 100.0, **values})  # type: ignore[arg-type]


def event(event_id: str, at: datetime = NOON, **values: object) -> RoadEvent:
    known = {"id": event_id, "versioned_at": at, "kind": "Accident", "effect": Effect.CLOSED}
    return RoadEvent(**{**known, **values})  # type: ignore[arg-type]


def report(at: datetime = NOON, **values: object) -> TrafficReport:
    return TrafficReport(feed_id="s", published_at=at, received_at=at, **values)  # type: ignore[arg-type]


def held(picture: SourcePicture) -> list[str]:
    return sorted(picture.events)


def test_a_newer_figure_replaces_an_older_and_never_the_other_way_round() -> None:
    picture = SourcePicture()
    assert picture.apply(report(figures=(figure(),)), VALID)
    later = figure(NOON + MINUTE, travel_s=200.0)
    assert picture.apply(report(figures=(later,)), VALID)
    assert not picture.apply(report(figures=(figure(),)), VALID)
    assert picture.figures["a"].figure == later


def test_a_figure_is_live_until_its_own_end_or_for_as_long_as_the_source_is_believed() -> None:
    picture = SourcePicture()
    own = figure(link_id="b", expires_at=NOON + 3 * MINUTE)
    picture.apply(report(figures=(figure(), own)), VALID)
    assert picture.figures["a"].live_until == NOON + VALID
    assert picture.figures["b"].live_until == NOON + 3 * MINUTE
    assert find_next_change({"s": picture}, NOON) == NOON + 3 * MINUTE


def test_of_ids_that_a_source_makes_up_for_ever_only_so_many_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("waitless.traffic.picture.MOST_FIGURES", 2)
    monkeypatch.setattr("waitless.traffic.picture.MOST_EVENTS", 2)
    told = report(
        figures=tuple(figure(link_id=one) for one in "aba"),
        events=(event("A"), event("B")),
    )
    picture = SourcePicture()
    fitting, beyond = picture.fit(told)
    assert (fitting, beyond) == (told, 0)
    picture.apply(fitting, VALID)

    later = replace(
        told,
        figures=(figure(NOON + MINUTE, link_id="c"), figure(NOON + MINUTE, link_id="b")),
        events=(event("C"), event("A", NOON + MINUTE)),
    )
    fitting, beyond = picture.fit(later)
    assert beyond == 2
    assert [one.link_id for one in fitting.figures] == ["b"]
    assert [one.id for one in fitting.events] == ["A"]
    whole, beyond = picture.fit(replace(later, figures=(), full_refresh=True))
    assert (len(whole.events), beyond) == (2, 0)

    picture.apply(report(NOON + MINUTE, ended=("X", "Y", "Z")), VALID)
    picture.apply(report(NOON + 2 * MINUTE, ended=("A",)), VALID)
    assert len(picture.ghosts) == 2
    assert "A" in picture.ghosts


def test_an_expired_figure_fades_and_is_then_forgotten() -> None:
    picture = SourcePicture()
    picture.apply(report(figures=(figure(),)), VALID)
    over = NOON + VALID
    assert not is_fading({"s": picture}, over - MINUTE)
    assert is_fading({"s": picture}, over)
    picture.prune(over + FORGOTTEN_AFTER - MINUTE)
    assert "a" in picture.figures
    picture.prune(over + FORGOTTEN_AFTER)
    assert not picture.figures
    assert find_next_change({"s": picture}, over) is None


def test_a_figure_that_its_source_vouches_for_until_the_last_day_there_is_is_held() -> None:
    """As many write "until further notice"; whatever counts on from there has no date."""
    picture = SourcePicture()
    picture.apply(report(figures=(figure(expires_at=datetime.max.replace(tzinfo=UTC)),)), VALID)
    picture.prune(NOON)
    assert "a" in picture.figures
    assert not is_fading({"s": picture}, NOON)


def test_a_full_refresh_ends_whatever_it_does_not_list() -> None:
    picture = SourcePicture()
    picture.apply(report(events=(event("A"), event("B"), event("C"))), VALID)
    picture.apply(report(NOON + MINUTE, events=(event("B"), event("D")), full_refresh=True), VALID)
    assert held(picture) == ["B", "D"]
    picture.apply(report(NOON + 2 * MINUTE, events=(event("E", NOON + 2 * MINUTE),)), VALID)
    assert held(picture) == ["B", "D", "E"]


def test_a_whole_situation_ends_its_other_events_and_no_one_elses() -> None:
    picture = SourcePicture()
    own, other = {"situation_id": "s"}, {"situation_id": "t"}
    told = (event("A", **own), event("B", **own), event("C", **own), event("D", **other))
    newer = event("E", NOON + 2 * MINUTE, **own)
    picture.apply(report(events=(*told, event("F"), newer)), VALID)
    whole = report(NOON + MINUTE, events=(told[0],), ended=("B",), whole_situations=("s",))
    assert picture.apply(whole, VALID)
    assert held(picture) == ["A", "D", "E", "F"]
    picture.apply(report(NOON + 2 * MINUTE, events=(told[2],)), VALID)
    assert held(picture) == ["A", "D", "E", "F"], "an old version does not come back"


def test_what_was_published_before_a_refresh_changes_nothing_after_it() -> None:
    picture = SourcePicture()
    picture.apply(report(NOON, events=(event("B"),), full_refresh=True), VALID)
    assert not picture.apply(report(NOON - MINUTE, events=(event("A", NOON - MINUTE),)), VALID)
    assert held(picture) == ["B"]


def test_an_older_version_neither_replaces_a_newer_nor_raises_an_ended_event() -> None:
    picture = SourcePicture()
    newer = event("A", NOON + MINUTE, effect=Effect.RESTRICTED)
    picture.apply(report(NOON + MINUTE, events=(newer,)), VALID)
    picture.apply(report(NOON + 2 * MINUTE, events=(event("A"),)), VALID)
    assert picture.events["A"] == newer
    picture.apply(report(NOON + 3 * MINUTE, ended=("A",)), VALID)
    picture.apply(report(NOON + 4 * MINUTE, events=(newer,)), VALID)
    assert held(picture) == []
    picture.apply(report(NOON + 5 * MINUTE, events=(event("A", NOON + 5 * MINUTE),)), VALID)
    assert held(picture) == ["A"]


def test_an_end_that_is_older_than_the_event_ends_nothing() -> None:
    picture = SourcePicture()
    picture.apply(report(NOON + MINUTE, events=(event("A", NOON + MINUTE),)), VALID)
    picture.apply(report(NOON, ended=("A",)), VALID)
    assert held(picture) == ["A"]


def test_an_event_is_in_force_during_its_periods_unless_suspended() -> None:
    night = Period(start=NOON + 10 * MINUTE, end=NOON + 20 * MINUTE)
    picture = SourcePicture()
    picture.apply(
        report(
            events=(
                event("night", periods=(night,)),
                event("always"),
                event("not now", suspended=True),
                event("a word", effect=Effect.INFORMATION),
            )
        ),
        VALID,
    )

    def in_force(now: datetime) -> list[str]:
        return sorted(one.id for one in picture.in_force(now))

    assert in_force(NOON) == ["always"]
    assert in_force(NOON + 10 * MINUTE) == in_force(NOON + 19 * MINUTE) == ["always", "night"]
    assert in_force(NOON + 20 * MINUTE) == ["always"]
    assert find_next_change({"s": picture}, NOON) == night.start
    assert find_next_change({"s": picture}, night.start) == night.end
    picture.prune(NOON + 20 * MINUTE)
    assert "night" not in picture.events


def test_the_store_can_keep_it() -> None:
    picture = SourcePicture()
    late = replace(event("A"), periods=(Period(start=NOON),))
    picture.apply(report(figures=(figure(),), events=(late,), ended=("Z",)), VALID)
    kept = msgspec.json.decode(msgspec.json.encode(picture), type=SourcePicture)
    assert kept == picture
