"""The evening of 30 October: a figure of 72 hours comes, is held, inspected, and dropped."""

from datetime import timedelta

from playwright.async_api import Browser, expect

from tests.console.conftest import Control, at_the_desk

THREE_DAYS = 72 * 60


async def test_a_figure_of_72_hours_is_held_inspected_dropped_and_audited(
    browser: Browser, control: Control
) -> None:
    await control.publish("qeqm-ed", 250, ago=timedelta(minutes=6), provider="ekhuft")
    await control.shows("250 min")
    async with at_the_desk(browser, control) as page:
        await expect(page.locator("#held")).to_contain_text("Nothing is held back")

        await control.publish("qeqm-ed", THREE_DAYS, provider="ekhuft")

        held = page.locator("#held .card")
        await expect(held).to_contain_text("4320 min")  # by itself
        await expect(held).to_contain_text("over limit")
        await expect(held).to_contain_text("Believed instead: 250 min")
        await held.get_by_text("Inspect what came").click()
        await expect(held.locator("dl")).to_contain_text("4320")
        await expect(held).to_contain_text("is not kept")
        await expect(held.get_by_role("link", name="Release…")).to_have_count(0)
        await held.get_by_role("link", name="Drop…").click()
        await expect(page.locator("main")).to_contain_text("4320 min")
        await page.get_by_label("Why?").fill("typing error, rang the site")
        await page.get_by_role("button", name="Drop a held value").click()

        await expect(page.get_by_role("status").filter(has_text="Done.")).to_be_visible()
        await expect(page.locator("#held")).to_contain_text("Nothing is held back")
        entry = page.locator("#audit li").first
        await expect(entry).to_contain_text("otto dropped a held value: qeqm-ed/")
        await expect(entry).to_contain_text("typing error, rang the site")
        assert "4320" not in await control.read("/v1/facilities/qeqm-ed")
