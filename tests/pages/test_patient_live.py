"""What JavaScript adds: setting out, being told of changes, and the last answer without a line."""

from datetime import timedelta

from playwright.async_api import Browser, Page, expect

from tests.pages.conftest import World, usual_readings, visiting
from tests.support.clock import MONDAY_MORNING
from tests.support.messages import observation

MINUTE_MS = 61_000


async def set_out(page: Page) -> None:
    await page.locator("#first").get_by_role("button", name="I’m going here").click()
    await expect(page.locator("#going")).to_contain_text("You are going to Deal UTC.")


async def test_a_patient_sets_out_is_counted_and_cancels(browser: Browser, world: World) -> None:
    await world.become()
    async with visiting(browser, world, "/?place=Deal") as page:
        await set_out(page)
        await expect(page.locator("#going")).to_contain_text("You arrive about 10:0")
        assert await page.locator("button.go:visible").count() == 0

        await page.goto(world.url("/"))
        await expect(page.locator("#going")).to_contain_text("You are going to Deal UTC.")

        async with page.expect_response("**/v1/journeys/*") as cancelled:
            await page.get_by_role("button", name="I’m not going any more").click()
        assert (await cancelled.value).status == 204
        await expect(page.get_by_role("status")).to_contain_text("Cancelled.")
        await expect(page.locator("#going")).to_be_hidden()


async def test_a_wait_that_grows_on_the_way_is_said_gently(browser: Browser, world: World) -> None:
    await world.become()
    async with visiting(browser, world) as page:
        await page.clock.install(time=MONDAY_MORNING)
        await page.goto(world.url("/?place=Deal"))
        await set_out(page)

        later = MONDAY_MORNING + timedelta(minutes=1)
        await world.become([observation("deal-utc", 90, as_of=later)], at=later)
        await page.clock.run_for(MINUTE_MS)

        await expect(page.get_by_role("status")).to_contain_text(
            "The wait at Deal UTC has grown by about"
        )
    await world.become()


async def test_a_new_first_place_takes_its_place_and_is_told(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(browser, world) as page:
        await page.clock.install(time=MONDAY_MORNING)
        await page.goto(world.url("/?place=Deal"))
        assert "Deal UTC" in await page.locator("#best").inner_text()

        await world.become(
            [observation("deal-utc", 240), observation("dover-utc", 5)], at=MONDAY_MORNING
        )
        await page.clock.run_for(MINUTE_MS)

        await expect(page.locator("#best")).to_contain_text("Dover UTC")
        await expect(page.get_by_role("status")).to_contain_text("Dover UTC is first now.")
    await world.become()


async def test_without_a_line_the_last_answer_stands_with_its_time(
    browser: Browser, world: World
) -> None:
    await world.become(usual_readings())
    async with visiting(browser, world) as page:
        await page.evaluate("navigator.serviceWorker.ready")
        await page.goto(world.url("/?place=Deal"))
        await page.context.set_offline(True)

        await page.goto(world.url("/?place=Dover"))

        assert "Deal UTC" in await page.locator("#best").inner_text()
        await expect(page.get_by_role("status")).to_contain_text(
            "You are offline. This was made at 10:00."
        )
        await page.context.set_offline(False)


async def test_the_page_can_be_installed(world: World) -> None:
    manifest = await world.client.get("/static/waitless.webmanifest")
    document = await manifest.json(content_type="application/manifest+json")

    assert document["display"] == "standalone"
    for icon in document["icons"]:
        assert (await world.client.get(f"/static/{icon['src']}")).status == 200
