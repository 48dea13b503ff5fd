"""What JavaScript adds: setting out, being told of changes, and the last answer without a line."""

from datetime import timedelta

from playwright.async_api import Browser, Page, expect

from tests.pages.conftest import World, serve_world, usual_readings, visiting
from tests.support.clock import MONDAY_MORNING
from tests.support.messages import observation
from tests.support.servers import Server

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
        await page.clock.install(time=MONDAY_MORNING)
        await page.evaluate("navigator.serviceWorker.ready")
        await page.goto(world.url("/?place=Deal"))
        await page.context.set_offline(True)

        await page.goto(world.url("/?place=Dover"))

        assert "Deal UTC" in await page.locator("#best").inner_text()
        await expect(page.get_by_role("status")).to_contain_text(
            "You are offline. This was made at 10:00."
        )

        await page.clock.set_fixed_time(MONDAY_MORNING + timedelta(days=1))
        await page.reload()
        await expect(page.get_by_role("status")).to_contain_text(
            "This was made at 23 November, 10:00."
        )
        await page.context.set_offline(False)


async def test_without_a_server_the_last_answer_says_at_once_that_it_is_not_new(
    browser: Browser, own_redis: Server
) -> None:
    async with serve_world(own_redis) as world, visiting(browser, world) as page:
        await page.evaluate("navigator.serviceWorker.ready")
        await page.goto(world.url("/"))
        await page.goto(world.url("/?place=Deal"))
        address = page.url
        await world.client.close()

        await page.goto(address)

        assert "Deal UTC" in await page.locator("#best").inner_text()
        await expect(page.get_by_role("status")).to_contain_text("You are offline.")


async def test_the_form_says_that_there_is_no_line(browser: Browser, world: World) -> None:
    async with visiting(browser, world) as page:
        await page.context.set_offline(True)
        await expect(page.get_by_role("status")).to_have_text("You are offline.")
        await page.context.set_offline(False)
        await expect(page.get_by_role("status")).to_have_text("")


async def test_two_taps_are_one_journey_and_the_focus_is_never_lost(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(browser, world, "/?place=Deal") as page:
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
        await page.locator("#first button.go").evaluate("one => { one.click(); one.click(); }")
        await expect(page.locator("#going p")).to_be_focused()
        assert len(sent) == 1

        await page.get_by_role("button", name="I’m not going any more").click()
        await expect(page.locator("#first button.go")).to_be_focused()


async def test_who_leaves_in_more_than_six_hours_is_not_asked_to_set_out(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(browser, world, "/?place=Deal&depart_at=19%3A00") as page:
        await expect(page.locator("#best")).to_be_visible()
        assert await page.locator("button.go").count() == 0


async def test_who_leaves_later_is_watched_for_then(browser: Browser, world: World) -> None:
    await world.become()
    async with visiting(browser, world) as page:
        await page.clock.install(time=MONDAY_MORNING)
        await page.goto(world.url("/?place=Deal&depart_at=11%3A00"))
        async with page.expect_response("**/v1/recommendations?*") as looked_up:
            await page.locator("#first button.go").click()
        answer = await (await looked_up.value).json()

    assert answer["depart_at"] == "2026-11-23T11:00:00Z"


async def test_an_answer_is_not_changed_under_a_readers_eyes_but_does_not_grow_old_there(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(browser, world) as page:
        await page.clock.install(time=MONDAY_MORNING)
        await page.goto(world.url("/?place=Deal"))
        more = page.locator(".others details").first
        place = await more.get_attribute("id")
        await more.locator("summary").click()
        later = MONDAY_MORNING + timedelta(minutes=6)
        made = await page.locator("#answer").get_attribute("data-made")
        await world.become(usual_readings(later), at=later)

        await page.clock.run_for(MINUTE_MS)
        assert await page.locator("#answer").get_attribute("data-made") == made
        await page.clock.run_for(5 * MINUTE_MS)

        await expect(page.locator("#answer")).not_to_have_attribute("data-made", made or "")
        await expect(page.locator(f"#{place}")).to_have_attribute("open", "")
        await expect(page.locator(f"#{place} summary")).to_be_focused()
    await world.become()


async def test_the_same_words_are_read_out_once(browser: Browser, world: World) -> None:
    async with visiting(browser, world, "/?place=Deal") as page:
        await page.evaluate(
            "window.said = 0; new MutationObserver(() => window.said++)"
            ".observe(document.getElementById('told'), {childList: true, characterData: true})"
        )
        for _ in range(3):
            await page.evaluate("dispatchEvent(new Event('offline'))")
        assert await page.evaluate("window.said") == 1


async def test_the_page_can_be_installed(world: World) -> None:
    manifest = await world.client.get("/static/waitless.webmanifest")
    document = await manifest.json(content_type="application/manifest+json")

    assert document["display"] == "standalone"
    for icon in document["icons"]:
        assert (await world.client.get(f"/static/{icon['src']}")).status == 200
