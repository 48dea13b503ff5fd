"""A patient asks, with and without JavaScript, on screens from small to wide."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.pages.conftest import World, visiting

WIDTHS = [320, 360, 768, 1280]


async def test_a_patient_without_javascript_types_a_town_and_reads_where_to_go(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(browser, world, java_script_enabled=False) as page:
        await page.get_by_label("Where are you?").fill("Deal")
        await page.get_by_label("What has happened?").select_option("wound")
        await page.get_by_role("button", name="Show me where to go").click()

        first = page.locator("#first")
        assert "Deal UTC" in await first.inner_text()
        headline = await first.locator(".headline").inner_text()
        assert re.match(
            r"About (\d+ h )?\d+ min until you are seen at Deal UTC: "
            r"\d+ min driving, about (\d+ h )?\d+ min waiting\.",
            headline,
        )
        assert "8 in 10 people" in await first.inner_text()
        assert "measured 4 min ago" in await first.inner_text()
        assert await page.locator("button:visible").count() == 0


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("drive", "driving"),
        ("walk", "walking"),
        ("cycle", "cycling"),
        ("transit", "by bus or train"),
    ],
)
async def test_a_patient_asks_in_each_mode_and_is_told_of_that_way(
    browser: Browser, world: World, mode: str, words: str
) -> None:
    await world.become()
    async with visiting(browser, world) as page:
        await page.get_by_label("Where are you?").fill("Deal")
        await page.locator(f"input[value={mode}]").check()
        await page.get_by_role("button", name="Show me where to go").click()

        assert words in await page.locator(".headline").inner_text()
        assert f"mode={mode}" in page.url


async def test_a_journey_by_bus_is_told_leg_by_leg_without_a_script(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(
        browser, world, "/?place=Dover&mode=transit&need=wound", java_script_enabled=False
    ) as page:
        first = await page.locator("#first").inner_text()
        legs = await page.locator("#first ol li").all_inner_texts()
        assert any(re.match(r"\d\d:\d\d .+ from .+ to .+, \d+ min", leg) for leg in legs)
        assert "An approximate timetable: check before you go." in first
        assert re.search(r"Leave by \d\d:\d\d\.", first)
        assert "miles" not in first


async def test_who_leaves_tomorrow_is_told_no_wait(browser: Browser, world: World) -> None:
    await world.become()
    async with visiting(browser, world, "/?place=Deal&depart_at=09%3A00") as page:
        text = await page.locator("main").inner_text()
        assert "Waits are not foretold more than two hours ahead." in text
        assert "0 min waiting" not in text


async def test_the_first_dots_are_twenty_people_and_said_in_words(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(browser, world, "/?place=Deal") as page:
        assert await page.locator("#first circle").count() == 20
        words = await page.get_by_role("img").get_attribute("aria-label")
        assert words == await page.locator("figcaption").inner_text()
        assert re.match(r"Each dot is 1 of 20 people: 10 of them are seen within", words)


async def test_999_comes_before_anything_else(browser: Browser, world: World) -> None:
    await world.become()
    for path, next_words in (("/", "Where are you?"), ("/?place=Deal", "Deal UTC")):
        async with visiting(browser, world, path) as page:
            main = await page.locator("main").inner_text()
            assert main.index("Call 999") < main.index("111 online") < main.index(next_words)
            assert await page.locator("a[href='tel:999']").first.is_visible()


@pytest.mark.parametrize("width", WIDTHS)
async def test_nothing_sticks_out_and_targets_are_large(
    browser: Browser, world: World, width: int
) -> None:
    await world.become()
    for path in ("/", "/?place=Deal&need=suspected_fracture", "/?place=Minster", "/docs"):
        async with visiting(browser, world, path, viewport={"width": width, "height": 740}) as page:
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
            if path == "/docs":
                continue
            low = await page.evaluate(
                "[...document.querySelectorAll('.button, .call, .tap, summary, input, select')]"
                ".filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 43.9)"
                ".map(one => one.outerHTML)"
            )
            assert low == [], path


async def test_twice_the_text_size_still_fits_a_narrow_screen(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(
        browser, world, "/?place=Deal", viewport={"width": 360, "height": 740}
    ) as page:
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_the_devices_position_leaves_it_only_rounded(browser: Browser, world: World) -> None:
    await world.become()
    async with visiting(
        browser,
        world,
        geolocation={"latitude": 51.22301234, "longitude": 1.40017654},
        permissions=["geolocation"],
    ) as page:
        await page.get_by_role("button", name="Use my position").click()
        await page.wait_for_url("**/?*lat=*")

        assert "lat=51.223&lon=1.400" in page.url
        assert "Deal UTC" in await page.locator("#first").inner_text()

        await page.get_by_text("Ask again, or change something").click()
        await page.locator("input[value=walk]").check()
        await page.get_by_role("button", name="Show me where to go").click()
        assert "walking" in await page.locator(".headline").inner_text()

        await page.get_by_text("Ask again, or change something").click()
        await page.get_by_label("Where are you?").fill("Dover")
        await page.get_by_role("button", name="Show me where to go").click()
        await expect(page.locator(".asked")).to_contain_text("From Dover")
        async with page.expect_response("**/v1/recommendations?*") as looked_up:
            await page.locator("#first button.go").click()
        assert (await looked_up.value).status == 200

        await page.goto(world.url("/"))
        assert await page.get_by_label("Where are you?").is_enabled()


async def test_the_next_visit_finds_the_choices_filled_in_and_can_forget_them(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(browser, world) as page:
        await page.get_by_label("Where are you?").fill("Deal")
        await page.get_by_label("What has happened?").select_option("eye")
        await page.get_by_label("For whom?").select_option("5")
        await page.get_by_role("button", name="Show me where to go").click()
        await page.goto(world.url("/"))

        assert await page.get_by_label("Where are you?").input_value() == "Deal"
        assert await page.get_by_label("For whom?").input_value() == "5"
        assert await page.get_by_label("What has happened?").input_value() == "minor_injury"

        await page.get_by_role("button", name="Forget them").click()
        await page.reload()
        assert await page.get_by_label("Where are you?").input_value() == ""


async def test_a_pharmacist_is_named_where_one_can_help(world: World) -> None:
    await world.become()
    ill = await (await world.client.get("/?place=Deal&need=bite")).text()
    hurt = await (await world.client.get("/?place=Deal&need=wound")).text()

    assert "Find a pharmacy" in ill
    assert "Find a pharmacy" not in hurt


async def test_a_link_with_a_strangers_parameter_still_answers(world: World) -> None:
    assert (await world.client.get("/?place=Deal&fbclid=1")).status == 200
