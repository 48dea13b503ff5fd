"""The traffic message over MQTT, as any client might write it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import Refusal, RefusalReason
from feeds.traffic.messages import MAX_BYTES, decode_traffic, encode_traffic
from feeds.traffic.model import Effect, LinkFigure, Period, TrafficReport, Ways

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
AS_OF = "2026-11-20T11:59:30Z"
MEASURED = datetime(2026, 11, 20, 11, 59, 30, tzinfo=UTC)


def message(**data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "urn:example:roads",
        "type": "uk.waitless.traffic.v1",
        "data": {"as_of": AS_OF, **data},
    }


def decode(document: Any) -> tuple[TrafficReport | None, list[Refusal]]:
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    said = list(decode_traffic(payload, feed_id="roads", received_at=NOON))
    reports = [one for one in said if isinstance(one, TrafficReport)]
    assert len(reports) <= 1
    return (reports or [None])[0], [one for one in said if isinstance(one, Refusal)]


def test_a_time_a_speed_and_a_closed_link_are_figures() -> None:
    report, refusals = decode(
        message(
            links=[
                {"link": "a", "travel_s": 240, "free_flow_s": 200},
                {"link": "b", "speed_kmh": 31.5, "as_of": "2026-11-20T11:50:00Z"},
                {"link": "c", "closed": True, "until": "2026-11-20T13:00:00Z"},
            ]
        )
    )
    assert refusals == []
    assert report is not None
    assert report.published_at == MEASURED
    assert report.figures == (
        LinkFigure(link_id="a", as_of=MEASURED, travel_s=240, free_flow_s=200),
        LinkFigure(link_id="b", as_of=NOON - timedelta(minutes=10), speed_kmh=31.5),
        LinkFigure(link_id="c", as_of=MEASURED, expires_at=NOON + timedelta(hours=1), closed=True),
    )


def test_an_event_says_where_when_and_what() -> None:
    report, _ = decode(
        message(
            events=[
                {
                    "id": "e1",
                    "effect": "closed",
                    "kind": "roadworks",
                    "points": [[51.28, 1.08], [51.29, 1.09]],
                    "road": "A28",
                    "ways": "one",
                    "start": "2026-11-20T20:00:00Z",
                    "end": "2026-11-21T06:00:00+00:00",
                },
                {"id": "e2", "effect": "restricted", "links": ["a"], "delay_s": 120},
            ],
            ended=["e0"],
            full_refresh=True,
        )
    )
    assert report is not None
    first, second = report.events
    assert (first.effect, first.kind) == (Effect.CLOSED, "roadworks")
    assert first.places[0].points == ((51.28, 1.08), (51.29, 1.09))
    assert (first.places[0].road, first.places[0].ways) == ("A28", Ways.ONE)
    assert first.periods == (Period(start=NOON.replace(hour=20), end=NOON.replace(day=21, hour=6)),)
    assert (second.delay_s, second.places[0].link_ids, second.periods) == (120, ("a",), ())
    assert (report.ended, report.full_refresh) == (("e0",), True)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"link": "x"}, RefusalReason.MISSING_FIELD),
        ({"travel_s": 3}, RefusalReason.MISSING_FIELD),
        ({"link": "x", "travel_s": 0}, RefusalReason.OUT_OF_RANGE),
        ({"link": "x", "travel_s": -1}, RefusalReason.OUT_OF_RANGE),
        ({"link": "x", "travel_s": 90_000}, RefusalReason.OUT_OF_RANGE),
        ({"link": "x", "speed_kmh": 0.2}, RefusalReason.OUT_OF_RANGE),
        ({"link": "", "travel_s": 10}, RefusalReason.OUT_OF_RANGE),
        ({"link": "x", "travel_s": "10"}, RefusalReason.WRONG_TYPE),
        ({"link": "x", "travel_s": 10, "as_of": "2026-11-20T12:30:00Z"}, RefusalReason.FUTURE),
        ({"link": "x", "travel_s": 10, "as_of": "2026-11-18T12:00:00Z"}, RefusalReason.ANCIENT),
        ({"link": "x", "travel_s": 10, "as_of": "yesterday"}, RefusalReason.BAD_TIME),
        ({"link": "x", "travel_s": 10, "until": AS_OF}, RefusalReason.OUT_OF_RANGE),
        ("x", RefusalReason.WRONG_TYPE),
        (None, RefusalReason.WRONG_TYPE),
    ],
)
def test_a_faulty_row_is_refused_by_its_place_and_the_others_stand(
    row: Any, reason: RefusalReason
) -> None:
    report, refusals = decode(message(links=[{"link": "a", "travel_s": 9}, row]))
    assert report is not None
    assert [figure.link_id for figure in report.figures] == ["a"]
    assert [(one.reason, one.where) for one in refusals] == [(reason, "data.links[1]")]


@pytest.mark.parametrize(
    "event",
    [
        {"id": "e", "effect": "shut"},
        {"id": "e", "effect": "closed", "points": [[1.08, 151.2]]},
        {"id": "e", "effect": "closed", "points": [[91.0, 1.0]]},
        {"id": "e", "effect": "closed", "start": AS_OF, "end": AS_OF},
        {"effect": "closed"},
    ],
)
def test_a_faulty_event_is_refused_or_taken_never_both(event: dict[str, Any]) -> None:
    report, refusals = decode(message(events=[event]))
    assert report is not None
    assert len(report.events) + len(refusals) == 1


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"{", RefusalReason.MALFORMED),
        (b'{"x":' + b"[" * 100_000, RefusalReason.MALFORMED),
        ({**message(), "type": "uk.waitless.wait.v1"}, RefusalReason.WRONG_ENVELOPE),
        ({**message(), "data": {}}, RefusalReason.MISSING_FIELD),
        (message(as_of="2026-11-20T12:10:00Z"), RefusalReason.FUTURE),
        (message(as_of="soon"), RefusalReason.BAD_TIME),
        (message(links={}), RefusalReason.WRONG_TYPE),
        (b" " * (MAX_BYTES + 1), RefusalReason.TOO_LARGE),
    ],
)
def test_a_message_that_is_none_gives_one_refusal(document: Any, reason: RefusalReason) -> None:
    report, refusals = decode(document)
    assert report is None
    assert [one.reason for one in refusals] == [reason]


def test_what_is_encoded_is_decoded_again() -> None:
    figure = LinkFigure(link_id="a>b", as_of=MEASURED, travel_s=240.0)
    report = TrafficReport(
        feed_id="roads",
        published_at=MEASURED,
        received_at=NOON,
        figures=(figure, replace(figure, link_id="c>d", travel_s=None, closed=True)),
        simulated=True,
    )
    assert decode(encode_traffic(report, source="urn:test")) == (report, [])


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["data", "links", "events", "as_of", "link", "travel_s", "id", "effect"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    ).map(lambda thing: json.dumps(message(links=[thing], events=[thing])).encode())
)
def test_whatever_comes_is_reported_or_refused_and_never_raises(payload: bytes) -> None:
    report, refusals = decode(payload)
    assert report is not None or len(refusals) == 1
