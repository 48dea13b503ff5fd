"""States in which an answer is less than usual, or none: each is said, and what to do."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from feeds.model import Statistic, Wait
from tests.pages.conftest import World, serve_world, usual_readings, visiting
from tests.support.browser import find_violations
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.messages import observation
from tests.support.servers import Server
from tests.support.service import eventually, serving
from waitless.app import Role, create_app
from waitless.settings import Settings

NIGHT = MONDAY_MORNING.replace(hour=3)


async def read(world: World, path: str = "/?place=Deal") -> str:
    return await (await world.client.get(path)).text()


async def test_no_feed_ranks_by_the_journey_and_says_so(world: World) -> None:
    await world.become([])
    text = await read(world)

    assert 'data-state="no_feed"' in text
    assert "to Deal UTC; the wait is not known." in text


async def test_stale_figures_are_not_shown_but_told_of(world: World) -> None:
    await world.become(usual_readings(), at=MONDAY_MORNING + timedelta(minutes=40))
    text = await read(world)

    assert 'data-state="stale"' in text
    assert "Published wait" not in text
    await world.become()


async def test_simulated_figures_are_called_so_above_all_and_beside_each(world: World) -> None:
    await world.become([observation("deal-utc", 22, simulated=True)])
    text = await read(world)

    assert "Simulated data." in text
    assert "<strong>Simulated.</strong>" in text
    assert "WaitLess East Kent (Simulated)</title>" in text
    await world.become()
    assert "imulated" not in await read(world)


async def test_everything_closed_names_the_first_to_open(
    pages_redis: Server, plymouth_pack: Path
) -> None:
    facilities = plymouth_pack / "facilities.toml"
    day_only = facilities.read_text().replace("00:00-24:00", "09:00-21:00")
    facilities.write_text(day_only)
    url = f"redis://127.0.0.1:{pages_redis.port}/0"
    app = create_app(
        Settings(redis_url=url, area=str(plymouth_pack)), Role.API, now=FakeClock(NIGHT)
    )
    async with serving(app) as client:
        text = await (await client.get("/?place=PL1")).text()

    assert 'data-state="closed"' in text
    assert "The first to open is Cumberland UTC, at 08:00." in text
    assert "Call NHS 111" in text
    assert "Closed when you would arrive at 03:" in text


async def test_an_opening_of_another_day_is_told_with_its_day_and_after_the_departure(
    pages_redis: Server, plymouth_pack: Path
) -> None:
    facilities = plymouth_pack / "facilities.toml"
    days = 'mon = ["08:00-12:00"], tue = [], wed = [], thu = ["09:00-12:00"], '
    days += "fri = [], sat = [], sun = []"
    weekdays = re.sub(r"(?m)^hours = .*$", f"hours = {{ {days} }}", facilities.read_text())
    facilities.write_text(weekdays)
    url = f"redis://127.0.0.1:{pages_redis.port}/0"
    app = create_app(
        Settings(redis_url=url, area=str(plymouth_pack)), Role.API, now=FakeClock(NIGHT)
    )
    async with serving(app) as client:
        now = await (await client.get("/?place=PL1")).text()
        later = await (await client.get("/?place=PL1&depart_at=13%3A00")).text()

    assert ", at 08:00." in now
    assert f", at 09:00 ({NIGHT + timedelta(days=3):%d/%m})." in later


async def test_a_wait_nobody_can_tell_closely_is_no_single_number(world: World) -> None:
    wide = Wait(low=20, high=240, statistic=Statistic.BAND)
    await world.become([observation("deal-utc", wait=wide)])
    text = await read(world)

    assert 'data-state="uncertain"' in text
    assert "Between" in text
    await world.become()


async def test_a_wait_without_an_upper_limit_is_told_as_at_least(world: World) -> None:
    over = Wait(low=60, statistic=Statistic.BAND)
    await world.become([observation("deal-utc", wait=over)])
    text = await read(world)

    assert "At least 1 h 10 min; no upper limit is published." in text
    assert "At least 1 h 10 min until you are seen at Deal UTC: 10 min driving" in text
    assert "<circle" not in text.split('id="first"')[1].split("</article>")[0]


async def test_a_closing_that_comes_soon_is_set_off(world: World) -> None:
    evening = MONDAY_MORNING.replace(hour=19, minute=10)
    await world.become([observation("deal-utc", 15, as_of=evening)], at=evening)
    soon = await read(world)
    await world.become()
    later = await read(world)

    assert '<p class="warn">Open until 20:00.</p>' in soon
    assert '<p class="warn">Open until 20:00.</p>' not in later
    assert "Open until 20:00." in later


async def test_an_x_rays_hours_are_told_to_who_needs_one(world: World) -> None:
    await world.become()

    assert "X-ray until" in await read(world, "/?place=Deal&need=suspected_fracture")
    assert "X-ray until" not in await read(world, "/?place=Deal&need=wound")


async def test_where_ranges_overlap_the_nearest_is_named_and_nobody_is_quickest(
    world: World,
) -> None:
    await world.become([observation("dover-utc", 12), observation("deal-utc", 45)])
    text = await read(world)

    assert '<h1 id="best">Dover UTC' in text
    assert "Similar: the nearest is Deal UTC, 10 min driving." in text
    assert "Likely the shortest time" not in text
    await world.become()


async def test_the_last_figures_stand_while_the_store_is_away(
    browser: Browser, own_redis: Server
) -> None:
    async with serve_world(own_redis) as world:
        own_redis.kill()

        async def said() -> bool:
            return 'data-state="degraded"' in await read(world)

        await eventually(said)
        assert "Deal UTC" in await read(world)
        async with visiting(browser, world, "/?place=Deal") as page:
            assert await find_violations(page) == []
        own_redis.start()


async def test_a_name_of_two_places_is_a_choice_of_links(browser: Browser, world: World) -> None:
    await world.become()
    async with visiting(browser, world, "/?place=Minster&need=wound") as page:
        links = page.get_by_role("alert").get_by_role("link")
        assert await links.count() == 2
        await links.first.click()
        assert await page.locator("#first").is_visible()
        assert "need=wound" in page.url


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/?place=Atlantis", "We do not know that place"),
        ("/?place=<script>alert(1)</script>", "We do not know that place"),
        ("/?lat=48.2&lon=16.4", "That is outside the area we know"),
        ("/?place=Deal&need=x", "We could not read your question"),
        ("/?place=Deal&age=x", "That is not an age"),
    ],
)
async def test_what_cannot_be_answered_is_said_over_the_form(
    world: World, path: str, words: str
) -> None:
    response = await world.client.get(path)
    text = await response.text()

    assert response.status == 400
    assert 'role="alert"' in text
    assert words in text
    assert 'id="ask"' in text
    assert "<script>alert" not in text


async def test_what_was_chosen_stays_chosen_when_the_place_is_not_known(
    browser: Browser, world: World
) -> None:
    path = "/?place=Atlantis&need=eye&mode=walk&age=5"
    async with visiting(browser, world, path, java_script_enabled=False) as page:
        assert await page.get_by_label("What has happened?").input_value() == "eye"
        assert await page.get_by_label("For whom?").input_value() == "5"
        assert await page.locator("input[name=mode]:checked").input_value() == "walk"


@pytest.mark.parametrize("place", [b"%ff%fe", b"\xff\xfe", b"%ed%a0%80", b"%00", b"{m}%7Bx%7D"])
async def test_bytes_that_are_no_text_are_refused_on_the_page(world: World, place: bytes) -> None:
    url = world.client.make_url("/")
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"GET /?place=" + place + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    status = (await reader.read(12)).decode()
    writer.close()

    assert status.endswith(" 400")


async def test_who_asks_too_often_is_told_when_to_ask_again_in_words(
    browser: Browser,
    pages_redis: Server,
) -> None:
    async with serve_world(pages_redis, rate_limit=0.1, rate_burst=30) as world:
        for _ in range(40):
            response = await world.client.get("/?place=Deal")
            if response.status == 429:
                break
        text = await response.text()
        async with visiting(browser, world, "/?place=Deal") as page:
            await expect(page.get_by_role("alert")).to_contain_text("Many people are asking")
            assert await find_violations(page) == []

    assert response.status == 429
    assert response.content_type == "text/html"
    assert int(response.headers["Retry-After"]) >= 1
    assert f"again in {response.headers['Retry-After']} seconds" in text
    assert "tel:999" in text
