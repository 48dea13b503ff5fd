"""Each format of the definition language, on documents made for the purpose."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.definition import DefinitionFault, FeedDefinition, load_definition
from feeds.model import FacilityStatus, NoFigure, Observation, Refusal, RefusalReason, Wait
from feeds.rows import decode_document

Define = Callable[..., FeedDefinition]

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)

HEAD = """
id = "made-up"
title = "Made for tests"
zone = "Europe/London"
cadence_s = 300
expected = []
[transport]
kind = "file"
path = "payload"
[facilities]
"North General" = "north-ed"
"North General Minor" = "north-utc"
"South" = "south-utc"
"""


@pytest.fixture
def define(tmp_path: Path) -> Define:
    def make(body: str, head: str = HEAD) -> FeedDefinition:
        path = tmp_path / "made.toml"
        path.write_text(head + body, encoding="utf-8")
        return load_definition(path)

    return make


def decode(definition: FeedDefinition, payload: str) -> tuple[list[Observation], list[Refusal]]:
    decoded = list(decode_document(definition, payload.encode(), NOW))
    return (
        [one for one in decoded if isinstance(one, Observation)],
        [one for one in decoded if isinstance(one, Refusal)],
    )


def figures(observed: list[Observation]) -> dict[str, float | None]:
    return {
        one.facility_id: one.wait.minutes if isinstance(one.wait, Wait) else None
        for one in observed
    }


NESTED = """
{"regions": [{"updated": "2026-11-22T10:00:00Z", "sites": [
   {"site": "North General", "queues": [{"kind": "", "mins": 100}, {"kind": "Minor", "mins": 20}]},
   {"site": "South", "queues": [{"kind": "", "mins": null}]}]}]}
"""


def test_nested_lists_are_walked_and_each_row_keeps_its_parents(define: Define) -> None:
    definition = define("""
[rows]
format = "json"
path = ["regions[]", "sites[]", "queues[]"]
[fields]
facility = { path = "join(' ', [_parent.site, kind])" }
as_of = { path = "_parent._parent.updated" }
wait = { path = "mins", unit = "minutes" }
""")

    observed, refused = decode(definition, NESTED)

    assert refused == []
    assert figures(observed) == {"north-ed": 100, "north-utc": 20, "south-utc": None}


def test_an_object_keyed_by_name_gives_its_entries_as_rows(define: Define) -> None:
    definition = define("""
[rows]
format = "json"
path = "entries(waits)"
[fields]
facility = { path = "_key" }
as_of = { document = "at", formats = ["epoch_seconds"] }
wait = { path = "_value || text" }
""")

    observed, refused = decode(
        definition,
        f'{{"at": {int(NOW.timestamp())}, "waits": {{"South": "1 hr", "North General": {{"text": '
        '"2 hr"}, "West": "5 min"}}',
    )

    assert figures(observed) == {"south-utc": 60, "north-ed": 120}
    assert [one.reason for one in refused] == [RefusalReason.UNKNOWN_FACILITY]


COLUMNS = """
[rows]
format = "json"
path = "columns({name: labels, wait: series[0].data})"
[fields]
facility = { path = "name" }
as_of = { received = true }
wait = { path = "wait", unit = "hours" }
"""


def test_lists_side_by_side_are_zipped_but_only_at_one_length(define: Define) -> None:
    definition = define(COLUMNS)

    good, none = decode(definition, '{"labels": ["South"], "series": [{"data": [1.5]}]}')
    bad, refused = decode(definition, '{"labels": ["South"], "series": [{"data": [1, 2]}]}')

    assert (figures(good), none) == ({"south-utc": 90}, [])
    assert good[0].as_of_is_received
    assert (bad, [one.reason for one in refused]) == ([], [RefusalReason.WRONG_COLUMNS])


def test_a_required_key_that_is_gone_is_not_a_null(define: Define) -> None:
    definition = define("""
[rows]
format = "json"
path = "@"
[fields]
facility = { path = "name" }
as_of = { received = true }
wait = { path = "now.wait", unit = "minutes", required = true }
""")

    null, _ = decode(definition, '[{"name": "South", "now": {"wait": null}}]')
    gone, refused = decode(definition, '[{"name": "South", "now": {"waiting": 5}}]')

    assert [one.wait for one in null] == [NoFigure.UNKNOWN]
    assert (gone, [one.reason for one in refused]) == ([], [RefusalReason.MISSING_FIELD])


TABLE = """
[rows]
format = "html"
select = "table.waits tbody tr"
[[rows.require]]
document = "table.waits thead th:nth-child(2)"
equals = "Wait"
[[rows.drop]]
path = "td:nth-child(1)"
matches = "^Total"
[fields]
facility = { path = "td:nth-child(1)", null_texts = [] }
as_of = { document = "time", attribute = "datetime" }
wait = { path = "td:nth-child(2)" }
patients_waiting = { attribute = "data-waiting" }
status = { path = "td:nth-child(2)", map = { Closed = "closed" }, ignore_others = true }
"""
PAGE = """<time datetime="2026-11-22T10:00">ten</time><table class=waits>
<thead><tr><th>Unit<th>Wait</tr></thead>
<tbody><tr data-waiting="7"><td>North <b>General</b><td>3&nbsp;hr<br>7 min<script>9</script></tr>
<tr><td>SOUTH<td>Closed</tr><tr><td>Total<td>9 hr</tr></tbody></table>"""


def test_a_table_is_read_by_selectors_attributes_and_dropped_rows(define: Define) -> None:
    observed, refused = decode(define(TABLE), PAGE)

    assert refused == []
    assert figures(observed) == {"north-ed": 187, "south-utc": None}
    assert [one.patients_waiting for one in observed] == [7, None]
    assert [one.status for one in observed] == [None, FacilityStatus.CLOSED]


def test_columns_that_changed_places_refuse_the_page(define: Define) -> None:
    observed, refused = decode(define(TABLE), PAGE.replace("<th>Unit<th>Wait", "<th>Wait<th>Unit"))

    assert observed == []
    assert [one.reason for one in refused] == [RefusalReason.WRONG_COLUMNS]


def test_of_two_elements_neither_is_guessed(define: Define) -> None:
    definition = define(
        TABLE.replace('wait = { path = "td:nth-child(2)" }', 'wait = { path = "td" }')
    )

    observed, refused = decode(definition, PAGE)

    assert observed == []
    assert {one.reason for one in refused} == {RefusalReason.AMBIGUOUS}


CSV = """
[rows]
format = "csv"
delimiter = ";"
skip_lines = 1
[fields]
facility = { path = ["Site", "Queue"] }
as_of = { path = ["Day", "Time"] }
wait = { path = "Wait", unit = "minutes" }
"""
LINES = """Report of the day
Site;Queue;Day;Time;Wait
North General;Minor;22/11/2026;10:00;"20"
South;;22/11/2026;;15
South;;22/11/2026;10:00
"""


def test_columns_can_be_joined_and_half_a_time_is_none(define: Define) -> None:
    observed, refused = decode(define(CSV), LINES)

    assert figures(observed) == {"north-utc": 20}
    assert [one.reason for one in refused] == [
        RefusalReason.BAD_TIME,
        RefusalReason.WRONG_COLUMNS,
    ]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("", RefusalReason.EMPTY),
        ("x\nSite;Queue;Day;Time;Wait\n", RefusalReason.EMPTY),
        ("x\nSite;Queue;Day;Time\nSouth;;22/11/2026;10:00\n", RefusalReason.WRONG_COLUMNS),
        ("x\nSite;Site;Day;Time;Wait\na;b;c;d;e\n", RefusalReason.WRONG_COLUMNS),
        ('x\nSite;Queue;Day;Time;Wait\n"South', RefusalReason.MALFORMED),
    ],
)
def test_a_csv_without_its_rows_or_columns_is_refused(
    define: Define,
    payload: str,
    reason: RefusalReason,
) -> None:
    observed, refused = decode(define(CSV), payload)

    assert (observed, [one.reason for one in refused]) == ([], [reason])


BANNER = r"""
[rows]
format = "text"
from_html = true
pattern = ['^(?P<name>North General|South):\s+(?P<wait>[^\n(]+?)(?:\s+\((?P<at>[^)]+)\))?$',
           '^(?P<name>South) is (?P<door>closed|open)$']
[fields]
facility = { path = "name" }
as_of = [{ path = "at" }, { document = 'Page of (\S+ \S+)' }]
wait = { path = "wait", zero_texts = ["No wait"], suppressed_texts = ["withheld"], zero = "normal" }
status = { path = "door", map = { closed = "closed", open = "open" } }
"""


def test_a_banner_is_read_by_patterns_with_the_first_time_that_is_there(define: Define) -> None:
    page = "<h1>Page of 22/11/2026 09:50</h1><p>North General: <p>No wait <p>South: 5 min (10:01)"
    observed, refused = decode(
        define(BANNER), page.replace(": <p>", ": ").replace(" <p>", "<p>") + "<p>South is closed"
    )

    assert refused == []
    assert [(one.facility_id, one.as_of.minute) for one in observed] == [
        ("north-ed", 50),
        ("south-utc", 50),
        ("south-utc", 1),
    ]
    assert [one.status for one in observed] == [None, FacilityStatus.CLOSED, None]


def test_what_a_source_withholds_is_suppressed(define: Define) -> None:
    observed, _ = decode(define(BANNER), "Page of 22/11/2026 09:50<p>South: withheld")

    assert [one.wait for one in observed] == [NoFigure.SUPPRESSED]


def test_names_that_are_not_ours_can_be_ignored_and_missing_ones_are_named(define: Define) -> None:
    head = HEAD.replace("expected = []", 'ignored = ["West"]')
    definition = define(COLUMNS, head)

    observed, refused = decode(definition, '{"labels": ["WEST"], "series": [{"data": [1]}]}')

    assert observed == []
    assert [one.reason for one in refused] == [RefusalReason.INCOMPLETE]
    assert "north-ed, north-utc, south-utc" in refused[0].detail


POSITION = """
[rows]
format = "json"
path = "@"
[fields]
facility = { path = "name" }
as_of = { received = true }
wait_unavailable = { path = "known", invert = true }
wait = { path = "wait" }
[fields.position]
latitude = { path = "lat" }
longitude = { path = "lon" }
south = 50.0
west = -5.0
north = 51.0
east = 0.0
"""


@pytest.mark.parametrize(
    ("lat", "swapped", "accepted"),
    [("50.5", "false", 1), ("-4", "false", 0), ("-4", "true", 1), ('"x"', "true", 0)],
)
def test_a_row_that_is_somewhere_else_is_refused(
    define: Define,
    lat: str,
    swapped: str,
    accepted: int,
) -> None:
    lon = "50.5" if lat == "-4" else "-4"
    definition = define(f"{POSITION}\nswapped = {swapped}\n")

    observed, refused = decode(
        definition,
        f'[{{"name": "South", "lat": {lat}, "lon": {lon}, "known": "Y", "wait": "1 h"}}]',
    )

    assert (len(observed), len(refused)) == (accepted, 1 - accepted)


def test_a_flag_beside_the_wait_can_say_that_it_is_none(define: Define) -> None:
    observed, _ = decode(
        define(POSITION),
        '[{"name": "South", "lat": 50.5, "lon": -4, "known": "False", "wait": "1 h"}]',
    )

    assert [one.wait for one in observed] == [NoFigure.UNKNOWN]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('format = "html"', 'format = "html"\nsplit = ""', "split"),
        ("table.waits tbody tr", "table[", "CSS selector"),
        ('path = "td:nth-child(2)" }', 'path = "td:::" }', "$.fields.wait"),
        ('equals = "Wait"', "", "equals"),
        ('matches = "^Total"', 'matches = "("', "regular expression"),
        ('format = "html"', 'format = "html"\nencoding = "ebcdic-9"', "encoding"),
        ("map = { Closed", "map = { Klosed = 'shut', Closed", "$.fields.status"),
    ],
)
def test_a_faulty_page_definition_is_refused_with_its_field(
    define: Define,
    old: str,
    new: str,
    says: str,
) -> None:
    assert old in TABLE

    with pytest.raises(DefinitionFault, match=r"made\.toml") as fault:
        define(TABLE.replace(old, new, 1))

    assert says in str(fault.value)
