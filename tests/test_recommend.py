"""Recommendations: who is sent where, who is not, and what is said of each."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from feeds.model import Clock, FacilityStatus, NoFigure, Observation, Statistic, Wait
from routing.modes import Mode
from tests.support.clock import MONDAY_MORNING
from tests.support.messages import observation
from waitless.area.facility import Need
from waitless.area.pack import Area
from waitless.board import Board
from waitless.cell import cell_of
from waitless.ledger.picture import LedgerPicture, no_picture
from waitless.ledger.policy import UNMOVED, Policy
from waitless.reading import apply_observation
from waitless.recommend.answer import Recommendation
from waitless.recommend.query import Query
from waitless.recommend.recommend import recommend
from waitless.travel import TravelBuilder, TravelTables

Ask = Callable[..., Recommendation]

DEAL = cell_of(51.2230, 1.4000)
SHEERNESS = cell_of(51.4400, 0.7620)
MIDNIGHT = datetime.fromisoformat("2026-11-24T00:30:00+00:00")


@pytest.fixture(scope="module")
def travel(east_kent: Area) -> TravelTables:
    return TravelBuilder(east_kent, 720).build()


@pytest.fixture
def ask(east_kent: Area, travel: TravelTables) -> Ask:
    def answer(
        *observations: Observation,
        now: datetime = MONDAY_MORNING,
        policy: Policy = UNMOVED,
        picture: LedgerPicture | None = None,
        **more: object,
    ) -> Recommendation:
        given: dict[str, object] = {"origin": DEAL, "label": "Deal", "limit": 50, **more}
        query = Query(**given)
        board = Board(
            epoch=1,
            readings=MappingProxyType(
                {one.facility_id: apply_observation(None, one) for one in observations}
            ),
        )
        return recommend(
            query,
            area=east_kent,
            journeys=travel.journeys_from(query.origin, query.mode),
            board=board,
            now=now,
            policy=policy,
            picture=picture,
        )

    return answer


def places(answer: Recommendation) -> list[str]:
    return [destination.facility.id for destination in answer.destinations]


def excluded(answer: Recommendation) -> dict[str, str]:
    return {one.facility_id: one.reason for one in answer.excluded}


def test_the_shorter_sum_of_journey_and_wait_comes_first(ask: Ask) -> None:
    near_but_slow = observation("deal-utc", 120)
    far_but_quick = observation("margate-utc", 5)

    answer = ask(near_but_slow, far_but_quick)

    assert places(answer)[:2] == ["margate-utc", "deal-utc"]
    first, second = answer.destinations[:2]
    assert first.total.mean < second.total.mean
    assert first.total.p10 <= first.total.p50 <= first.total.p90
    assert "nearest" in second.reasons
    assert (first.rank, second.rank) == (1, 2)


def test_999_and_111_stand_above_every_ranking(ask: Ask) -> None:
    for need in Need:
        codes = [advice.code for advice in ask(need=need).advice]
        assert codes[:2] == ["call_999", "nhs_111"]
    assert "nhs_111_phone" in [advice.code for advice in ask(age_years=4).advice]


def test_unknown_waits_are_listed_last_with_the_reason_and_never_as_zero(ask: Ask) -> None:
    answer = ask(observation("qeqm-ed", 240))

    assert places(answer)[0] == "qeqm-ed"
    last = answer.destinations[-1]
    assert (last.wait, last.total) == (None, None)
    assert "wait_unknown" in last.reasons


def test_every_facility_is_ranked_or_excluded_never_left_out_in_silence(
    ask: Ask, east_kent: Area
) -> None:
    answer = ask()

    assert {*places(answer), *excluded(answer)} == set(east_kent.facilities)


def test_a_reading_past_thirty_minutes_is_no_current_figure(ask: Ask) -> None:
    reading = observation("deal-utc", 22)

    fresh = ask(reading, now=MONDAY_MORNING + timedelta(minutes=30))
    old = ask(reading, now=MONDAY_MORNING + timedelta(minutes=30, seconds=1))

    assert fresh.destinations[0].wait.now.age_seconds == 1800
    [deal] = [one for one in old.destinations if one.facility.id == "deal-utc"]
    assert deal.wait is None
    assert "wait_not_current" in deal.reasons


def test_an_answer_is_valid_no_longer_than_its_first_figure_is_live(ask: Ask) -> None:
    now = MONDAY_MORNING + timedelta(minutes=29, seconds=50)

    assert ask(observation("deal-utc", 22), now=now).valid_until == now + timedelta(seconds=10)


def test_at_night_closed_units_are_excluded_with_when_they_open(ask: Ask) -> None:
    answer = ask(now=MIDNIGHT)

    assert excluded(answer)["deal-utc"] == "closed_on_arrival"
    [deal] = [one for one in answer.excluded if one.facility_id == "deal-utc"]
    assert "opens 08:00" in deal.text
    assert "margate-utc" in places(answer)


def test_a_unit_that_closes_before_the_patient_arrives_is_excluded(ask: Ask) -> None:
    five_to_eight = MONDAY_MORNING.replace(hour=19, minute=55)

    answer = ask(now=five_to_eight)

    assert excluded(answer)["dover-utc"] == "closed_on_arrival"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (FacilityStatus.CLOSED, "closed_on_arrival"),
        (FacilityStatus.FULL, "full"),
        (FacilityStatus.DIVERTING, "diverting"),
    ],
)
def test_what_a_unit_reports_of_its_door_beats_its_hours(
    ask: Ask, status: FacilityStatus, reason: str
) -> None:
    reported = observation("deal-utc", 5, status=status)

    assert excluded(ask(reported))["deal-utc"] == reason
    later = MONDAY_MORNING + timedelta(hours=2)
    assert excluded(ask(reported, now=later))["deal-utc"] == reason


def test_a_report_of_the_night_ends_with_the_mornings_opening(ask: Ask) -> None:
    early = MONDAY_MORNING.replace(hour=7, minute=40)
    closed = observation(
        "deal-utc", wait=NoFigure.UNKNOWN, status=FacilityStatus.CLOSED, as_of=early
    )

    assert excluded(ask(closed, now=early))["deal-utc"] == "closed_on_arrival"
    assert "deal-utc" in places(ask(closed, now=early + timedelta(minutes=18)))


@pytest.mark.parametrize("status", [FacilityStatus.FULL, FacilityStatus.DIVERTING])
def test_full_said_just_before_opening_stands_at_opening(ask: Ask, status: FacilityStatus) -> None:
    just_before = MONDAY_MORNING.replace(hour=7, minute=59)
    reported = observation("deal-utc", wait=NoFigure.UNKNOWN, status=status, as_of=just_before)

    assert excluded(ask(reported, now=just_before))["deal-utc"] == status.value


def test_a_unit_open_round_the_clock_that_reports_closed_is_not_recommended(ask: Ask) -> None:
    closed = observation("margate-utc", 5, status=FacilityStatus.CLOSED)

    answer = ask(closed, now=MONDAY_MORNING + timedelta(hours=11, minutes=59))

    assert excluded(answer)["margate-utc"] == "closed_on_arrival"


def test_a_suspected_fracture_goes_where_an_xray_is_sure_before_where_it_is_not(ask: Ask) -> None:
    answer = ask(
        observation("margate-utc", 5), observation("deal-utc", 60), need=Need.SUSPECTED_FRACTURE
    )

    ids = places(answer)
    assert ids.index("deal-utc") < ids.index("margate-utc")
    [margate] = [one for one in answer.destinations if one.facility.id == "margate-utc"]
    assert "xray_unconfirmed" in margate.reasons


def test_outside_xray_hours_a_suspected_fracture_is_not_sent_there(ask: Ask) -> None:
    evening = MONDAY_MORNING.replace(hour=18)

    answer = ask(observation("deal-utc", 5), need=Need.SUSPECTED_FRACTURE, now=evening)

    assert excluded(answer)["deal-utc"] == "no_xray_on_arrival"


def test_an_infant_is_not_sent_where_infants_are_not_seen(ask: Ask) -> None:
    assert excluded(ask(origin=SHEERNESS, age_years=0))["sheppey-miu"] == "age"
    assert "sheppey-miu" in places(ask(origin=SHEERNESS, age_years=1))
    assert "sheppey-miu" in places(ask(origin=SHEERNESS, age_years=None))


def test_an_illness_is_not_sent_to_an_injuries_unit(ask: Ask) -> None:
    answer = ask(origin=SHEERNESS, need=Need.MINOR_ILLNESS)

    assert excluded(answer)["sheppey-miu"] == "need"


def test_far_places_are_left_out_but_never_the_nearest(ask: Ask) -> None:
    by_car = ask()
    on_foot_at_night = ask(mode=Mode.WALK, now=MIDNIGHT)

    assert excluded(by_car)["darent-valley-ed"] == "too_far"
    assert len(places(on_foot_at_night)) == 2  # Margate's two, under one roof
    assert on_foot_at_night.destinations[0].travel.minutes > 45
    assert on_foot_at_night.destinations[0].travel.basis == "estimate"


def test_ranges_that_overlap_are_called_similar_not_quicker(ask: Ask) -> None:
    answer = ask(observation("deal-utc", 30), observation("dover-utc", 20))

    assert answer.destinations[1].similar_to_previous
    assert "similar_total" in answer.destinations[0].reasons
    assert "shortest_total" not in answer.destinations[0].reasons


def test_a_surer_place_is_not_called_shortest_when_an_unsure_one_is_shorter(ask: Ask) -> None:
    answer = ask(
        observation("qeqm-ed", 300), observation("margate-utc", 5), need=Need.SUSPECTED_FRACTURE
    )

    assert places(answer)[0] == "qeqm-ed"
    assert answer.destinations[0].reasons[0] == "surest"


def test_the_only_known_wait_is_not_called_shortest_while_nearer_ones_are_unknown(ask: Ask) -> None:
    answer = ask(observation("ashford-utc", 400))

    assert answer.destinations[0].reasons[0] == "shortest_known"


def test_the_shortest_wait_is_named_only_where_every_wait_is_known(ask: Ask) -> None:
    some = ask(observation("deal-utc", 30), observation("dover-utc", 75))

    assert len(some.destinations) > 2
    assert all("shortest_wait" not in one.reasons for one in some.destinations)


def test_a_department_held_back_is_told_so_even_beside_an_unsure_place(ask: Ask) -> None:
    """Quicker are a department, by the margin behind, and a place that is not sure."""
    triage = Wait(minutes=2, statistic=Statistic.MEDIAN, clock=Clock(stop="assessment"))
    answer = ask(
        observation("deal-utc", 75),
        observation("dover-utc", wait=triage),
        observation("qeqm-ed", 45),
        policy=Policy(margin_minutes=60),
    )

    by_id = {one.facility.id: one for one in answer.destinations}
    totals = {name: one.total.mean for name, one in by_id.items() if one.total}
    assert places(answer)[0] == "deal-utc"
    assert totals["qeqm-ed"] < totals["deal-utc"] > totals["dover-utc"]
    assert answer.destinations[0].reasons[0] == "ed_kept_free"
    assert "policy_margin" in by_id["qeqm-ed"].reasons


def test_a_lot_is_not_called_a_margin(ask: Ask, east_kent: Area) -> None:
    """A department that leads in spite of its margin, and loses its place to a lot alone."""
    answers = [
        ask(
            observation("qeqm-ed", 60),
            observation("margate-utc", 90),
            origin=cell_of(51.37 + step * 0.002, 1.385),
            policy=Policy(),
            picture=no_picture(list(east_kent.facilities)),
        )
        for step in range(12)
    ]

    drawn = [one for one in answers if one.destinations[0].reasons[0] == "spread"]
    assert drawn
    assert all(
        "policy_margin" not in one.reasons for answer in drawn for one in answer.destinations[:2]
    )


def test_a_unit_likely_to_close_before_the_patient_is_seen_ranks_after_sure_ones(ask: Ask) -> None:
    evening = MONDAY_MORNING.replace(hour=19, minute=45)

    answer = ask(
        observation("deal-utc", 150, as_of=evening),
        observation("qeqm-ed", 200, as_of=evening),
        now=evening,
    )

    assert places(answer)[0] == "qeqm-ed"
    [deal] = [one for one in answer.destinations if one.facility.id == "deal-utc"]
    assert "may_close_before_seen" in deal.reasons


def test_a_wait_to_triage_does_not_beat_a_wait_to_treatment(ask: Ask) -> None:
    triage = Wait(minutes=2, statistic=Statistic.MEDIAN, clock=Clock(stop="assessment"))

    answer = ask(observation("margate-utc", wait=triage), observation("deal-utc", 60))

    assert places(answer)[0] == "deal-utc"
    [margate] = [one for one in answer.destinations if one.facility.id == "margate-utc"]
    assert "other_clock" in margate.reasons


def test_an_age_limit_is_told_when_no_age_was_given(ask: Ask) -> None:
    def sheppey(**more: object) -> list[str]:
        answer = ask(origin=SHEERNESS, **more)
        return next(d.reasons for d in answer.destinations if d.facility.id == "sheppey-miu")

    assert "age_limit" in sheppey()
    assert "age_limit" not in sheppey(age_years=30)


def test_a_childs_illness_without_an_age_is_told_to_phone_111(ask: Ask) -> None:
    codes = [advice.code for advice in ask(need=Need.CHILD_MINOR_ILLNESS).advice]

    assert "nhs_111_phone" in codes


def test_nobody_sends_a_baby_to_the_pharmacy(ask: Ask) -> None:
    answer = ask(need=Need.CHILD_MINOR_ILLNESS, age_years=0)

    assert "pharmacy" not in [advice.code for advice in answer.advice]


def test_a_band_without_an_upper_limit_is_told_as_such(ask: Ask) -> None:
    answer = ask(observation("deal-utc", wait=Wait(low=240, statistic=Statistic.BAND)))

    first = answer.destinations[0]
    assert (first.wait.now.minutes, first.wait.now.low, first.wait.now.high) == (None, 240, None)
    assert first.wait.when_seen.p50 > 240
    assert "posted_without_upper_limit" in first.reasons


@pytest.mark.parametrize(
    ("wait", "reason"),
    [(NoFigure.UNKNOWN, "wait_unknown"), (NoFigure.SUPPRESSED, "wait_withheld")],
)
def test_no_figure_and_a_withheld_one_are_told_apart(ask: Ask, wait: NoFigure, reason: str) -> None:
    answer = ask(observation("deal-utc", wait=wait))

    [deal] = [one for one in answer.destinations if one.facility.id == "deal-utc"]
    assert reason in deal.reasons


def test_one_simulated_reading_makes_the_whole_answer_simulated(ask: Ask) -> None:
    assert ask(observation("deal-utc", 5)).data == "live"
    assert ask(observation("deal-utc", 5, simulated=True)).data == "simulated"


def test_places_beyond_the_limit_are_counted(ask: Ask) -> None:
    everything, two = ask(), ask(limit=2)

    assert len(two.destinations) == 2
    assert two.not_shown == len(everything.destinations) - 2


@hypothesis_settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["deal-utc", "dover-utc", "margate-utc", "qeqm-ed", "canterbury-utc"]),
        st.floats(0, 400),
    )
)
def test_the_first_is_never_beaten_in_both_journey_and_wait(
    ask: Ask, waits: dict[str, float]
) -> None:
    answer = ask(*(observation(place, minutes) for place, minutes in waits.items()))

    known = [one for one in answer.destinations if one.wait is not None]
    assert len(known) == len(waits)
    for other in known[1:]:
        first = known[0]
        assert (
            first.travel.minutes <= other.travel.minutes
            or first.wait.when_seen.mean <= other.wait.when_seen.mean
        )
