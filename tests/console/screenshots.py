"""`python -m tests.console.screenshots`: the operators' page as they see it, for the documents."""

import asyncio
import random
import tempfile
from datetime import timedelta
from pathlib import Path

from redis.asyncio import Redis

from tests.console.conftest import EVENING, Control, at_the_desk, serve_control
from tests.support.browser import chromium
from tests.support.messages import observation
from tests.support.servers import start_redis
from waitless.area.facility import Facility, Kind
from waitless.area.pack import find_pack, load_area
from waitless.console.trends import LOOK_EVERY_S
from waitless.reading import apply_observation
from waitless.store import Store

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
SHOTS = {
    "operator": ("/operator", (1280, 900)),
    "operator-phone": ("/operator", (360, 740)),
    "operator-wall": ("/operator?wall=1", (1920, 1080)),
}
SILENT = {"sheppey-miu", "whitstable-utc"}


def usual_minutes(place: Facility) -> float:
    """Of no real place: by its kind, and different for each."""
    return (150.0 if place.kind is Kind.ED else 30.0) + len(place.id)


async def write_history(url: str) -> None:
    """A day at every place, about its usual wait."""
    chance = random.Random(30)
    async with Redis.from_url(url) as link:
        store = Store(link, "east-kent")
        for place in load_area(find_pack("east-kent")).facilities.values():
            usual = level = usual_minutes(place)
            for ago in range(24 * 60, 5, -10):
                level = max(5.0, level + 0.1 * (usual - level) + chance.gauss(0.0, usual / 15))
                at = EVENING - timedelta(minutes=ago)
                past = observation(place.id, round(level), as_of=at, feed_id=place.provider)
                await store.save_readings([apply_observation(None, past)])


async def arrive_at_the_evening(control: Control) -> None:
    for place in load_area(find_pack("east-kent")).facilities.values():
        if place.id not in SILENT:
            minutes = round(usual_minutes(place))
            await control.publish(place.id, minutes, provider=place.provider)
    control.clock.move(minutes=5)
    await control.publish("qeqm-ed", 72 * 60, provider="ekhuft")
    await control.shows("4320 min")
    await asyncio.sleep(2 * LOOK_EVERY_S)  # drawn


async def take_all() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        redis = start_redis(Path(folder))
        try:
            async with (
                serve_control(redis, Path(folder), before=write_history) as control,
                chromium() as browser,
            ):
                await arrive_at_the_evening(control)
                for name, (path, (width, height)) in SHOTS.items():
                    viewport = {"width": width, "height": height}
                    async with at_the_desk(browser, control, path, viewport=viewport) as page:
                        await page.screenshot(path=FOLDER / f"{name}.png")
        finally:
            redis.stop()


if __name__ == "__main__":
    asyncio.run(take_all())
