"""FAILURES.md 7 to 13, each as it happened, driven from the source to the patient's page."""

import re

from tests.failures.conftest import (
    PAGE,
    Broker,
    Source,
    Start,
    WriteFeed,
    site,
    sites,
)
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.service import eventually
from waitless.app import Role

CSV_ROWS = """
format = "csv"
complete = '\\n\\Z'
minimum_rows = 2
"""
CSV_FIELDS = """
facility = { path = "site" }
as_of = { path = "as_of" }
wait = { path = "minutes", unit = "minutes", statistic = "mean" }
patients_waiting = { path = "waiting" }
"""
CSV_HEADER = "_id,site,as_of,minutes,waiting"
DERRIFORD, CUMBERLAND, TAVISTOCK = "derriford-ed", "cumberland-centre-utc", "tavistock-miu"


async def test_07_singapore_stood_frozen_for_weeks_under_status_ok(
    start: Start, write_feed: WriteFeed, clock: FakeClock
) -> None:
    """4 of 5 sources frozen for 21.7 days: last-known-good merged into a fresh "status": "ok"."""
    clock.move(hours=-2)  # 8 in the morning: every unit is open to the end
    async with start("PL1", area=write_feed()) as service:
        frozen = clock()
        stale = [site(DERRIFORD, frozen, 95), site(TAVISTOCK, frozen, 30)]
        for fresh in (40, 45, 42, 44, 41, 47, 46, 43):
            await service.push(*stale, site(CUMBERLAND, clock(), fresh))
            clock.move(minutes=5)

        # The age is each source's own, never the file's.
        await service.until_shown(CUMBERLAND, 43)
        for facility_id in (DERRIFORD, TAVISTOCK):
            await service.assert_unknown(facility_id, "wait_not_current")
            await service.until_state(facility_id, "stale")
        await service.until_state(CUMBERLAND, "live")
        assert (await service.feed(PAGE))["held"] == {"duplicate": 14}

        # And where the merging stamps them all with the time of the file, the figures tell.
        for _ in range(13 * 12):
            clock.move(minutes=5)
            await service.push(
                *(site(one, clock(), wait) for one, wait in [(DERRIFORD, 95), (CUMBERLAND, 43)]),
                site(TAVISTOCK, clock(), 30),
            )
        feed = await service.until(lambda one: one["held"].get("all_frozen", 0) > 0)
        assert feed["state"] in ("suspect", "stale")
        assert feed["last_held_rule"] == "all_frozen"
        for facility_id in (DERRIFORD, CUMBERLAND):
            await service.assert_unknown(facility_id, "wait_not_current")
        assert "Published wait" not in await service.page()


async def test_08_coventry_was_an_empty_list_with_200_for_ever(
    start: Start, write_polled: WriteFeed, source: Source, clock: FakeClock
) -> None:
    """Coventry's scraper: 4 empty and 6 partial lists; from 9 May 2023 only [], and green runs."""
    source.says(
        sites(*(site(one, clock(), 40) for one in (DERRIFORD, CUMBERLAND, TAVISTOCK))),
    )
    async with start("PL1", area=write_polled()) as service:
        for facility_id in (DERRIFORD, CUMBERLAND, TAVISTOCK):
            await service.until_shown(facility_id, 40)

        clock.move(minutes=5)
        source.says(sites(site(DERRIFORD, clock(), 50), site(TAVISTOCK, clock(), 45)))
        feed = await service.until(lambda one: one["refused"].get("incomplete", 0) > 0)
        feed = await service.until(lambda one: "incomplete" in one["why"])
        assert feed["state"] == "suspect"
        assert CUMBERLAND in feed["why"]
        assert await service.wait(DERRIFORD) == 50
        assert await service.wait(CUMBERLAND) == 40  # as it was, with its age
        assert (await service.destination(CUMBERLAND))["wait"]["now"]["age_seconds"] >= 295

        clock.move(minutes=5)
        source.says(sites())
        feed = await service.until(lambda one: one["refused"].get("empty", 0) > 0)
        feed = await service.until(lambda one: "empty" in one["why"])
        assert feed["state"] == "suspect"

        clock.move(minutes=31)
        feed = await service.until(lambda one: one["state"] == "stale")
        assert feed["connected"]  # it answers 200 as ever; that is no health
        for facility_id in (DERRIFORD, CUMBERLAND, TAVISTOCK):
            await service.assert_unknown(facility_id, "wait_not_current")
            assert 0 not in await service.history(facility_id)


async def test_09_quebec_was_cut_in_the_middle_of_a_row(
    start: Start, write_polled: WriteFeed, source: Source, clock: FakeClock
) -> None:
    """Quebec: 36 of 335 bodies bad under 200: "_id" alone, a header alone, a row cut short."""

    def table(*rows: tuple[str, int], end: str = "\n") -> bytes:
        lines = [
            f"{n},{one},{clock():%Y-%m-%dT%H:%M:%S}Z,{wait},{wait // 10}"
            for n, (one, wait) in enumerate(rows, start=1)
        ]
        return ("\n".join([CSV_HEADER, *lines]) + end).encode()

    names = [("DER", DERRIFORD), ("CUM", CUMBERLAND)]
    area = write_polled(rows=CSV_ROWS, fields=CSV_FIELDS, names=names)
    source.says(table(("CUM", 35), ("DER", 175)), "text/csv")
    async with start("PL1", area=area) as service:
        await service.until_shown(DERRIFORD, 175)
        clock.move(minutes=1)
        whole = table(("CUM", 40), ("DER", 183))
        cuts = [whole[:-lost] for lost in (2, 5, 7, 20)]  # "183,1", "18", no minutes, half a time
        for body in (b"_id", CSV_HEADER.encode() + b"\n", *cuts):
            clock.move(minutes=1)
            source.says(body, "text/csv")
            await source.asked_again()
        feed = await service.until(lambda one: sum(one["refused"].values()) >= 6)

        assert set(feed["refused"]) <= {"empty", "incomplete", "wrong_columns", "missing_field"}
        assert await service.wait(DERRIFORD) == 175
        assert (await service.destination(DERRIFORD))["wait"]["now"]["age_seconds"] >= 295
        assert await service.history(DERRIFORD) == [175]
        await service.assert_never_told(18, "18 min")

        source.says(table(("CUM", 41), ("DER", 181)), "text/csv")
        await service.until_shown(DERRIFORD, 181)


async def test_10_hong_kong_took_an_error_body_for_data(
    start: Start, write_polled: WriteFeed, source: Source, clock: FakeClock
) -> None:
    """Hong Kong's archive: 85 day files spoilt by a 503's HTML or "429: Too Many Requests"."""

    def figures(wait: float) -> bytes:
        return sites(site(DERRIFORD, clock(), wait))

    source.says(figures(95))
    async with start("PL1", area=write_polled(expected=[DERRIFORD])) as service:
        await service.until_shown(DERRIFORD, 95)
        clock.move(minutes=5)

        glued = b"429: Too Many Requests" + figures(20)
        source.says(glued)
        feed = await service.until(lambda one: one["refused"].get("malformed", 0) > 0)
        assert feed["state"] == "suspect"
        html = b"<html><body>503 Service Unavailable: 7 minutes</body></html>"
        believed = [95.0]
        for status, fault in ((200, "content_type"), (503, "status_503")):
            source.says(html, "text/html", status)
            feed = await service.until(lambda one, fault=fault: one["fault"] == fault)
            assert (feed["state"], feed["connected"]) == ("lost", False)
            assert await service.wait(DERRIFORD) == believed[-1]
            assert (await service.facility(DERRIFORD))["feed_state"] == "lost"

            clock.move(minutes=5)
            believed.append(believed[-1] + 15)
            source.says(figures(believed[-1]))
            await service.until_shown(DERRIFORD, believed[-1])
            assert await service.history(DERRIFORD) == believed  # the past is as it was
        await service.until(lambda one: one["connected"] and one["fault"] is None)


async def test_11_plymouth_fell_to_zero_and_lay_in_another_ocean(
    start: Start, write_feed: WriteFeed, clock: FakeClock
) -> None:
    """Plymouth: 169, 0/0/0, 179 minutes; latitude and longitude swapped at all four sites."""
    fields = """
    facility = { path = "name" }
    as_of = { path = "at" }
    patients_waiting = { path = "waiting" }
    patients_in_department = { path = "inside" }
    [fields.wait]
    path = "wait"
    unit = "minutes"
    statistic = "longest"
    [fields.position]
    latitude = { path = "lat" }
    longitude = { path = "lon" }
    south = 50.15
    west = -4.40
    north = 50.70
    east = -3.60
    """
    here, swapped = {"lat": 50.42, "lon": -4.11}, {"lat": -4.15372, "lon": 50.54724}
    area = write_feed(fields=fields, expected=[DERRIFORD])
    async with start("PL1", area=area) as service:
        before = await service.facility(TAVISTOCK)
        for wait, waiting, inside in ((169, 28, 71), (0, 0, 0), (179, 31, 73)):
            await service.push(
                site(DERRIFORD, clock(), wait, waiting=waiting, inside=inside, **here),
                site(TAVISTOCK, clock(), 33, waiting=4, inside=6, **swapped),
            )
            await service.until_shown(DERRIFORD, wait or 169)
            clock.move(minutes=5)

        feed = await service.until(lambda one: one["believed"] == 2)
        assert feed["held"] == {"dropout": 1}
        assert feed["refused"] == {"out_of_range": 3}
        assert await service.history(DERRIFORD) == [169, 179]
        await service.assert_unknown(TAVISTOCK, "wait_unknown")
        await service.assert_never_told(33)
        # Where a place lies is the pack's word, never a feed's.
        assert (await service.facility(TAVISTOCK))["address"] == before["address"]
        assert (await service.destination(TAVISTOCK))["travel"]["distance_m"] < 40_000


async def test_12_a_dead_poller_and_its_dead_monitor_served_34_days_with_200(
    start: Start,
    broker: Broker,
    write_polled: WriteFeed,
    source: Source,
    clock: FakeClock,
) -> None:
    """waittimecanada: scraper and monitor on one paused cron; 34 days stale under HTTP 200.

    Ontario's 301 was not followed, too, and Quebec's 403 looked like no data.
    """
    source.says(lambda: sites(site(DERRIFORD, clock(), 80)))
    source.moves_to("/new/waits")
    async with start("PL1", area=write_polled(expected=[DERRIFORD])) as service:
        await service.until_shown(DERRIFORD, 80)
        source.says(b"forbidden", "text/html", 403)
        feed = await service.until(lambda one: one["fault"] is not None)
        assert (feed["state"], feed["why"]) == ("lost", "not connected: status_403")
        clock.move(minutes=31)
        await service.assert_unknown(DERRIFORD, "wait_not_current")

    async with start("Deal", mqtt_url=broker.url) as service, broker.provider("kcht") as publish:
        await publish(observation(minutes=22, as_of=clock()))
        await service.until_shown("deal-utc", 22)
        await service.until(lambda one: one["state"] == "live", "kcht")

        async def ready() -> bool:
            return (await service.patient.get("/readyz")).status == 200

        await eventually(ready)
    died_at = clock()
    # The ingest process is gone; the store still holds all that it said.
    async with start("Deal", Role.API, mqtt_url=broker.url) as service:
        await service.until_shown("deal-utc", 22)
        clock.move(seconds=21)  # beyond the 15 s of silence, and a tick of the answers

        feed = await service.feed("kcht")
        assert feed["state"] == "lost"
        assert feed["why"].startswith("the ingest process is silent since ")
        assert (await service.facility("deal-utc"))["feed_state"] == "lost"
        assert (await service.destination("deal-utc"))["wait"]["feed_state"] == "lost"

        clock.move(minutes=31)
        await service.assert_unknown("deal-utc", "wait_not_current")
        assert "Published wait" not in await service.page()

        clock.move(days=35)  # a Monday again
        feeds = (await (await service.patient.get("/v1/feeds")).json())["feeds"]
        assert {one["state"] for one in feeds} == {"lost"}
        assert (await service.patient.get("/healthz")).status == 200
        # A monitor that is not the poller asks the process that answers.
        metrics = await (await service.patient.get("/metrics")).text()
        [beat] = re.findall(r"^waitless_heartbeat_timestamp_seconds (\S+)$", metrics, re.MULTILINE)
        assert 0 < float(beat) <= died_at.timestamp()
        ready = await service.patient.get("/readyz")
        assert ready.status == 503, "ready, with an ingest process that has been dead for 35 days"


async def test_13_an_adjacent_figure_was_read_for_another_unit(
    start: Start, write_feed: WriteFeed, clock: FakeClock
) -> None:
    """aewaittime: "SDEC" took the figure of the ED beside it; pages were gone or moved."""
    async with start("PL1", area=write_feed()) as service:
        await service.push(
            site(DERRIFORD, clock(), 95, waiting=20, inside=60),
            site(CUMBERLAND, clock(), 40, waiting=5, inside=9),
            site(TAVISTOCK, clock(), 15, waiting=2, inside=3),
            site("SDEC", clock(), 95, waiting=20, inside=60),
        )
        await service.until_shown(CUMBERLAND, 40)
        # From here on the parser slips by a row: the small unit gets the big one's figures.
        for wait, waiting, inside in [(100, 21, 61), (105, 22, 63), (111, 20, 60), (118, 24, 62)]:
            clock.move(minutes=5)
            await service.push(
                site(DERRIFORD, clock(), wait, waiting=waiting, inside=inside),
                site(CUMBERLAND, clock(), wait, waiting=waiting, inside=inside),
                site(TAVISTOCK, clock(), 15, waiting=2, inside=3),
                site("SDEC", clock(), wait, waiting=waiting, inside=inside),
            )

        feed = await service.until(lambda one: one["held"].get("twins", 0) >= 4)
        assert "twins" in feed["why"]
        assert feed["state"] == "suspect"
        assert feed["refused"] == {"unknown_facility": 5}
        for figure in (111, 118):
            await service.assert_never_told(figure)
        assert await service.wait(TAVISTOCK) == 15
        facilities = await (await service.patient.get("/v1/facilities")).json()
        assert len(facilities["features"]) == 3  # a heading is no new site

        clock.move(minutes=31)
        for facility_id in (DERRIFORD, CUMBERLAND):
            await service.assert_unknown(facility_id, "wait_not_current")
