"""The small map: drawn from our own files, opened by hand, and never needed."""

import gzip

import pytest
from playwright.async_api import Browser, expect

from routing.roadarrays import Roads
from tests.pages.conftest import World, serve_world, visiting
from tests.support.browser import find_violations
from tests.support.servers import Server
from waitless.area.pack import Area
from waitless.settings import SettingsFault, load_settings
from waitless.web.roadmap import MOST_LINES, draw_roads

MOST_ROADS_BYTES = 40_000


async def test_the_map_is_loaded_when_it_is_opened_and_all_from_here(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(browser, world, "about:blank") as page:
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(world.url("/?place=Deal"))
        assert not any("leaflet" in url or "roads" in url for url in asked)

        await page.get_by_text("Show a map").click()
        mark = page.get_by_title("Deal UTC: About 35 min")
        await expect(mark).to_be_visible()
        await mark.click()
        await expect(page.locator(".leaflet-popup")).to_contain_text("Deal UTC: About 35 min")
        assert await find_violations(page) == []

    assert complaints == []
    assert any(url.endswith("/static/roads.svg") for url in asked)
    assert all(url.startswith((world.url("/"), "data:")) for url in asked)


async def test_without_javascript_no_map_is_offered(browser: Browser, world: World) -> None:
    await world.become()
    async with visiting(browser, world, "/?place=Deal", java_script_enabled=False) as page:
        assert await page.get_by_text("Show a map").is_hidden()


async def test_tiles_are_taken_from_where_the_operator_says_and_nowhere_else(
    pages_redis: Server,
) -> None:
    url = "https://tiles.example.org/{z}/{x}/{y}.png"
    async with serve_world(pages_redis, map_tiles=url, map_attribution="© Somebody") as world:
        page = await world.client.get("/?place=Deal")
        policy = page.headers["Content-Security-Policy"]

        assert "img-src https://tiles.example.org 'self'" in policy
        assert "tiles.example.org/{z}" in await page.text()
        assert "example" not in (await world.client.get("/docs")).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "url", ["tiles/{z}/{x}/{y}", "https://a.b/{z}", "https://a.b; script-src */{z}/{x}/{y}"]
)
def test_an_address_of_no_tiles_is_refused(url: str) -> None:
    with pytest.raises(SettingsFault, match="map_tiles"):
        load_settings({"WAITLESS_MAP_TILES": url})


def test_the_drawing_of_the_roads_is_small(east_kent: Area) -> None:
    drawing = draw_roads(east_kent.roads, east_kent.bounds)

    assert drawing.startswith(b"<svg")
    assert drawing.count(b"M") > 500
    assert len(gzip.compress(drawing)) <= MOST_ROADS_BYTES


def test_of_very_many_roads_only_so_many_are_drawn(
    east_kent: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    roads: Roads = east_kent.roads
    monkeypatch.setattr("waitless.web.roadmap.MOST_LINES", 100)

    assert MOST_LINES > 100
    assert draw_roads(roads, east_kent.bounds).count(b"M") == 100
