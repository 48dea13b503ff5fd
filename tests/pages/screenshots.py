"""`make screenshots`: the pages as people see them, on the world of the tests."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser

from feeds.model import Observation
from tests.pages.conftest import World, serve_world, usual_readings, visiting
from tests.support.browser import chromium
from tests.support.messages import observation
from tests.support.servers import start_redis

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
TELEPHONE, TABLET, SCREEN = (360, 740), (768, 1024), (1280, 900)


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    size: tuple[int, int] = TELEPHONE
    readings: list[Observation] | None = None
    full: bool = False
    map_open: bool = False


SHOTS = [
    Shot("patient-ask", "/"),
    Shot("patient-answer", "/?place=Deal&mode=drive&need=wound"),
    Shot("patient-answer-whole", "/?place=Deal&need=suspected_fracture&age=5", full=True),
    Shot("patient-answer-wide", "/?place=Deal&need=wound", SCREEN),
    Shot("patient-answer-tablet", "/?place=Deal&need=bite&age=1", TABLET),
    Shot("patient-welsh", "/?place=Deal&lang=cy"),
    Shot("patient-which-place", "/?place=Minster"),
    Shot("patient-outside", "/?lat=48.2&lon=16.4"),
    Shot("patient-no-feed", "/?place=Deal", readings=[]),
    Shot("patient-simulated", "/?place=Deal", readings=[observation(simulated=True)]),
    Shot("patient-map", "/?place=Deal", map_open=True),
]


async def take(browser: Browser, world: World, shot: Shot) -> None:
    await world.become(usual_readings() if shot.readings is None else shot.readings)
    size = {"width": shot.size[0], "height": shot.size[1]}
    async with visiting(browser, world, shot.path, viewport=size) as page:
        await page.wait_for_load_state("networkidle")
        if shot.map_open:
            await page.locator("#map-box summary").click()
            await page.locator(".leaflet-image-layer").wait_for()
            await page.wait_for_load_state("networkidle")
            await page.locator("#map-box").scroll_into_view_if_needed()
        await page.screenshot(path=FOLDER / f"{shot.name}.png", full_page=shot.full)


async def take_all() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        redis = start_redis(Path(folder))
        try:
            async with serve_world(redis) as world, chromium() as browser:
                for shot in SHOTS:
                    await take(browser, world, shot)
        finally:
            redis.stop()


if __name__ == "__main__":
    asyncio.run(take_all())
