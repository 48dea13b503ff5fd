"""Rules every state of the page keeps: accessibility, its budget, its own origin, no shifts."""

import pytest
from playwright.async_api import Browser

from tests.pages.conftest import World, visiting
from tests.support.browser import find_violations, open_all

MOST_BYTES = 150_000
MOST_CSS, MOST_JAVASCRIPT = 12_000, 20_000
MOST_REQUESTS = 12
MOST_PAINT_MS = 1000
SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
"""Lighthouse's slow 4G; the best of three counts, for the machine may be busy."""
FIRST_PAINT = (
    "new Promise(tell => { const look = () => { "
    "const [one] = performance.getEntriesByName('first-contentful-paint');"
    "one ? tell(one.startTime) : setTimeout(look, 20); }; look(); })"
)
TRANSIT = "/?place=Dover&mode=transit&need=wound"
PATHS = [
    "/",
    "/?place=Deal",
    "/?place=Deal&need=bite&age=1",
    "/?place=Minster",
    "/?lat=48&lon=16",
    TRANSIT,
]


@pytest.mark.parametrize("path", PATHS)
async def test_axe_finds_nothing_against_any_state(
    browser: Browser, world: World, path: str
) -> None:
    await world.become()
    async with visiting(browser, world, path, viewport={"width": 360, "height": 740}) as page:
        await open_all(page)

        assert await find_violations(page) == []


async def test_axe_finds_nothing_without_any_feed(browser: Browser, world: World) -> None:
    await world.become([])
    async with visiting(browser, world, "/?place=Deal") as page:
        assert await find_violations(page) == []
    await world.become()


@pytest.mark.parametrize("path", ["/?place=Deal", TRANSIT])
async def test_the_first_load_keeps_its_budget_and_nothing_moves(
    browser: Browser, world: World, path: str
) -> None:
    await world.become()
    async with visiting(browser, world, "about:blank") as page:
        bodies: dict[str, int] = {}

        async def weigh(response: object) -> None:
            bodies[response.url] = len(await response.body())

        complaints: list[str] = []
        page.on("response", weigh)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        await page.goto(world.url(path), wait_until="networkidle")
        shift = await page.evaluate(
            "new Promise(tell => { let sum = 0; const look = new PerformanceObserver(list => {"
            "for (const one of list.getEntries()) sum += one.value; });"
            "look.observe({type: 'layout-shift', buffered: true});"
            "setTimeout(() => tell(sum), 100); })"
        )

    ours = world.url("/")
    assert complaints == []
    assert all(url.startswith(ours) for url in bodies), "only from our own origin"
    assert len(bodies) <= MOST_REQUESTS
    assert sum(bodies.values()) <= MOST_BYTES
    assert shift <= 0.02


async def test_the_pages_own_files_stay_small(world: World) -> None:
    text = await (await world.client.get("/")).text()
    css = await (await world.client.get("/static/waitless.css")).read()
    worker = await (await world.client.get("/static/offline.js")).text()
    scripts = {name for name in worker.split('"') if name.endswith(".js")} | {"/static/offline.js"}
    sizes = [len(await (await world.client.get(name)).read()) for name in scripts]

    assert "/static/page.js" in text
    assert len(css) <= MOST_CSS
    assert len(sizes) >= 7
    assert sum(sizes) <= MOST_JAVASCRIPT


async def test_the_page_serves_contrast_colours_and_print(browser: Browser, world: World) -> None:
    await world.become()
    async with visiting(
        browser, world, "/?place=Deal", forced_colors="active", reduced_motion="reduce"
    ) as page:
        assert await page.locator("#first circle").first.is_visible()
        await page.emulate_media(media="print", forced_colors="none")
        assert await page.locator("#best").is_visible()
        assert await page.locator("header").is_hidden()
        assert await page.locator("#first .button:visible").count() == 0


async def test_a_slow_connection_shows_the_page_within_a_second(
    browser: Browser, world: World
) -> None:
    await world.become()
    painted = []
    for _ in range(3):
        async with visiting(browser, world, "about:blank") as page:
            session = await page.context.new_cdp_session(page)
            await session.send("Network.enable")
            await session.send("Network.emulateNetworkConditions", SLOW_4G)
            await page.goto(world.url("/?place=Deal"))
            painted.append(await page.evaluate(FIRST_PAINT))

    assert min(painted) <= MOST_PAINT_MS, painted
