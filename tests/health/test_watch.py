"""The watch: transitions both ways, and alerts that neither nag nor flap. The clock is ours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import MONDAY_MORNING
from waitless.belief import Rule
from waitless.health import (
    Alert,
    AlertKind,
    FacilityView,
    FeedHealth,
    FeedState,
    HealthWatch,
    Subject,
    SwitchedOff,
    Transition,
    Verdict,
    WatchMemory,
)

START = MONDAY_MORNING
EVERY_S = 10
OFF = SwitchedOff(by="operator-7", why="wrong", at=START)


def after(**ahead: float) -> datetime:
    return START + timedelta(**ahead)


def make_feed(state: FeedState, now: datetime, feed_id: str = "kcht") -> FeedHealth:
    """A feed in a state at an instant."""
    feed = FeedHealth(id=feed_id, transport="mqtt", cadence_s=300, connected=True, told_at=now)
    feed.last_measured_at = now
    match state:
        case FeedState.LIVE:
            pass
        case FeedState.LATE:
            feed.last_measured_at = now - timedelta(minutes=20)
        case FeedState.SUSPECT:
            feed.last_held_at, feed.last_held_rule = now, Rule.JUMP
        case FeedState.STALE:
            feed.last_measured_at = now - timedelta(minutes=40)
        case FeedState.LOST:
            feed.connected, feed.fault = False, "timeout"
        case FeedState.OFF:
            feed.off = OFF
    return feed


@dataclass
class Scene:
    """A watch that looks every ten seconds, and all that it found."""

    watch: HealthWatch = field(default_factory=lambda: HealthWatch(START))
    now: datetime = START
    transitions: list[Transition] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    feeds: dict[str, FeedState] = field(default_factory=dict)
    facilities: dict[str, FacilityView] = field(default_factory=dict)

    def look(self) -> None:
        self.now += timedelta(seconds=EVERY_S)
        feeds = {name: make_feed(state, self.now, name) for name, state in self.feeds.items()}
        found = self.watch.look(self.now, feeds, self.facilities)
        self.transitions += found.transitions
        self.alerts += found.alerts

    def run(self, minutes: float, **states: FeedState) -> list[Alert]:
        """Hold states for a while; gives the alerts of that while."""
        self.feeds.update(states)
        known = len(self.alerts)
        for _ in range(round(minutes * 60 / EVERY_S)):
            self.look()
        return self.alerts[known:]

    def put(self, facility_id: str, state: FeedState, *, expected: bool = True) -> None:
        self.facilities[facility_id] = FacilityView(
            feed_id="kcht", verdict=Verdict(state, "so"), expected=expected
        )


@pytest.fixture
def scene() -> Scene:
    """Two feeds that have been well for five minutes."""
    made = Scene()
    made.run(5, kcht=FeedState.LIVE, ekhuft=FeedState.LIVE)
    return made


def kinds(alerts: list[Alert]) -> list[tuple[str, tuple[str, ...]]]:
    return [(alert.kind.value, alert.what) for alert in alerts]


PAIRS = [(a, b) for a in FeedState for b in FeedState if a is not b]


@pytest.mark.parametrize(("before", "reached"), PAIRS)
def test_every_transition_is_recorded_both_ways(before: FeedState, reached: FeedState) -> None:
    scene = Scene()
    scene.run(2, kcht=FeedState.LIVE)
    scene.run(1, kcht=before)
    scene.transitions.clear()

    scene.run(1, kcht=reached)
    scene.run(1, kcht=before)

    told = [(one.what, one.before, one.after) for one in scene.transitions]
    assert told == [("kcht", before, reached), ("kcht", reached, before)]
    assert all(one.why and one.subject is Subject.FEED for one in scene.transitions)


def test_a_feed_is_lost_until_it_is_first_heard() -> None:
    scene = Scene()
    scene.run(0.5, kcht=FeedState.LOST)
    scene.run(0.5, kcht=FeedState.LIVE)

    assert [(one.before, one.after) for one in scene.transitions] == [("lost", "live")]


def test_facilities_have_transitions_of_their_own(scene: Scene) -> None:
    scene.put("deal-utc", FeedState.LIVE)
    scene.look()
    scene.put("deal-utc", FeedState.SUSPECT)
    scene.look()

    told = [(one.subject, one.what, one.after) for one in scene.transitions[-2:]]
    assert told == [
        (Subject.FACILITY, "deal-utc", FeedState.LIVE),
        (Subject.FACILITY, "deal-utc", FeedState.SUSPECT),
    ]


@pytest.mark.parametrize("state", [FeedState.STALE, FeedState.LOST, FeedState.SUSPECT])
def test_a_bad_state_that_lasts_is_raised_once(scene: Scene, state: FeedState) -> None:
    alerts = scene.run(29, kcht=state)

    assert kinds(alerts) == [("raised", ("kcht",))]
    assert alerts[0].state is state
    assert alerts[0].since == after(minutes=5, seconds=10)
    assert f"kcht {state}" in alerts[0].text


@pytest.mark.parametrize("state", [FeedState.LIVE, FeedState.LATE, FeedState.OFF])
def test_a_state_that_is_not_bad_is_never_raised(scene: Scene, state: FeedState) -> None:
    assert scene.run(120, kcht=state) == []


def test_nothing_is_said_before_the_streak_is_over(scene: Scene) -> None:
    assert scene.run(1, kcht=FeedState.LOST) == []
    assert scene.run(60, kcht=FeedState.LIVE) == []


def test_a_minute_is_no_streak_without_three_looks() -> None:
    watch, alerts = HealthWatch(START), []
    for minute in (2, 5, 8):
        now = after(minutes=minute)
        feed = make_feed(FeedState.LOST, now)
        alerts.append(watch.look(now, {"kcht": feed}, {}).alerts)

    assert [len(one) for one in alerts] == [0, 0, 1]


def test_a_feed_that_flaps_faster_than_the_streak_raises_nothing(scene: Scene) -> None:
    for _ in range(60):
        assert scene.run(0.5, kcht=FeedState.LOST) == []
        assert scene.run(0.5, kcht=FeedState.LIVE) == []


def test_going_from_bad_to_bad_is_one_streak(scene: Scene) -> None:
    alerts = [
        *scene.run(0.5, kcht=FeedState.SUSPECT),
        *scene.run(0.5, kcht=FeedState.STALE),
        *scene.run(1.5, kcht=FeedState.LOST),
    ]

    assert kinds(alerts) == [("raised", ("kcht",))]
    assert alerts[0].since == after(minutes=5, seconds=10)


def test_trouble_that_lasts_is_repeated_every_thirty_minutes(scene: Scene) -> None:
    scene.run(3, kcht=FeedState.LOST)
    raised_at = scene.now

    alerts = scene.run(95, kcht=FeedState.LOST)

    assert kinds(alerts) == [("repeated", ("kcht",))] * 3
    assert scene.now - raised_at == timedelta(minutes=95)
    assert "still" in alerts[0].text


def test_a_recovery_is_told_after_its_own_streak_and_once(scene: Scene) -> None:
    scene.run(10, kcht=FeedState.LOST)

    assert scene.run(1, kcht=FeedState.LIVE) == []
    alerts = scene.run(60, kcht=FeedState.LIVE)

    assert kinds(alerts) == [("recovered", ("kcht",))]
    assert alerts[0].state is FeedState.LIVE
    assert alerts[0].since == after(minutes=15, seconds=10)
    assert alerts[0].text == "feed recovered: kcht live again after 10 minutes"


def test_late_is_well_enough_to_recover(scene: Scene) -> None:
    scene.run(10, kcht=FeedState.STALE)

    assert kinds(scene.run(5, kcht=FeedState.LATE)) == [("recovered", ("kcht",))]


def test_trouble_that_was_never_told_needs_no_recovery(scene: Scene) -> None:
    scene.run(1, kcht=FeedState.LOST)

    assert scene.run(30, kcht=FeedState.LIVE) == []


def test_a_short_relapse_neither_recovers_nor_raises_again(scene: Scene) -> None:
    scene.run(10, kcht=FeedState.LOST)

    assert scene.run(0.5, kcht=FeedState.LIVE) == []
    assert scene.run(5, kcht=FeedState.LOST) == []


def test_failing_again_within_thirty_minutes_is_told_when_they_are_over(scene: Scene) -> None:
    first = scene.run(5, kcht=FeedState.LOST)
    scene.run(5, kcht=FeedState.LIVE)

    assert scene.run(20, kcht=FeedState.LOST) == []
    assert kinds(first) == kinds(scene.run(10, kcht=FeedState.LOST)) == [("raised", ("kcht",))]


def test_a_feed_that_flaps_slowly_is_raised_at_most_twice_an_hour(scene: Scene) -> None:
    for _ in range(12):
        scene.run(3, kcht=FeedState.LOST)
        scene.run(2, kcht=FeedState.LIVE)

    raised = [alert for alert in scene.alerts if alert.kind is AlertKind.RAISED]
    recovered = [alert for alert in scene.alerts if alert.kind is AlertKind.RECOVERED]
    assert len(raised) == len(recovered) == 2


def test_worse_trouble_is_raised_at_once_but_better_trouble_waits(scene: Scene) -> None:
    scene.run(5, kcht=FeedState.SUSPECT)

    assert kinds(scene.run(5, kcht=FeedState.LOST)) == [("raised", ("kcht",))]
    assert scene.run(20, kcht=FeedState.STALE) == []
    assert scene.run(5, kcht=FeedState.LOST) == []


def test_providers_that_fail_within_two_minutes_are_told_as_one(scene: Scene) -> None:
    scene.feeds["mqtt"] = FeedState.LIVE
    scene.run(1)
    alerts = [
        *scene.run(1, kcht=FeedState.LOST),
        *scene.run(0.8, ekhuft=FeedState.STALE),
        *scene.run(10, mqtt=FeedState.LOST),
    ]

    assert kinds(alerts) == [("raised", ("ekhuft", "kcht", "mqtt"))]
    assert alerts[0].state is FeedState.LOST
    assert alerts[0].text.startswith("3 feeds in trouble: ekhuft stale (")
    assert "kcht lost (not connected: timeout)" in alerts[0].text


def test_providers_that_fail_apart_are_told_apart(scene: Scene) -> None:
    alerts = [*scene.run(3, kcht=FeedState.LOST), *scene.run(5, ekhuft=FeedState.LOST)]

    assert kinds(alerts) == [("raised", ("kcht",)), ("raised", ("ekhuft",))]


def test_what_failed_and_recovered_together_is_repeated_and_recovered_together(
    scene: Scene,
) -> None:
    scene.run(5, kcht=FeedState.LOST, ekhuft=FeedState.LOST)
    both = ("ekhuft", "kcht")

    assert kinds(scene.run(30)) == [("repeated", both)]
    alerts = scene.run(5, kcht=FeedState.LIVE, ekhuft=FeedState.LIVE)
    assert kinds(alerts) == [("recovered", both)]


def test_a_provider_that_flaps_does_not_hold_the_alert_of_another_back(scene: Scene) -> None:
    alerts = scene.run(0.5, kcht=FeedState.LOST)
    for _ in range(4):
        alerts += scene.run(0.5, ekhuft=FeedState.LOST)
        alerts += scene.run(0.5, ekhuft=FeedState.LIVE)

    assert kinds(alerts) == [("raised", ("kcht",))]


def test_the_first_minute_after_a_start_raises_nothing_and_is_no_transition() -> None:
    scene = Scene()
    scene.run(0.9, kcht=FeedState.LOST, ekhuft=FeedState.STALE)
    scene.run(60, kcht=FeedState.LIVE, ekhuft=FeedState.LIVE)

    assert scene.alerts == []
    assert [one.after for one in scene.transitions if one.what == "kcht"] == ["live"]


def test_a_feed_that_never_comes_is_raised_once_the_start_is_over() -> None:
    scene = Scene()

    assert scene.run(2, kcht=FeedState.LOST) == []
    assert kinds(scene.run(5)) == [("raised", ("kcht",))]


def test_a_switched_off_feed_falls_silent_and_needs_no_recovery(scene: Scene) -> None:
    scene.run(10, kcht=FeedState.LOST)

    assert scene.run(120, kcht=FeedState.OFF) == []
    assert scene.run(10, kcht=FeedState.LIVE) == []


def test_one_facility_worse_off_than_its_feed_is_told(scene: Scene) -> None:
    scene.put("deal-utc", FeedState.LIVE)
    scene.put("dover-utc", FeedState.LOST)
    alerts = scene.run(5)

    assert kinds(alerts) == [("raised", ("dover-utc",))]
    assert alerts[0].subject is Subject.FACILITY


def test_facilities_of_a_failed_feed_are_named_in_its_alert_alone(scene: Scene) -> None:
    for facility_id in ("dover-utc", "deal-utc"):
        scene.put(facility_id, FeedState.LOST)
    alerts = scene.run(40, kcht=FeedState.LOST)

    assert kinds(alerts) == [("raised", ("kcht",)), ("repeated", ("kcht",))]
    assert alerts[0].text.endswith("facilities: deal-utc, dover-utc")


def test_facilities_of_one_feed_that_fall_stale_together_are_told_as_one(scene: Scene) -> None:
    for facility_id in ("dover-utc", "deal-utc"):
        scene.put(facility_id, FeedState.STALE)

    assert kinds(scene.run(5)) == [("raised", ("deal-utc", "dover-utc"))]


def test_a_closed_facility_may_fall_silent_and_so_may_a_feed_of_closed_ones(scene: Scene) -> None:
    scene.put("deal-utc", FeedState.STALE, expected=False)
    assert scene.run(30) == []
    assert scene.run(30, kcht=FeedState.STALE) == []

    assert kinds(scene.run(5, kcht=FeedState.LOST)) == [("raised", ("kcht",))]


def test_a_closed_facility_that_posts_nonsense_is_told(scene: Scene) -> None:
    scene.put("deal-utc", FeedState.SUSPECT, expected=False)

    assert kinds(scene.run(5)) == [("raised", ("deal-utc",))]


def test_a_facility_of_a_switched_off_feed_is_nobodys_news(scene: Scene) -> None:
    scene.put("deal-utc", FeedState.SUSPECT)

    assert scene.run(30, kcht=FeedState.OFF) == []


def test_a_feed_that_is_gone_from_the_pack_is_forgotten(scene: Scene) -> None:
    scene.run(5, kcht=FeedState.LOST)
    del scene.feeds["kcht"]

    assert scene.run(60) == []
    assert set(scene.watch.memory.feeds) == {"ekhuft"}


def restarted(scene: Scene) -> Scene:
    memory = msgspec.json.decode(msgspec.json.encode(scene.watch.memory), type=WatchMemory)
    assert memory == scene.watch.memory
    return Scene(HealthWatch(scene.now, memory=memory), scene.now, feeds=scene.feeds)


def test_a_restart_neither_tells_again_nor_forgets_a_recovery(scene: Scene) -> None:
    scene.run(10, kcht=FeedState.LOST)

    again = restarted(scene)

    assert again.run(10, kcht=FeedState.LOST) == []
    assert kinds(again.run(5, kcht=FeedState.LIVE)) == [("recovered", ("kcht",))]


def test_an_empty_board_at_the_start_makes_nothing_forgotten(scene: Scene) -> None:
    scene.run(10, kcht=FeedState.LOST)
    again = restarted(scene)
    again.feeds = {}
    again.run(0.5)

    assert again.run(10, kcht=FeedState.LOST, ekhuft=FeedState.LIVE) == []
    assert again.transitions == []


def test_a_restart_is_no_transition_of_feeds_that_were_live(scene: Scene) -> None:
    again = restarted(scene)
    again.run(0.5, kcht=FeedState.LOST, ekhuft=FeedState.LOST)
    again.run(5, kcht=FeedState.LIVE, ekhuft=FeedState.LIVE)

    assert again.transitions == []


def test_a_watch_in_another_process_sees_the_ingest_process_die() -> None:
    watch, feed = HealthWatch(START), make_feed(FeedState.LIVE, START)
    alerts: list[Alert] = []
    for second in range(0, 600, EVERY_S):
        alerts += watch.look(after(seconds=second), {"kcht": feed}, {}).alerts

    assert kinds(alerts) == [("raised", ("kcht",))]
    assert "the ingest process is silent" in alerts[0].text


STATES = st.sampled_from(FeedState)


@given(
    st.lists(
        st.tuples(
            st.floats(-100, 4000),
            st.dictionaries(st.sampled_from("abc"), STATES),
            st.dictionaries(st.sampled_from("xyz"), st.tuples(STATES, st.booleans())),
        ),
        max_size=30,
    )
)
def test_no_sequence_of_states_breaks_the_watch(
    looks: list[tuple[float, Mapping[str, FeedState], Mapping[str, tuple[FeedState, bool]]]],
) -> None:
    watch, now = HealthWatch(START), START
    feed_of: Callable[[str], str | None] = {"x": "a", "y": "b", "z": None}.get
    known: dict[str, FeedState] = {}
    for ahead_s, feeds, facilities in looks:
        now += timedelta(seconds=ahead_s)
        views = {
            name: FacilityView(feed_id=feed_of(name), verdict=Verdict(state, "so"), expected=open_)
            for name, (state, open_) in facilities.items()
        }
        healths = {name: make_feed(state, now, name) for name, state in feeds.items()}
        found = watch.look(now, healths, views)
        seen = {name: known.get(name, FeedState.LOST) for name in [*feeds, *facilities]}
        known = known | seen if now - START < timedelta(minutes=1) else seen
        for one in found.transitions:
            assert one.before is known[one.what]
            assert one.after is not one.before
            known[one.what] = one.after
        for alert in found.alerts:
            assert set(alert.what) <= {*feeds, *facilities}
            assert alert.text
    assert msgspec.json.decode(msgspec.json.encode(watch.memory), type=WatchMemory) == watch.memory
