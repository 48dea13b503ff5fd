"""FAILURES.md 1 to 6, each as it happened, driven from the source to the patient's page."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from feeds.model import FacilityStatus, NoFigure
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

THREE_DAYS = 72 * 60 + 12


async def test_01_waitless_showed_three_days_at_two_units(
    start: Start, broker: Broker, clock: FakeClock
) -> None:
    """30 October 2024: WaitLess showed over 72 h at William Harvey and QEQM, one fault for both."""
    units = ("ashford-utc", "margate-utc")
    alerts: list[dict[str, Any]] = []

    async def tell(request: web.Request) -> web.Response:
        alerts.append(await request.json())
        return web.Response()

    owner = web.Application()
    owner.router.add_post("/", tell)
    async with (
        TestServer(owner) as desk,
        start("Ashford", mqtt_url=broker.url, alert_webhook=str(desk.make_url("/"))) as service,
        broker.provider("ekhuft") as publish,
    ):
        clock.move(minutes=2)  # the service has settled
        await publish(*(observation(unit, 35, as_of=clock()) for unit in units))
        for unit in units:
            await service.until_shown(unit, 35)
        clock.move(minutes=5)
        wrong = clock()
        await publish(*(observation(unit, THREE_DAYS, as_of=wrong) for unit in units))

        feed = await service.until(lambda one: one["held"] == {"over_limit": 2}, "ekhuft")
        feed = await service.until(lambda one: "correlated" in one["why"], "ekhuft")
        assert feed["state"] == "suspect"
        for unit in units:
            assert await service.wait(unit) == 35
            assert (await service.destination(unit))["wait"]["feed_state"] == "suspect"
        await service.assert_never_told(THREE_DAYS, "72 h", "3 day")

        held = await service.held()
        assert {one["facility_id"] for one in held} == set(units)
        assert {one["wait"]["minutes"] for one in held} == {THREE_DAYS}
        assert [one["may_be_released"] for one in held] == [False, False]
        path = f"held/{quote(held[0]['id'], safe='')}/release"
        assert await service.operate(path, "it is what the page says") == 400

        async def owner_told() -> bool:
            if alerts:
                return True
            clock.move(minutes=1)
            await asyncio.sleep(1.05)
            return False

        await eventually(owner_told)
        assert alerts[0]["kind"] == "raised"
        assert "ekhuft" in alerts[0]["what"]
        assert "ekhuft suspect (correlated" in alerts[0]["text"]

        clock.move(minutes=31)
        for unit in units:
            await service.assert_unknown(unit, "wait_not_current")
            assert (await service.facility(unit))["reading"]["wait"] is None
        await service.assert_never_told(THREE_DAYS, "72 h", "3 day", "Published wait")
        await service.until(lambda one: one["state"] == "stale", "ekhuft")


async def test_02_durham_showed_thirty_hours_and_took_the_page_away(
    start: Start, write_polled: WriteFeed, source: Source, clock: FakeClock
) -> None:
    """County Durham and Darlington: 30 h on the page, about 10 in truth; then no page at all."""
    area = write_polled(expected=["derriford-ed"])
    source.says(sites(site("derriford-ed", clock(), 590)))
    async with start("PL1", area=area) as service:
        await service.until_shown("derriford-ed", 590)
        clock.move(minutes=5)
        source.says(sites(site("derriford-ed", clock(), 1800)))
        await source.asked_again(3)  # the same page again confirms nothing
        feed = await service.until(lambda one: one["held"].get("extreme") == 1)
        assert feed["state"] == "suspect"
        assert feed["held"]["duplicate"] >= 1
        assert await service.wait("derriford-ed") == 590

        clock.move(minutes=5)
        source.says(b"gone", "text/html", status=404)
        feed = await service.until(lambda one: one["fault"] is not None)
        assert (feed["state"], feed["fault"], feed["connected"]) == ("lost", "status_404", False)
        assert feed["held"]["extreme"] == 1
        assert await service.wait("derriford-ed") == 590
        assert (await service.facility("derriford-ed"))["feed_state"] == "lost"

        clock.move(minutes=26)
        await service.assert_unknown("derriford-ed", "wait_not_current")
        await service.assert_never_told(1800, "30 h")
        assert 0 not in await service.history("derriford-ed")


@pytest.mark.parametrize("zero", ["normal", "empty_queue", "unknown"])
async def test_03_mid_cheshire_posted_no_wait_with_41_in_the_department(
    start: Start, write_feed: WriteFeed, clock: FakeClock, zero: str
) -> None:
    """Mid Cheshire: "00 hour 00 minutes" stood on the page, wrong, beside a full department."""
    fields = f"""
    facility = {{ path = "name" }}
    as_of = {{ path = "at" }}
    wait = {{ path = "wait", statistic = "longest", zero = "{zero}" }}
    patients_in_department = {{ path = "inside" }}
    """
    async with start("PL1", area=write_feed(fields=fields)) as service:
        await service.push(
            site("cumberland-centre-utc", clock(), "00 hour 00 minutes", inside=41),
            site("derriford-ed", clock(), "01 hour 05 minutes", inside=60),
            site("tavistock-miu", clock(), "00 hour 20 minutes", inside=3),
        )
        await service.until_shown("derriford-ed", 65)

        await service.assert_unknown("cumberland-centre-utc", "wait_unknown")
        assert (await service.order())[0] != "cumberland-centre-utc"
        assert 0 not in await service.history("cumberland-centre-utc")
        if zero == "normal":  # taken at its word by its definition, and all the same not believed
            feed = await service.until(lambda one: one["held"] == {"zero_with_patients": 1})
            assert feed["state"] == "suspect"

        # The notice on the page, read by an operator: nothing that comes is believed...
        assert await service.operate(f"feeds/{PAGE}/off", "a notice on the page") == 200
        clock.move(minutes=5)
        await service.push(site("cumberland-centre-utc", clock(), "00 hour 10 minutes", inside=4))
        await service.until(lambda one: one["state"] == "off")
        await service.assert_unknown("cumberland-centre-utc", "wait_unknown")
        # ... until the feed is on again...
        assert await service.operate(f"feeds/{PAGE}/on", "the notice is gone") == 200
        clock.move(minutes=5)
        await service.push(
            site("cumberland-centre-utc", clock(), "00 hour 15 minutes", inside=4),
            site("derriford-ed", clock(), "01 hour 10 minutes", inside=60),
        )
        await service.until_shown("cumberland-centre-utc", 15)
        # ... and what was believed just before it was switched off is no longer shown, either.
        assert await service.operate(f"feeds/{PAGE}/off", "the notice is back") == 200
        await service.until(lambda one: one["state"] == "off")
        assert await service.wait("derriford-ed") is None, "a figure of a feed switched off"


@pytest.mark.parametrize("status", [FacilityStatus.DIVERTING, FacilityStatus.FULL])
async def test_04_falmouth_was_called_open_while_closed_to_new_patients(
    start: Start, broker: Broker, clock: FakeClock, status: FacilityStatus
) -> None:
    """Falmouth MIU: "open", 5 waiting, 1 h 43, while staff had gone and nobody new was taken.

    The unit's own status closes its door whatever its figures say. That an operator can do it for
    a source which goes on saying "open" is a later issue (overrides), and not tested here.
    """
    posted = {"minutes": 103, "patients_waiting": 5}
    async with start("Deal", mqtt_url=broker.url) as service, broker.provider("kcht") as publish:
        await publish(observation(as_of=clock(), status=FacilityStatus.OPEN, **posted))
        await service.until_shown("deal-utc", 103)

        async def sent_away() -> bool:
            return "deal-utc" in await service.excluded()

        async def is_first_again() -> bool:
            return "deal-utc" not in await service.excluded()

        clock.move(minutes=1)
        door = observation(as_of=clock(), status=status, wait=NoFigure.NOT_GIVEN)
        await publish(door)
        await eventually(sent_away)
        for _ in range(3):  # its page goes on, and says nothing of the door
            clock.move(minutes=5)
            await publish(observation(as_of=clock(), **posted))
        await service.until(lambda one: one["believed"] == 5, "kcht")

        assert (await service.excluded())["deal-utc"] == status.value
        assert "deal-utc" not in await service.order()
        assert (await service.facility("deal-utc"))["reading"]["status"] == status.value
        page = await service.page()
        assert "1 h 43" not in page
        words = {"full": "Reported full", "diverting": "Reported to be sending people on"}
        assert words[status.value] in page

        # A figure that is held back does not take the word on the door with it.
        clock.move(minutes=5)
        await publish(observation(minutes=THREE_DAYS, as_of=clock(), status=status))
        await service.until(lambda one: one["held"] == {"over_limit": 1}, "kcht")
        clock.move(minutes=45)
        assert (await service.excluded())["deal-utc"] == status.value

        await publish(observation(as_of=clock(), status=FacilityStatus.OPEN, **posted))
        await eventually(is_first_again)


async def test_05_wrexham_capped_its_waits_at_four_hours_overnight(
    start: Start, write_feed: WriteFeed, clock: FakeClock
) -> None:
    """Wrexham's app: one day nothing passed 4 h any more; and an average was called the longest."""
    true = [60 + 10 * min(minute % 72, -minute % 72) for minute in range(1343)]  # 60 to 420
    posted = [*true[:1000], *(min(wait, 240) for wait in true[1000:])]
    assert (max(posted[:1000]), max(posted[1000:]), posted[-1]) == (420, 240, 240)
    rows = [
        site("derriford-ed", clock() - timedelta(minutes=len(posted) - n), wait)
        for n, wait in enumerate(posted, start=1)
    ]
    fine, capped = rows[:1000], rows[1000:]
    area = write_feed(expected=["derriford-ed"])
    async with start("PL1", area=area) as service:
        await service.push(*fine)
        feed = await service.until(lambda one: one["believed"] == len(fine))
        assert "ceiling" not in feed["why"]
        await service.push(*capped)

        feed = await service.until(lambda one: "ceiling_appeared" in one["why"])
        assert feed["state"] == "suspect"
        shown = (await service.destination("derriford-ed"))["wait"]
        # The statistic is part of the value: an average is never called the longest.
        assert (shown["now"]["minutes"], shown["now"]["statistic"]) == (240, "mean")
        card = await service.card("derriford-ed")
        assert "the average" in card
        assert "longest" not in card


async def test_06_island_health_posted_a_figure_once_a_day(
    start: Start, write_polled: WriteFeed, source: Source, clock: FakeClock
) -> None:
    """Island Health: 12 h on the page of an empty department; the file was from last night."""
    hours_ago = {"derriford-ed": 14, "tavistock-miu": 25}

    def uploaded() -> bytes:
        return sites(
            *(site(one, begun - timedelta(hours=ago), 720) for one, ago in hours_ago.items()),
            site("cumberland-centre-utc", clock(), 25),
        )

    begun = clock()
    source.says(uploaded)
    async with start("PL1", area=write_polled()) as service:
        await service.until_shown("cumberland-centre-utc", 25)

        await service.assert_unknown("derriford-ed", "wait_not_current")
        await service.assert_unknown("tavistock-miu", "wait_unknown")
        await service.until_state("derriford-ed", "stale")
        assert (await service.facility("cumberland-centre-utc"))["feed_state"] != "stale"
        await service.until(lambda one: one["refused"].get("ancient", 0) > 0)
        page = await service.page()
        assert "12 h" not in page
        assert (await service.order())[0] == "cumberland-centre-utc"
        await source.asked_again()  # fetched again is not measured again
        await service.assert_unknown("derriford-ed", "wait_not_current")
