"""An operator speaks for a place: by forms, with an end, and takes it back from the audit."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.console.conftest import Control, at_the_desk
from tests.support.service import eventually, get_json


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def some_waits(control: Control) -> AsyncIterator[None]:
    await control.publish("deal-utc", 22)
    await control.shows("22 min")
    yield


async def properties(control: Control) -> dict[str, Any]:
    feature = await get_json(control.client, "/v1/facilities/deal-utc")
    told: dict[str, Any] = feature["properties"]
    return told


async def shown_minutes(control: Control) -> float | None:
    wait = (await properties(control))["reading"]["wait"]
    return None if wait is None else float(wait["minutes"])


async def act(page: Page, link: str, why: str, minutes: str | None = None) -> None:
    await page.get_by_role("link", name=link).click()
    await page.get_by_label("Why?").fill(why)
    if minutes is not None:
        await page.get_by_role("textbox", name="Minutes if").fill(minutes)
    await page.locator("form button").click()


async def test_a_place_is_marked_closed_and_the_mark_taken_back(
    browser: Browser, control: Control
) -> None:
    path = "/operator?facility=deal-utc"
    async with at_the_desk(browser, control, path, java_script_enabled=False) as page:
        await act(page, "Mark closed…", "flood")
        await expect(page.locator("#audit li").first).to_contain_text(
            "spoke for a place: deal-utc (closed)"
        )
        row = page.locator("#places .row", has_text="Deal UTC")
        await expect(row).to_contain_text("operator: closed")

        async def excluded() -> bool:
            answer = await get_json(control.client, "/v1/recommendations", place="Deal")
            return "deal-utc" in {one["facility_id"] for one in answer["excluded"]}

        await eventually(excluded)
        await page.goto(control.url(path))
        await expect(page.locator("#panel .banner")).to_contain_text("“flood”")

        await page.locator("#audit li").first.get_by_role("link", name="Undo…").click()
        await page.get_by_label("Why?").fill("drained")
        await page.get_by_role("button", name="Take an act back").click()
        await expect(page.locator("#audit li").first).to_contain_text("took back an act on")
        await expect(page.locator("#audit li").nth(1)).to_contain_text("undone")


async def test_a_wait_is_pinned_cleared_and_left_to_the_feed_again(
    browser: Browser, control: Control
) -> None:
    path = "/operator?facility=deal-utc"
    async with at_the_desk(browser, control, path) as page:
        await act(page, "Pin a wait…", "counted them", minutes="55")

        async def pinned() -> bool:
            return await shown_minutes(control) == 55

        await eventually(pinned)
        await page.goto(control.url(path))
        await act(page, "Clear the wait…", "nobody knows")

        async def cleared() -> bool:
            return await shown_minutes(control) is None

        await eventually(cleared)
        await page.goto(control.url(path))
        await act(page, "Let the feed speak…", "they count again")

        async def posted() -> bool:
            return await shown_minutes(control) == 22

        await eventually(posted)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"wait": "pinned", "minutes": ""}, "A number of minutes, 0 to 1440."),
        ({"wait": "pinned", "minutes": "1441"}, "A number of minutes"),
        ({"wait": "pinned", "minutes": "nan"}, "A number of minutes"),
        ({"wait": "often"}, "Choose one of the list."),
        ({"status": "ajar"}, "Choose one of the list."),
        ({"status": "full", "hours": "169"}, "at most 168"),
        ({}, "nothing stands that it could lift"),
    ],
)
async def test_what_cannot_be_said_is_refused_and_nothing_is_done(
    control: Control, fields: dict[str, str], words: str
) -> None:
    response = await control.post("override", {"what": "deal-utc", "why": "x", **fields})

    assert response.status == 400
    assert words in await response.text()
    assert await shown_minutes(control) == 22


async def test_an_act_that_nobody_did_cannot_be_taken_back(control: Control) -> None:
    for audit_id in ("1-1", "yesterday"):
        response = await control.client.get(
            f"/operator/acts/undo?what={audit_id}", headers=control.headers()
        )
        assert response.status == 404
        assert "<code>unknown_act</code>" in await response.text()


async def test_the_page_says_where_answers_sent_people(control: Control) -> None:
    await get_json(control.client, "/v1/recommendations", place="Deal")

    async def counted() -> bool:
        found = re.search(r"<dd>(\d+); 0</dd>", await control.read())
        return found is not None and int(found[1]) > 0

    await eventually(counted)
