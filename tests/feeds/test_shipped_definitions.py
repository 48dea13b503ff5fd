"""The definitions that come with the package, on payloads of ours and on recorded ones."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.definition import FeedDefinition, list_shipped, load_definition
from feeds.model import NoFigure, Observation, Refusal, Statistic, Wait
from feeds.rows import decode_document
from tests.conftest import DATA

PACKS = Path(__file__).parents[2] / "waitless" / "areas"
DEFINITIONS: dict[str, FeedDefinition] = {
    path.stem: load_definition(path) for path in [*list_shipped(), *PACKS.glob("*/feeds/*.toml")]
}
UNKNOWN, NOT_GIVEN = NoFigure.UNKNOWN, NoFigure.NOT_GIVEN

Figures = dict[str, object]


def decode(name: str, payload: bytes, at: str) -> tuple[list[Observation], Counter[str]]:
    now = datetime.fromisoformat(at).astimezone(UTC)
    decoded = list(decode_document(DEFINITIONS[name], payload, now))
    observed = [one for one in decoded if isinstance(one, Observation)]
    return observed, Counter(one.reason.value for one in decoded if isinstance(one, Refusal))


def figure(observation: Observation) -> object:
    """Minutes, a band as a pair, or why there is no figure."""
    match observation.wait:
        case Wait(minutes=None) as wait:
            return wait.low, wait.high
        case Wait() as wait:
            return wait.minutes
        case nothing:
            return nothing


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_shipped_definition_is_named_after_its_file_and_not_polled_unasked(name: str) -> None:
    definition = DEFINITIONS[name]

    assert definition.id == name
    assert not definition.enabled
    assert not definition.required


OURS: list[tuple[str, str, str, Figures, dict[str, int]]] = [
    (
        "coventry-uhcw",
        "coventry.json",
        "2022-12-24T08:00Z",
        {
            "coventry-miu": (None, 60),
            "rugby-utc": (120, None),
            "coventry-ed": (360, None),
            "coventry-childrens-ed": (180, None),
        },
        {"incomplete": 1},
    ),
    (
        "coventry-uhcw-page",
        "coventry-page.html",
        "2022-12-24T08:00Z",
        {"coventry-miu": (None, 60)},
        {"unreadable_wait": 1, "incomplete": 1},
    ),
    (
        "cumbria-ncic",
        "cumbria.txt",
        "2025-07-02T21:45Z",
        {
            "cumberland-infirmary-ed": (90, 120),
            "west-cumberland-ed": (30, 60),
            "penrith-utc": UNKNOWN,
        },
        {"unreadable_wait": 1},
    ),
    (
        "cumbria-ncic-page",
        "cumbria-page.html",
        "2025-07-02T21:45Z",
        {
            "cumberland-infirmary-ed": (240, None),
            "west-cumberland-ed": (30, 60),
            "penrith-utc": UNKNOWN,
            "keswick-utc": (None, 30),
        },
        {},
    ),
    (
        "hong-kong-ha-2024",
        "hong-kong-2024.json",
        "2024-06-04T16:20Z",
        {
            "queen-mary-hospital-ae": (480, None),
            "st-john-hospital-ae": (None, 60),
            "pok-oi-hospital-ae": UNKNOWN,
        },
        {"unknown_facility": 1, "incomplete": 1},
    ),
    (
        "hong-kong-ha-2026-semi-urgent",
        "hong-kong-2026.json",
        "2026-03-24T09:40Z",
        {"queen-mary-hospital-ae": 210},
        {"unreadable_wait": 1, "incomplete": 1},
    ),
    (
        "hong-kong-ha-2026-urgent",
        "hong-kong-2026.json",
        "2026-03-24T09:40Z",
        {"queen-mary-hospital-ae": 23, "pok-oi-hospital-ae": UNKNOWN},
        {"incomplete": 1},
    ),
    (
        "kent-medway-page",
        "kent-medway.html",
        "2026-11-22T10:00Z",
        {"whitstable-utc": 65, "deal-utc": UNKNOWN, "folkestone-utc": (240, None)},
        {"unreadable_wait": 1, "unknown_facility": 1, "incomplete": 1},
    ),
    (
        "alberta-ahs",
        "alberta.json",
        "2026-07-01T20:00Z",
        {
            "south-health-campus-children-ed": 62,
            "south-health-campus-ed": UNKNOWN,
            "alberta-childrens-hospital-ed": 30,
        },
        {"wrong_columns": 1, "wrong_type": 1, "incomplete": 1},
    ),
]


@pytest.mark.parametrize(
    ("name", "file", "at", "figures", "refused"), OURS, ids=[name for name, *_ in OURS]
)
def test_our_payloads_are_read_as_they_were_made(
    name: str, file: str, at: str, figures: Figures, refused: dict[str, int]
) -> None:
    observed, refusals = decode(name, (DATA / "feeds" / file).read_bytes(), at)

    assert {one.facility_id: figure(one) for one in observed} == figures
    assert refusals == refused


def test_plymouths_zeros_beside_waiting_patients_are_refused() -> None:
    payload = (DATA / "feeds" / "plymouth.json").read_bytes()

    observed, refusals = decode("plymouth-uhp", payload, "2023-08-01T09:20Z")

    assert [figure(one) for one in observed] == [0, 47, UNKNOWN]
    assert refusals == {"ambiguous": 1}


def test_quebecs_counts_carry_both_clocks_and_cut_rows_are_refused() -> None:
    payload = (DATA / "feeds" / "quebec.csv").read_bytes()

    observed, refusals = decode("quebec-msss", payload, "2026-02-01T06:00Z")

    assert [(one.patients_waiting, one.patients_in_department) for one in observed] == [
        (9, 21),
        (None, 4),
    ]
    assert {figure(one) for one in observed} == {NOT_GIVEN}
    assert {one.as_of for one in observed} == {datetime(2026, 2, 1, 5, tzinfo=UTC)}
    assert {one.published_at for one in observed} == {datetime(2026, 2, 1, 5, 45, tzinfo=UTC)}
    assert refusals == {"wrong_columns": 2, "incomplete": 1}


def test_an_archive_with_an_error_glued_to_it_loses_only_what_is_spoilt() -> None:
    payload = (DATA / "feeds" / "hong-kong-archive.tsv").read_bytes()

    observed, refusals = decode(
        "hong-kong-archive-queen-mary-hospital", payload, "2024-05-02T01:50Z"
    )

    assert [figure(one) for one in observed] == [(120, None), UNKNOWN]
    assert refusals == {"bad_time": 1, "wrong_columns": 1, "ambiguous": 1}


RECORDED: list[tuple[str, str, str, int, int, dict[str, int]]] = [
    # definition, recording, received, observations, of them with a wait, refusals
    ("coventry-uhcw", "uk_uhcw_coventry/times_2022-12-05*", "2022-12-05T08:00Z", 5, 5, {}),
    (
        "coventry-uhcw",
        "uk_uhcw_coventry/times_2023-01-01*",
        "2023-01-01T10:32Z",
        *(3, 3, {"incomplete": 1}),
    ),
    (
        "coventry-uhcw",
        "uk_uhcw_coventry/times_2023-03-05*",
        "2023-03-05T18:36Z",
        *(1, 1, {"incomplete": 1}),
    ),
    (
        "coventry-uhcw",
        "uk_uhcw_coventry/times_2023-05-09*",
        "2023-05-09T08:24Z",
        *(0, 0, {"empty": 1}),
    ),
    ("plymouth-uhp", "uk_plymouth_uhp/facility_*", "2023-07-05T17:30Z", 59, 59, {}),
    (
        "plymouth-uhp",
        "uk_plymouth_uhp/facilities_*",
        "2023-07-05T17:30Z",
        *(0, 0, {"missing_field": 1}),
    ),
    ("cumbria-ncic", "uk_ncic_cumbria/page_2025-01-21*", "2025-01-21T03:35Z", 4, 2, {}),
    ("cumbria-ncic", "uk_ncic_cumbria/page_2025-10-31*", "2025-10-31T09:05Z", 4, 4, {}),
    ("alberta-ahs", "ca_alberta_ahs/*.json", "2026-06-16T23:27Z", 30, 28, {}),
    ("quebec-msss", "ca_quebec_msss/*header_only*", "2025-12-30T02:47Z", 0, 0, {"empty": 1}),
    ("quebec-msss", "ca_quebec_msss/*only__id*", "2025-12-30T06:17Z", 0, 0, {"empty": 1}),
    ("quebec-msss", "ca_quebec_msss/*pas_dinfo*", "2025-12-30T10:12Z", 115, 0, {}),
    (
        "quebec-msss",
        "ca_quebec_msss/*truncated*",
        "2025-12-31T15:46Z",
        *(115, 0, {"wrong_columns": 1}),
    ),
    ("quebec-msss", "ca_quebec_msss/*good*", "2026-01-01T21:45Z", 115, 0, {}),
    (
        "quebec-msss",
        "ca_quebec_msss/*cut_in_time*",
        "2026-01-02T17:52Z",
        *(115, 0, {"wrong_columns": 1}),
    ),
    (
        "hong-kong-ha-2026-urgent",
        "hk_ha/aedwtdata2*",
        "2026-02-16T05:05Z",
        *(1, 1, {"incomplete": 1}),
    ),
    (
        "hong-kong-ha-2026-semi-urgent",
        "hk_ha/aedwtdata2*",
        "2026-02-16T05:05Z",
        *(0, 0, {"missing_field": 1, "incomplete": 1}),
    ),
    (
        "hong-kong-archive-caritas-medical-centre",
        "hk_ha/2024-03-14*",
        "2024-03-14T15:50Z",
        *(48, 48, {}),
    ),
    (
        "hong-kong-archive-north-district-hospital",
        "hk_ha/2025-05-13*",
        "2025-05-13T15:50Z",
        *(23, 23, {"wrong_columns": 16}),
    ),
    (
        "hong-kong-archive-queen-mary-hospital",
        "hk_ha/2025-07-29*",
        "2025-07-29T15:50Z",
        *(28, 28, {"bad_time": 1}),
    ),
]


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: "-".join(case[:2]))
def test_a_recorded_payload_gives_exactly_these_counts(
    shared_data: Path, case: tuple[str, str, str, int, int, dict[str, int]]
) -> None:
    name, recording, at, observations, waits, refused = case
    [path] = (shared_data / "feeds").glob(recording)

    observed, refusals = decode(name, path.read_bytes(), at)

    assert len(observed) == observations
    assert sum(isinstance(one.wait, Wait) for one in observed) == waits
    assert refusals == refused


def test_cumbria_by_night_is_closed_and_not_empty(shared_data: Path) -> None:
    path = shared_data / "feeds/uk_ncic_cumbria/page_2025-01-21_0330.txt"

    observed, _ = decode("cumbria-ncic", path.read_bytes(), "2025-01-21T03:35Z")

    assert {one.facility_id: (figure(one), one.patients_in_department) for one in observed} == {
        "cumberland-infirmary-ed": ((210, 240), 30),
        "west-cumberland-ed": ((240, None), 25),
        "penrith-utc": (UNKNOWN, None),
        "keswick-utc": (UNKNOWN, None),
    }
    assert {one.wait.statistic for one in observed if isinstance(one.wait, Wait)} == {
        Statistic.MEAN
    }


@pytest.mark.parametrize("name", DEFINITIONS)
@settings(max_examples=30)
@given(payload=st.binary(max_size=300))
def test_no_bytes_raise(name: str, payload: bytes) -> None:
    observed, refusals = decode(name, payload, "2026-11-22T10:00Z")

    assert observed or refusals


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, file, *_ in OURS])
@settings(max_examples=30)
@given(data=st.data())
def test_a_payload_cut_anywhere_gives_no_figure_that_was_not_in_it(
    name: str, file: str, data: st.DataObject
) -> None:
    payload = (DATA / "feeds" / file).read_bytes()
    at = next(at for one, _, at, *_ in OURS if one == name)
    whole, _ = decode(name, payload, at)
    length = data.draw(st.integers(0, len(payload) - 1))

    observed, refusals = decode(name, payload[:length], at)

    waits = {one.facility_id: figure(one) for one in whole}
    for one in observed:
        assert figure(one) in (waits.get(one.facility_id), UNKNOWN)
    assert refusals or len(observed) >= len(whole)
