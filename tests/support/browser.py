"""Debian's Chromium, driven by Playwright, and axe-core within it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.support.servers import require_binary
from tests.support.service import PATIENCE_S

expect.set_options(timeout=PATIENCE_S * 1000)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser that asks nobody else."""
    program = require_binary("chromium", "chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        browser.on("context", lambda one: one.set_default_timeout(PATIENCE_S * 1000))
        yield browser
        await browser.close()


async def open_all(page: Page) -> None:
    """Open everything on a page that can be opened."""
    await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


async def find_violations(page: Page) -> list[str]:
    """What axe-core has against a page as it stands once nothing on it moves.

    What is still fading in has the contrast of a moment that nobody reads.
    """
    await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate(
        """async () => {
            const passing = document.getAnimations().filter(
                one => one.effect.getComputedTiming().endTime !== Infinity);
            await Promise.allSettled(passing.map(one => one.finished));
            return (await axe.run()).violations.map(
                one => one.id + ': ' + one.nodes.map(node => node.html).join(' | '));
        }"""
    )
    return list(found)
