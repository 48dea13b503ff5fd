"""FAILURES.md 14 to 19, each as it happened, driven from the source to the patient's page."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.failures.conftest import (
    NAMES,
    PAGE,
    Source,
    Start,
    WriteFeed,
    bearer,
    numbers_in,
    site,
)
from tests.support.clock import FakeClock

DERRIFORD, CUMBERLAND, TAVISTOCK = "derriford-ed", "cumberland-centre-utc", "tavistock-miu"
LONDON = ZoneInfo("Europe/London")
TEXT_ROWS = r"""
format = "text"
flags = ["verbose"]
pattern = '''
^(?P<name>[A-Z][a-z]+(?:[ ][A-Z][A-Za-z]+)?)\n
(?P<inside>\d+)[ ](?P<wait>[a-z0-9 -]+?)[ ]\d+$'''
"""
TEXT_FIELDS = """
facility = { path = "name" }
as_of = { document = 'correct as of (\\d[^\\n]+)', formats = ["words"] }
wait = { path = "wait", statistic = "mean", clock_from = "first_assessment" }
patients_in_department = { path = "inside" }
"""


async def test_14_penrith_had_waited_longer_than_it_was_open(
    start: Start, write_polled: WriteFeed, source: Source, clock: FakeClock
) -> None:
    """31 October 2025, 09:03: Penrith, open since 8, "over 4 hours"; no arrivals anywhere."""
    clock.move(seconds=-56 * 60)  # 09:04 on a Monday
    text = """All times are correct as of 09:03 on Monday, 23 November 2026
{}
31 3 hours to 3 hours 30 minutes 0
{}
9 over 4 hours 0
{}
2 30 minutes to an hour 0
""".format(*(NAMES[one] for one in (DERRIFORD, CUMBERLAND, TAVISTOCK)))
    source.says(text.encode(), "text/html")
    area = write_polled(rows=TEXT_ROWS, fields=TEXT_FIELDS, cumberland="08:00-21:00")
    async with start("PL1", area=area) as service:
        feed = await service.until(lambda one: one["held"].get("longer_than_open", 0) > 0)
        assert feed["held"]["longer_than_open"] == 1
        assert feed["believed"] == 2
        assert feed["state"] == "suspect"

        await service.assert_unknown(CUMBERLAND, "wait_unknown")
        await service.assert_never_told(240, "over 4 h")
        [held] = await service.held()
        assert (held["facility_id"], held["wait"]["low"]) == (CUMBERLAND, 240)
        derriford = (await service.destination(DERRIFORD))["wait"]["now"]
        assert (derriford["low"], derriford["high"]) == (180, 210)  # an ED never shuts
        assert "3 h to 3 h 30 min" in await service.card(DERRIFORD)


async def test_15_royal_berkshire_posted_labels_without_values(
    start: Start, write_polled: WriteFeed, source: Source
) -> None:
    """Royal Berkshire: 3:56 to be seen, 1:46 in the department; and a banner of empty labels."""
    rows = 'format = "html"\nselect = "div.unit"\ncomplete = "</main>"'
    fields = """
    facility = { path = "h2" }
    as_of = { received = true }
    wait = { path = "dd.seen", required = true, statistic = "mean" }
    patients_in_department = { path = "dd.inside" }
    """
    unit = (
        '<div class="unit"><h2>{}</h2><dl><dt>Wait to be seen</dt><dd class="seen">{}</dd>'
        '<dt>Time in department</dt><dd class="stay">{}</dd>'
        '<dt>Patients</dt><dd class="inside">{}</dd></dl></div>'
    )
    units = [("Derriford Hospital", "3:56", "1:46", 44), ("Cumberland Centre", "", "", "")]
    body = "".join(unit.format(*one) for one in units) + unit.format("Tavistock MIU", "-", "", 0)
    source.says(f"<html><body><main>{body}</main></body></html>".encode(), "text/html")
    async with start("PL1", area=write_polled(rows=rows, fields=fields)) as service:
        await service.until_shown(DERRIFORD, 236)  # two cohorts: neither proves the other wrong
        feed = await service.until(lambda one: one["believed"] >= 3)
        assert feed["held"].get("zero_with_patients") is None
        assert feed["refused"] == {}
        assert not set(feed["held"]) - {"duplicate"}

        for facility_id in (CUMBERLAND, TAVISTOCK):
            await service.assert_unknown(facility_id, "wait_unknown")
            reading = (await service.facility(facility_id))["reading"]
            assert (reading["wait"], reading["no_figure"]) == (None, "unknown")
        assert (await service.facility(CUMBERLAND))["reading"]["patients_in_department"] is None
        assert (await service.order())[0] == DERRIFORD
        assert "3 h 56 min" in await service.card(DERRIFORD)


async def test_16_a_unit_was_spelt_three_ways_in_one_repository(
    start: Start, write_feed: WriteFeed, clock: FakeClock
) -> None:
    """Site names drifted: three spellings, two within one file of history."""
    names = [*((name, one) for one, name in NAMES.items()), ("The C.C.", CUMBERLAND)]
    area = write_feed(names=names)
    async with start("PL1", area=area) as service:
        others = [(DERRIFORD, 95), (TAVISTOCK, 15)]
        spellings = ["Cumberland Centre", "CUMBERLAND&nbsp; centre ", "Cumberland Ctr", "The C.C"]
        for wait, name in enumerate(spellings, start=40):
            await service.push(
                *(site(one, clock(), posted) for one, posted in others), site(name, clock(), wait)
            )
            clock.move(minutes=5)
        feed = await service.until(lambda one: one["believed"] >= 11)

        assert await service.wait(CUMBERLAND) == 43
        assert await service.history(CUMBERLAND) == [40, 41, 43]
        assert feed["refused"] == {"unknown_facility": 1, "incomplete": 1}  # "Ctr"
        facilities = await (await service.patient.get("/v1/facilities")).json()
        assert {one["id"] for one in facilities["features"]} == {DERRIFORD, CUMBERLAND, TAVISTOCK}

        for _ in range(7):  # a fourth spelling, for good
            await service.push(
                *(site(one, clock(), posted) for one, posted in others),
                site("Cumberland Urgent Care Hub", clock(), 7),
            )
            clock.move(minutes=5)
        await service.until(lambda one: "incomplete" in one["why"] and CUMBERLAND in one["why"])
        await service.assert_unknown(CUMBERLAND, "wait_not_current")
        await service.assert_never_told(7.0)
        assert (await service.feed(PAGE))["refused"]["unknown_facility"] == 8


async def test_17_hong_kong_said_over_eight_hours_and_meant_eighteen(
    start: Start, write_feed: WriteFeed, clock: FakeClock
) -> None:
    """2 January, Hong Kong: the feed's top bin is "> 8" (hours); people waited 18."""
    fields = """
    facility = { path = "name" }
    as_of = { path = "at" }
    wait = { path = "wait", required = true, unit = "hours", statistic = "longest" }
    """
    area = write_feed(fields=fields, expected=[DERRIFORD, CUMBERLAND])
    async with start("PL1", area=area) as service:
        await service.push(site(DERRIFORD, clock(), "> 8"), site(CUMBERLAND, clock(), "7.5"))
        await service.until_shown(CUMBERLAND, 450)

        over = await service.destination(DERRIFORD)
        posted = over["wait"]["now"]
        assert (posted["minutes"], posted["low"], posted["high"]) == (None, 480, None)
        assert "posted_without_upper_limit" in over["reasons"]
        assert over["wait"]["when_seen"]["p50"] > 480
        card = await service.card(DERRIFORD)
        assert "Published wait: over 8 h" in card
        assert "with no limit" in card
        order = await service.order()
        assert order.index(CUMBERLAND) < order.index(DERRIFORD)


async def test_18_alberta_sent_people_far_because_the_way_was_missing(
    start: Start, write_feed: WriteFeed, clock: FakeClock
) -> None:
    """An Alberta app: zeros of closed sites as waits; no drive time, so the far site was first."""
    area = write_feed()
    roads = Path(area) / "roads.geojsonl"
    lines = roads.read_text().splitlines()
    roads.write_text("\n".join(one for one in lines if '"to": "tavistock"' not in one) + "\n")
    async with start("PL1", area=area) as service:
        await service.push(
            site(DERRIFORD, clock(), 95, waiting=20),
            site(CUMBERLAND, clock(), 0, waiting=0, status="closed"),
            site(TAVISTOCK, clock(), 0, waiting=0, status="open"),
        )
        await service.until_shown(DERRIFORD, 95)

        assert await service.order() == [DERRIFORD]
        assert await service.excluded() == {
            CUMBERLAND: "closed_on_arrival",
            TAVISTOCK: "unreachable",
        }
        answer = await service.answer()
        assert all(one["travel"]["minutes"] > 0 for one in answer["destinations"])
        assert "No way there is known from where you are." in await service.page()
        assert 0.0 not in set(numbers_in(answer["destinations"][0]["total"]))


async def test_19_a_frozen_start_stamp_grew_a_minute_a_minute_for_sixty_hours(
    start: Start, clock: FakeClock
) -> None:
    """The Vienna trams' "delay" grew by one minute a minute for 60 h: now minus a frozen stamp."""
    began = clock() - timedelta(minutes=20)
    rules: list[str | None] = []  # what became of each push

    async with start("Ashford") as service:

        async def push() -> None:
            now = clock()
            response = await service.patient.post(
                "/v1/capacities",
                json={
                    "serviceId": "ashford-utc",
                    "waitingTimeMins": round((now - began).total_seconds() / 60),
                    "lastUpdated": f"{now.astimezone(LONDON):%Y-%m-%d %H:%M:%S}",
                    "numberOfPeopleWaiting": 6,
                },
                headers=bearer("ekhuft"),
            )
            document = await response.json()
            refused = document.get("errors")
            told = refused[0]["code"] if refused else document["outcomes"][0]["rule"]
            rules.append(told)
            clock.move(minutes=5)

        for _ in range(18):
            await push()
        feed = await service.until(lambda one: "clock_echo" in one["why"], "ekhuft")
        assert feed["state"] == "suspect"  # marked after one hour, held after two
        for _ in range(60 * 12 - 18):
            await push()

        first_held = rules.index("clock_echo")
        assert set(rules[:first_held]) == {None}
        assert first_held <= 2 * 12 + 1
        assert set(rules[first_held:]) <= {"clock_echo", "extreme", "over_limit", "VAL-0005"}
        feed = await service.until(lambda one: one["state"] == "stale", "ekhuft")
        assert feed["held"]["clock_echo"] >= 100
        await service.assert_unknown("ashford-utc", "wait_not_current")
        assert max(await service.history("ashford-utc"), default=0) <= 150
        assert "Published wait" not in await service.page()
