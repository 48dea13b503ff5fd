"""DATEX II documents decoded: what the samples say, and the standard beyond them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feeds.model import Refusal, RefusalReason
from feeds.traffic.datex import decode_datex
from feeds.traffic.datex_periods import MOST_LAID_OUT, MOST_PERIODS
from feeds.traffic.model import Effect, EventPlace, LinkFigure, Period, TrafficReport, Ways
from waitless.traffic.picture import SourcePicture

NOW = datetime(2026, 10, 1, 19, 0, tzinfo=UTC)
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
AT = "2026-10-01T18:55:00Z"


def decode(
    payload: bytes | str,
    now: datetime = NOW,
    *,
    zone: ZoneInfo | None = None,
    snapshot: bool = False,
) -> tuple[TrafficReport, list[Refusal]]:
    raw = payload if isinstance(payload, bytes) else payload.encode()
    report, *refusals = decode_datex(
        raw, feed_id="roads", received_at=now, zone=zone, snapshot=snapshot
    )
    assert isinstance(report, TrafficReport)
    return report, [one for one in refusals if isinstance(one, Refusal)]


def publication(kind: str, *inner: str, head: str = "") -> str:
    return (
        f'<d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0" {XSI}>'
        f'<payloadPublication xsi:type="{kind}">{head}'
        f"<publicationTime>{AT}</publicationTime>{''.join(inner)}"
        "</payloadPublication></d2LogicalModel>"
    )


def record(inner: str, kind: str = "RoadOrCarriagewayOrLaneManagement", id_: str = "r1") -> str:
    return f'<situationRecord xsi:type="{kind}" id="{id_}" version="1">{inner}</situationRecord>'


def situations(*records: str, head: str = "") -> str:
    inner = f'<situation id="s1">{"".join(records)}</situation>'
    return publication("SituationPublication", inner, head=head)


def managed(word: str, more: str = "") -> str:
    name = "roadOrCarriagewayOrLaneManagementType"
    return situations(record(f"{more}<{name}>{word}</{name}>"))


def validity(status: str, times: str) -> str:
    return (
        f"<validity><validityStatus>{status}</validityStatus><validityTimeSpecification>"
        f"{times}</validityTimeSpecification></validity>"
    )


def valid(start: str, end: str) -> str:
    return (
        f"<validPeriod><startOfPeriod>{start}</startOfPeriod>"
        f"<endOfPeriod>{end}</endOfPeriod></validPeriod>"
    )


def located(inner: str, kind: str = "Linear") -> str:
    return situations(record(f'<groupOfLocations xsi:type="{kind}">{inner}</groupOfLocations>'))


def place_of(document: str) -> EventPlace:
    report, refusals = decode(document)
    [event] = report.events
    [place] = event.places
    assert refusals == []
    return place


def measured(*basics: str) -> str:
    values = "".join(
        f'<measuredValue index="{n}"><measuredValue>{basic}</measuredValue></measuredValue>'
        for n, basic in enumerate(basics)
    )
    return publication(
        "MeasuredDataPublication",
        '<siteMeasurements><measurementSiteReference id="site" version="1"/>'
        f"<measurementTimeDefault>{AT}</measurementTimeDefault>{values}</siteMeasurements>",
    )


def speed(kmh: object, more: str = "", attributes: str = "") -> str:
    return (
        f'<basicData xsi:type="TrafficSpeed">{more}<averageVehicleSpeed {attributes}>'
        f"<speed>{kmh}</speed></averageVehicleSpeed></basicData>"
    )


def flow(rate: object) -> str:
    return (
        '<basicData xsi:type="TrafficFlow"><vehicleFlow>'
        f"<vehicleFlowRate>{rate}</vehicleFlowRate></vehicleFlow></basicData>"
    )


def travel(seconds: object) -> str:
    return (
        '<basicData xsi:type="TravelTimeData"><travelTime>'
        f"<duration>{seconds}</duration></travelTime></basicData>"
    )


def measured_at(text: str) -> str:
    return f"<measurementOrCalculationTime>{text}</measurementOrCalculationTime>"


def for_vehicles(kind: str) -> str:
    return (
        f"<forVehiclesWithCharacteristicsOf><vehicleType>{kind}</vehicleType>"
        "</forVehiclesWithCharacteristicsOf>"
    )


# The samples


@pytest.fixture
def ntis(shared_data: Path) -> Path:
    return shared_data / "traffic" / "national-highways-datex2"


@pytest.fixture
def finland(shared_data: Path) -> Path:
    return shared_data / "traffic" / "digitraffic-datex2"


def test_fused_data_of_a_link_are_one_figure_and_its_forecasts_none(ntis: Path) -> None:
    raw = (ntis / "DeliverFusedFvdAndSensorTrafficDataRequest.xml").read_bytes()

    report, refusals = decode(raw)

    assert report.figures == (
        LinkFigure(
            link_id="414141",
            as_of=datetime(2014, 8, 4, 13, 14, 14, 14000, tzinfo=UTC),
            travel_s=100,
            free_flow_s=90,
            usual_s=95,
            speed_kmh=55,
        ),
    )
    assert report.published_at == datetime(2014, 8, 4, 13, 14, 15, tzinfo=UTC)
    assert report.passed_over == {"forecast": 2}
    assert refusals == []


def test_sensor_data_leave_flow_occupancy_and_headway_aside(ntis: Path) -> None:
    report, _ = decode((ntis / "DeliverFusedSensorOnlyTrafficDataRequest.xml").read_bytes())

    [figure] = report.figures
    assert (figure.link_id, figure.travel_s, figure.free_flow_s) == ("141414", 111, 112)
    assert (figure.usual_s, figure.speed_kmh) == (110, 66)
    assert report.passed_over == {"TrafficFlow": 1, "TrafficConcentration": 1, "TrafficHeadway": 1}


def test_loops_of_four_lanes_give_their_mean_speed(ntis: Path) -> None:
    report, _ = decode((ntis / "DeliverMIDASTrafficDataRequest.xml").read_bytes())

    [figure] = report.figures
    assert figure.link_id == "8C5428D934044877AD6497A34BE91760"
    assert figure.speed_kmh == pytest.approx((10 + 20 + 30 + 40) / 4)
    assert figure.travel_s is None


def test_a_counter_that_sends_four_minutes_at_once_gives_a_figure_for_each(ntis: Path) -> None:
    report, _ = decode((ntis / "DeliverTMUTrafficDataRequest.xml").read_bytes())

    assert [(one.as_of.minute, one.speed_kmh) for one in report.figures] == [
        (1, 10), (2, 20), (3, 30), (4, 40),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "passed_over"),
    [
        ("DeliverVMSTrafficDataRequest.xml", {"vmsUnit": 2, "VmsPublication": 1}),
        ("NtisModelUpdateNotificationRequest.xml", {"GenericPublication": 1}),
    ],
)
def test_signs_and_notices_are_passed_over(
    ntis: Path, name: str, passed_over: dict[str, int]
) -> None:
    report, refusals = decode((ntis / name).read_bytes())

    assert (report.figures, report.events, refusals) == ((), (), [])
    assert report.passed_over == passed_over


def test_suspended_roadworks_leave_a_quarter_of_the_lanes_on_two_days(ntis: Path) -> None:
    report, _ = decode((ntis / "DeliverRoadworksEventDataRequest.xml").read_bytes())

    [event] = report.events
    first = datetime(2014, 8, 5, 13, 14, 14, 14000, tzinfo=UTC)
    assert (event.id, event.kind, event.effect) == (
        "1414141414", "MaintenanceWorks", Effect.RESTRICTED,
    )  # fmt: skip
    assert (event.capacity_left, event.suspended) == (0.25, True)
    assert event.places == (EventPlace(link_ids=("14141414",), ways=Ways.ONE),)
    assert event.periods == (
        Period(start=first, end=first + timedelta(days=1)),
        Period(start=first + timedelta(days=7), end=first + timedelta(days=8)),
    )
    assert event.limit_kmh is None


def test_a_full_refresh_ends_what_it_does_not_list(ntis: Path) -> None:
    picture, held = SourcePicture(), []

    for path in sorted(ntis.glob("FullRefresh_*.xml")):
        picture.apply(decode(path.read_bytes())[0], timedelta(minutes=15))
        held.append("".join(sorted(picture.events)))

    assert held == ["ABC", "ABC", "BD", "BDE", "BDEF"]


def test_an_accident_and_what_it_does_to_the_lanes_are_in_one_place(finland: Path) -> None:
    report, _ = decode((finland / "Datex2_2017-08-10-15-59-34-896.xml").read_bytes())

    accident, queue, lanes = report.events
    assert accident.places[0].described_as == "Alert-C 992 to 993 of table 17"
    assert accident.places == queue.places == lanes.places
    assert [one.effect for one in report.events] == [
        Effect.INFORMATION, Effect.INFORMATION, Effect.RESTRICTED,
    ]  # fmt: skip


def test_an_accident_that_is_over_has_ended(finland: Path) -> None:
    report, _ = decode((finland / "Datex2_2017-08-10-16-10-01-680.xml").read_bytes())

    assert (report.events, report.ended) == ((), ("GUID5001357701",))


def test_the_end_of_an_accident_ends_the_rest_of_its_situation_too(finland: Path) -> None:
    picture, held = SourcePicture(), []

    for path in sorted(finland.glob("Datex2_2017*.xml")):
        picture.apply(decode(path.read_bytes())[0], timedelta(minutes=15))
        held.append(sorted(id_.removeprefix("GUID50013") for id_ in picture.events))

    assert held == [
        ["57701", "57702", "57703"],
        ["57701", "57702", "57703", "57801", "57802"],
        ["57801", "57802"],
    ]


def test_an_end_that_is_no_time_is_refused_and_the_accident_stands(finland: Path) -> None:
    report, refusals = decode((finland / "Datex2_2019-11-26-14-35-08-487.xml").read_bytes())

    assert len(report.events) == 5
    assert [one.periods[0].end for one in report.events] == [None] * 5
    assert [(one.reason, one.where) for one in refusals] == [
        (RefusalReason.BAD_TIME, "situationRecord GUID5036607301: overallEndTime"),
        (RefusalReason.BAD_TIME, "situationRecord GUID5036607302: overallEndTime"),
    ]


def test_a_first_notice_lasts_as_long_as_it_says(finland: Path) -> None:
    for path in finland.glob("InfoXML*.xml"):
        report, refusals = decode(path.read_bytes())
        assert refusals == []
        for event in report.events:
            [period] = event.periods
            assert period.end is not None
            assert timedelta(minutes=29) < period.end - period.start < timedelta(minutes=32)


def test_version_3_measures_one_site_and_has_no_figure_for_another(shared_data: Path) -> None:
    report, refusals = decode((shared_data / "traffic" / "ndw_v3_measured_sample.xml").read_bytes())

    [figure] = report.figures
    assert (figure.link_id, figure.speed_kmh) == ("RWS01_MONIBAS_0271hrl0063ra", 127)
    assert figure.as_of == datetime(2026, 10, 1, 18, 55, tzinfo=UTC)
    assert report.no_data == ("RWS01_MONIBAS_0270vwd0063ra",)
    assert refusals == []


# Figures


@pytest.mark.parametrize(
    "basic",
    [
        speed(-1),
        speed(0),
        speed(50, attributes='numberOfInputValuesUsed="0"'),
        travel(-1),
        (
            '<basicData xsi:type="TrafficSpeed"><averageVehicleSpeed><dataError>true</dataError>'
            "<speed>50</speed></averageVehicleSpeed></basicData>"
        ),
        (
            '<basicData xsi:type="TravelTimeData"><travelTime><dataError>1</dataError>'
            "<duration>50</duration></travelTime></basicData>"
        ),
    ],
)
def test_what_the_source_says_is_no_figure_is_none(basic: str) -> None:
    report, refusals = decode(measured(basic))

    assert (report.figures, report.no_data, refusals) == ((), ("site",), [])


@pytest.mark.parametrize(
    ("basic", "reason"),
    [
        (speed("fast"), RefusalReason.WRONG_TYPE),
        (speed("NaN"), RefusalReason.WRONG_TYPE),
        (speed(255), RefusalReason.OUT_OF_RANGE),
        (travel(1e6), RefusalReason.OUT_OF_RANGE),
        (speed(50, measured_at("2026-10-01T19:05:00Z")), RefusalReason.FUTURE),
        (speed(50, measured_at("noon")), RefusalReason.BAD_TIME),
    ],
)  # fmt: skip
def test_a_figure_that_cannot_be_is_refused_by_name(basic: str, reason: RefusalReason) -> None:
    report, [refusal] = decode(measured(basic))

    assert report.figures == ()
    assert refusal.reason is reason
    assert "siteMeasurements site" in refusal.where


def test_lanes_are_weighed_by_their_flows() -> None:
    [figure] = decode(measured(flow(300), flow(100), speed(100), speed(60)))[0].figures

    assert figure.speed_kmh == pytest.approx(90)


@pytest.mark.parametrize(
    ("basics", "expected"),
    [
        ([speed(60), flow(300), speed(80), flow(100)], 65),
        ([speed(60), flow(100), flow(200), speed(80), flow(100)], 65),
        ([speed(-1), flow(0), speed(80), flow(100)], 80),
        ([speed(60), flow(300), speed(80), flow(-1)], 70),
        ([speed(60), flow(0), speed(80), flow(0)], 70),
        ([speed(60), flow(300), speed(80)], 70),
    ],
)
def test_flows_that_follow_each_speed_weigh_it(basics: list[str], expected: float) -> None:
    [figure] = decode(measured(*basics))[0].figures

    assert figure.speed_kmh == pytest.approx(expected)


def test_a_lane_whose_speed_is_refused_leaves_the_others() -> None:
    report, [refusal] = decode(
        measured(speed(255), flow(500), speed(60), flow(300), speed(80), flow(100))
    )

    assert [figure.speed_kmh for figure in report.figures] == [pytest.approx(65)]
    assert refusal.where == "siteMeasurements site: averageVehicleSpeed"


def test_a_flow_that_is_no_number_is_refused_and_weighs_nothing() -> None:
    report, [refusal] = decode(measured(speed(60), flow("many"), speed(80), flow(100)))

    assert [figure.speed_kmh for figure in report.figures] == [pytest.approx(70)]
    assert refusal.reason is RefusalReason.WRONG_TYPE


def test_flows_that_do_not_match_the_speeds_weigh_nothing() -> None:
    [figure] = decode(measured(flow(300), speed(100), speed(60)))[0].figures

    assert figure.speed_kmh == pytest.approx(80)


def test_a_speed_of_all_vehicles_stands_before_that_of_lorries() -> None:
    [figure] = decode(measured(speed(80, for_vehicles("lorry")), speed(110)))[0].figures

    assert figure.speed_kmh == 110


def test_bicycles_say_nothing_of_cars() -> None:
    report, _ = decode(measured(speed(18, for_vehicles("bicycle"))))

    assert (report.figures, report.passed_over) == ((), {"TrafficSpeed": 1})


def test_elaborated_data_of_no_link_or_of_two_are_refused() -> None:
    two = (
        '<pertinentLocation><predefinedLocationReference id="a"/>'
        '<predefinedLocationReference id="b"/></pertinentLocation>'
    )
    document = publication(
        "ElaboratedDataPublication",
        f"<elaboratedData>{speed(50)}</elaboratedData>",
        f"<elaboratedData>{speed(50, two)}</elaboratedData>",
    )

    report, refusals = decode(document)

    assert report.figures == ()
    assert [one.reason for one in refusals] == [
        RefusalReason.MISSING_FIELD, RefusalReason.AMBIGUOUS,
    ]  # fmt: skip


# Events

NIGHT = validity("definedByValidityTimeSpec", valid("2026-10-01T22:00:00Z", "2026-10-02T05:00:00Z"))


@pytest.mark.parametrize(
    ("document", "effect"),
    [
        (managed("roadClosed"), Effect.CLOSED),
        (managed("carriagewayClosures"), Effect.CLOSED),
        (managed("overnightClosures"), Effect.RESTRICTED),
        (managed("overnightClosures", NIGHT), Effect.CLOSED),
        (managed("laneClosures"), Effect.RESTRICTED),
        (managed("singleAlternateLineTraffic"), Effect.RESTRICTED),
        (managed("vehicleStorageInOperation"), Effect.RESTRICTED),
        (managed("rollingRoadBlock"), Effect.RESTRICTED),
        (managed("hardShoulderRunningInOperation"), Effect.INFORMATION),
        (managed("roadClosed", for_vehicles("lorry")), Effect.INFORMATION),
        (managed("roadClosed", for_vehicles("anyVehicle")), Effect.CLOSED),
        (managed("roadClosed", "<complianceOption>advisory</complianceOption>"), Effect.RESTRICTED),
        (managed("roadClosed", "<probabilityOfOccurrence>riskOf</probabilityOfOccurrence>"),
         Effect.INFORMATION),
        (situations(record("<impact><trafficConstrictionType>roadBlocked</trafficConstrictionType>"
                           "</impact>", "Accident")), Effect.CLOSED),
        (situations(record("<impact><trafficConstrictionType>roadBlocked</trafficConstrictionType>"
                           "</impact><groupOfVehiclesInvolved><vehicleType>lorry</vehicleType>"
                           "</groupOfVehiclesInvolved>", "Accident")), Effect.CLOSED),
        (situations(record("<impact><capacityRemaining>0</capacityRemaining></impact>")),
         Effect.CLOSED),
        (situations(record("<impact><numberOfOperationalLanes>0</numberOfOperationalLanes>"
                           "<originalNumberOfLanes>3</originalNumberOfLanes></impact>")),
         Effect.CLOSED),
        (situations(record("<drivingConditionType>impossible</drivingConditionType>")),
         Effect.CLOSED),
        (situations(record("<temporarySpeedLimit>50</temporarySpeedLimit>", "SpeedManagement")),
         Effect.RESTRICTED),
        (situations(record("<accidentType>accident</accidentType>", "Accident")),
         Effect.INFORMATION),
    ],
)  # fmt: skip
def test_the_effect_is_by_what_a_record_says(document: str, effect: Effect) -> None:
    [event] = decode(document)[0].events

    assert event.effect is effect


def test_lanes_delays_and_limits_are_taken_as_figures() -> None:
    impact = (
        "<impact><delays><delayTimeValue>600</delayTimeValue></delays>"
        "<numberOfLanesRestricted>1</numberOfLanesRestricted>"
        "<originalNumberOfLanes>4</originalNumberOfLanes></impact>"
        "<temporarySpeedLimit>80</temporarySpeedLimit>"
    )

    [event] = decode(situations(record(impact)))[0].events

    assert (event.capacity_left, event.delay_s, event.limit_kmh) == (0.75, 600, 80)


def test_a_cancelled_record_has_ended() -> None:
    cancel = (
        "<management><lifeCycleManagement><cancel>true</cancel></lifeCycleManagement></management>"
    )

    report, _ = decode(situations(record(cancel), record("", id_="r2")))

    assert report.ended == ("r1",)
    assert [event.id for event in report.events] == ["r2"]


def test_a_refused_record_leaves_the_good_ones_and_is_not_ended_by_a_full_refresh() -> None:
    picture = SourcePicture()
    picture.apply(decode(situations(record(""), record("", id_="r2")))[0], timedelta(minutes=15))
    bad = validity("active", "<overallStartTime>soon</overallStartTime>")
    full = "<feedType>Event Data - Full Refresh</feedType>"

    report, [refusal] = decode(situations(record(bad), record("", id_="r3"), head=full))
    picture.apply(report, timedelta(minutes=15))

    assert refusal.where == "situationRecord r1: overallStartTime"
    assert sorted(picture.events) == ["r1", "r3"]


ENDED = "<management><lifeCycleManagement><end>true</end></lifeCycleManagement></management>"


def exchanged(method: str, document: str) -> str:
    said = f"<exchange><updateMethod>{method}</updateMethod></exchange>" if method else ""
    return document.replace("<payloadPublication", said + "<payloadPublication", 1)


@pytest.mark.parametrize(
    ("method", "records", "whole"),
    [
        ("", [record(ENDED)], ("s1",)),
        ("", [record(ENDED), record("", id_="r2")], ()),
        ("", [record("")], ()),
        ("", [], ()),
        ("singleElementUpdate", [record(ENDED)], ()),
        ("allElementUpdate", [record("")], ("s1",)),
        ("allElementUpdate", [record(""), record(ENDED, id_="r2")], ("s1",)),
        ("allElementUpdate", [], ()),
    ],
)
def test_a_situation_is_told_whole_by_its_exchange_or_by_ends_alone(
    method: str, records: list[str], whole: tuple[str, ...]
) -> None:
    report, refusals = decode(exchanged(method, situations(*records)))

    assert refusals == []
    assert report.whole_situations == whole
    assert {event.situation_id for event in report.events} <= {"s1"}


def test_a_situation_with_a_refused_record_is_not_whole() -> None:
    bad = record(validity("active", "<overallStartTime>soon</overallStartTime>"), id_="r2")

    report, _ = decode(exchanged("allElementUpdate", situations(record(ENDED), bad)))

    assert (report.ended, report.unread, report.whole_situations) == (("r1",), ("r2",), ())


@pytest.mark.parametrize(
    ("status", "in_force"),
    [("requested", []), ("rejected", []), ("beingImplemented", ["r1"]), ("implemented", ["r1"])],
)
def test_an_action_that_is_only_asked_for_is_not_in_force(status: str, in_force: list[str]) -> None:
    action = f"<operatorActionStatus>{status}</operatorActionStatus>"

    events = decode(managed("roadClosed", action))[0].events

    assert [event.id for event in events if not event.suspended] == in_force


def test_a_record_without_an_id_is_refused() -> None:
    _, [refusal] = decode(situations(record("", id_="")))

    assert refusal.reason is RefusalReason.MISSING_FIELD


def test_the_newest_version_in_a_document_stands() -> None:
    new = "<situationRecordVersionTime>2026-10-01T18:50:00Z</situationRecordVersionTime>"
    old = "<situationRecordVersionTime>2026-10-01T18:40:00Z</situationRecordVersionTime>"

    [event] = decode(situations(record(new), record(old)))[0].events

    assert event.versioned_at == datetime(2026, 10, 1, 18, 50, tzinfo=UTC)


def test_an_exercise_closes_nothing() -> None:
    test = (
        "<situation><headerInformation><informationStatus>technicalExercise</informationStatus>"
        f"</headerInformation>{record('')}</situation>"
    )

    report, _ = decode(publication("SituationPublication", test))

    assert (report.events, report.passed_over) == ((), {"exercise": 1})


@pytest.mark.parametrize("word", ["updateMethod", "codedExchangeProtocol"])
def test_a_snapshot_is_a_full_refresh(word: str) -> None:
    exchange = f"<exchange><{word}>snapshot</{word}></exchange>"
    document = situations(record("")).replace(
        "<payloadPublication", exchange + "<payloadPublication", 1
    )

    assert decode(document)[0].full_refresh
    assert not decode(situations(record("")))[0].full_refresh


def test_a_source_of_snapshots_refreshes_with_every_situation_publication_and_no_other() -> None:
    keep_alive = "<d2LogicalModel><exchange><keepAlive>true</keepAlive></exchange></d2LogicalModel>"

    assert decode(situations(), snapshot=True)[0].full_refresh
    assert not decode(situations())[0].full_refresh
    assert not decode(measured(speed(50)), snapshot=True)[0].full_refresh
    assert not decode(keep_alive, snapshot=True)[0].full_refresh


# When

LONDON = ZoneInfo("Europe/London")


def periods_of(
    status: str, times: str, zone: ZoneInfo | None = None
) -> tuple[tuple[Period, ...], bool]:
    report, refusals = decode(situations(record(validity(status, times))), zone=zone)
    [event] = report.events
    assert refusals == []
    return event.periods, event.suspended


START = "<overallStartTime>2026-10-01T00:00:00+02:00</overallStartTime>"


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=UTC)


def test_an_active_record_is_in_force_whatever_its_times_say() -> None:
    later = "<overallStartTime>2026-10-02T00:00:00Z</overallStartTime>"

    [now, _], suspended = periods_of("active", later)

    assert now == Period(start=datetime(2026, 10, 1, 18, 55, tzinfo=UTC))
    assert not suspended


def test_nights_recur_at_the_hours_of_the_offset_that_the_start_is_written_with() -> None:
    nights = (
        "<overallEndTime>2026-10-04T12:00:00+02:00</overallEndTime><validPeriod>"
        "<recurringTimePeriodOfDay><startTimeOfPeriod>22:00:00</startTimeOfPeriod>"
        "<endTimeOfPeriod>05:00:00</endTimeOfPeriod></recurringTimePeriodOfDay></validPeriod>"
    )

    periods, _ = periods_of("definedByValidityTimeSpec", START + nights)

    assert periods[-3:] == (
        Period(start=at(1, 20), end=at(2, 3)),
        Period(start=at(2, 20), end=at(3, 3)),
        Period(start=at(3, 20), end=at(4, 3)),
    )


def test_nights_recur_at_the_hours_of_the_sources_zone_when_clocks_go_back() -> None:
    nights = (
        "<overallStartTime>2026-10-01T00:00:00+01:00</overallStartTime>"
        "<overallEndTime>2026-10-27T12:00:00Z</overallEndTime><validPeriod>"
        "<recurringTimePeriodOfDay><startTimeOfPeriod>22:00:00</startTimeOfPeriod>"
        "<endTimeOfPeriod>05:00:00</endTimeOfPeriod></recurringTimePeriodOfDay></validPeriod>"
    )

    periods, _ = periods_of("definedByValidityTimeSpec", nights, LONDON)

    assert periods[-3:] == (
        Period(start=at(24, 21), end=at(25, 5)),
        Period(start=at(25, 22), end=at(26, 5)),
        Period(start=at(26, 22), end=at(27, 5)),
    )


def test_a_time_without_a_zone_is_the_sources_or_refused() -> None:
    times = "<overallStartTime>2026-10-01T12:00:00</overallStartTime>"
    refused, [refusal] = decode(situations(record(validity("planned", times))))

    assert periods_of("planned", times, LONDON)[0] == (Period(start=at(1, 11)),)
    assert (refused.unread, refusal.reason) == (("r1",), RefusalReason.BAD_TIME)


def test_a_figure_without_a_zone_is_of_the_sources() -> None:
    document = measured(speed(50)).replace(AT, "2026-10-01T19:55:00")

    [figure] = decode(document, zone=LONDON)[0].figures

    assert figure.as_of == datetime(2026, 10, 1, 18, 55, tzinfo=UTC)


@pytest.mark.parametrize("status", ["active", "definedByValidityTimeSpec"])
def test_what_overruns_is_in_force_past_its_end(status: str) -> None:
    end = "<overallEndTime>2026-10-01T12:00:00Z</overallEndTime>"
    overrun = validity(status, START + end).replace(
        "</validityStatus>", "</validityStatus><overrunning>true</overrunning>"
    )

    [event] = decode(situations(record(overrun)))[0].events

    assert event.periods[0] == Period(start=datetime(2026, 10, 1, 18, 55, tzinfo=UTC))


def test_days_of_one_week_of_the_month_recur_and_each_set_of_days_by_itself() -> None:
    def days(**named: str) -> str:
        inner = "".join(f"<applicable{key}>{word}</applicable{key}>" for key, word in named.items())
        return f"<recurringDayWeekMonthPeriod>{inner}</recurringDayWeekMonthPeriod>"

    spec = (
        "<overallStartTime>2026-10-01T00:00:00Z</overallStartTime><validPeriod>"
        + days(Day="monday", Week="secondWeekOfMonth")
        + days(Day="friday", Month="october", Week="firstWeekOfMonth")
        + "</validPeriod>"
    )

    periods, _ = periods_of("definedByValidityTimeSpec", spec)

    assert [one.start for one in periods] == [at(2, 0), at(12, 0)]


def test_of_more_periods_than_are_kept_those_over_are_left_out_and_the_earliest_stand() -> None:
    years = (at(1, 22) + timedelta(days=day) for day in range(-600, 600))
    nights = "".join(
        valid(start.isoformat(), (start + timedelta(hours=7)).isoformat()) for start in years
    )

    periods, _ = periods_of("definedByValidityTimeSpec", nights)

    assert len(periods) == MOST_PERIODS
    assert periods[0] == Period(start=at(1, 22), end=at(2, 5))


def test_a_record_of_absurdly_many_periods_is_refused() -> None:
    listed = valid(AT, "2027-01-01T00:00:00Z") * (MOST_LAID_OUT + 1)

    report, [refusal] = decode(situations(record(validity("planned", listed))))

    assert (report.unread, refusal.reason) == (("r1",), RefusalReason.OUT_OF_RANGE)


def test_days_of_the_week_recur() -> None:
    sundays = (
        "<validPeriod><recurringDayWeekMonthPeriod><applicableDay>sunday</applicableDay>"
        "</recurringDayWeekMonthPeriod></validPeriod>"
    )

    periods, _ = periods_of("definedByValidityTimeSpec", START + sundays)

    assert [one.start for one in periods[:2]] == [at(3, 22), at(10, 22)]
    assert all(one.end is not None and one.end - one.start == timedelta(days=1) for one in periods)


def test_an_exception_is_cut_out() -> None:
    exception = (
        "<exceptionPeriod><startOfPeriod>2026-10-02T08:00:00Z</startOfPeriod>"
        "<endOfPeriod>2026-10-02T16:00:00Z</endOfPeriod></exceptionPeriod>"
    )

    periods, _ = periods_of("definedByValidityTimeSpec", START + exception)

    assert periods == (
        Period(start=datetime(2026, 9, 30, 22, tzinfo=UTC), end=at(2, 8)),
        Period(start=at(2, 16)),
    )


def test_a_record_whose_valid_periods_are_elsewhere_is_not_in_force() -> None:
    long_ago = valid("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")

    _, suspended = periods_of("definedByValidityTimeSpec", START + long_ago)

    assert suspended


def test_an_end_before_its_start_is_refused() -> None:
    backwards = "<overallEndTime>2026-09-01T00:00:00Z</overallEndTime>"

    report, [refusal] = decode(
        situations(record(validity("definedByValidityTimeSpec", START + backwards)))
    )

    assert (report.events, report.unread) == ((), ("r1",))
    assert refusal.reason is RefusalReason.BAD_TIME


# Where


def pair(lat: float, lon: float) -> str:
    return (
        f"<pointCoordinates><latitude>{lat}</latitude><longitude>{lon}</longitude>"
        "</pointCoordinates>"
    )


def test_a_tpeg_line_runs_from_its_from_to_its_to() -> None:
    place = place_of(
        located(
            "<supplementaryPositionalDescription><roadInformation><roadNumber>A-2</roadNumber>"
            "</roadInformation></supplementaryPositionalDescription><tpegLinearLocation>"
            "<tpegDirection>northBound</tpegDirection>"
            f"<to>{pair(40.2, -3.2)}</to><from>{pair(40.1, -3.1)}</from></tpegLinearLocation>"
        )
    )

    assert place == EventPlace(points=((40.1, -3.1), (40.2, -3.2)), road="A-2", ways=Ways.ONE)


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ("", "52.1 5.1 52.2 5.2"),
        ('srsName="urn:ogc:def:crs:EPSG::4326"', "52.1 5.1 52.2 5.2"),
        ('srsName="http://www.opengis.net/def/crs/OGC/1.3/CRS84"', "5.1 52.1 5.2 52.2"),
        ('srsDimension="3"', "52.1 5.1 3 52.2 5.2 4"),
    ],
)
def test_a_line_string_is_read_in_its_axes_and_dimensions(attributes: str, text: str) -> None:
    line = f"<gmlLineString><posList {attributes}>{text}</posList></gmlLineString>"

    outside = f"<gmlLineString {attributes}><posList>{text}</posList></gmlLineString>"

    for place in place_of(located(line)), place_of(located(outside)):
        assert (place.points, place.ways) == (((52.1, 5.1), (52.2, 5.2)), Ways.ONE)


@pytest.mark.parametrize(
    ("word", "points", "ways"),
    [
        ("opposite", ((52.2, 5.2), (52.1, 5.1)), Ways.ONE),
        ("both", ((52.1, 5.1), (52.2, 5.2)), Ways.BOTH),
        ("unknown", ((52.1, 5.1), (52.2, 5.2)), Ways.UNKNOWN),
    ],
)
def test_a_line_says_its_directions(
    word: str, points: tuple[tuple[float, float], ...], ways: Ways
) -> None:
    name = "directionRelativeOnLinearSection"
    line = "<gmlLineString><posList>52.1 5.1 52.2 5.2</posList></gmlLineString>"

    place = place_of(located(f"{line}<{name}>{word}</{name}>"))

    assert (place.points, place.ways) == (points, ways)


def test_openlr_gives_its_reference_points_in_order() -> None:
    def point(name: str, lat: float, lon: float) -> str:
        return (
            f"<{name}><openlrCoordinates><latitude>{lat}</latitude><longitude>{lon}</longitude>"
            f"</openlrCoordinates></{name}>"
        )

    place = place_of(
        located(
            "<openlrLinear><firstDirection>"
            + point("openlrLocationReferencePoint", 52.1, 5.1)
            + point("openlrLastLocationReferencePoint", 52.2, 5.2)
            + "</firstDirection></openlrLinear>"
        )
    )

    assert (place.points, place.ways) == (((52.1, 5.1), (52.2, 5.2)), Ways.ONE)


def test_a_line_by_coordinates_runs_from_start_to_end_whatever_order_they_are_written_in() -> None:
    def point(part: str, lat: float) -> str:
        name = f"linearCoordinates{part}Point"
        return f"<{name}>{pair(lat, 5.0)}</{name}>"

    parts = point("End", 52.3) + point("Intermediate", 52.2) + point("Start", 52.1)

    place = place_of(located(f"<linearByCoordinates>{parts}</linearByCoordinates>"))

    assert [latitude for latitude, _ in place.points] == [52.1, 52.2, 52.3]


def test_a_point_is_taken_and_one_for_display_only_where_there_is_none() -> None:
    shown = (
        "<locationForDisplay><latitude>52</latitude><longitude>5</longitude></locationForDisplay>"
    )
    real = f"<pointByCoordinates>{pair(52.1, 5.1)}</pointByCoordinates>"

    assert place_of(located(shown + real, "Point")).points == ((52.1, 5.1),)
    assert place_of(located(shown, "Point")).points == ((52, 5),)


def test_a_slip_road_is_described_and_not_taken_for_the_road() -> None:
    place = place_of(
        located(
            "<supplementaryPositionalDescription><carriageway><carriageway>exitSlipRoad"
            "</carriageway></carriageway></supplementaryPositionalDescription>"
            f"<pointByCoordinates>{pair(52.1, 5.1)}</pointByCoordinates>",
            "PointLocation",
        )
    )

    assert place == EventPlace(described_as="exitSlipRoad")


@pytest.mark.parametrize(
    "line",
    [
        "<posList>52.1 5.1 52.2</posList>",
        "<posList>152.1 5.1</posList>",
        "<posList>here there</posList>",
        '<posList srsName="EPSG:25832">52.1 5.1</posList>',
    ],
)
def test_coordinates_that_cannot_be_refuse_the_record(line: str) -> None:
    report, [refusal] = decode(located(f"<gmlLineString>{line}</gmlLineString>"))

    assert report.unread == ("r1",)
    assert refusal.where.startswith("situationRecord r1: ")
