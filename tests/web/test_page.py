"""The patients' page: read without JavaScript, and looked at in a real browser."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.support.messages import observation
from tests.support.servers import require_binary
from tests.support.service import Patient, eventually
from tests.web.conftest import put
from waitless.store import Store

NARROWEST, WIDEST = 360, 1280


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    program = require_binary("chromium", "chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        await browser.close()


async def open_page(browser: Browser, patient: Patient, path: str = "/", **more: object) -> Page:
    page = await browser.new_page(**more)
    await page.goto(str(patient.make_url(path)))
    return page


async def test_a_patient_without_javascript_types_a_town_and_reads_where_to_go(
    browser: Browser, patient: Patient
) -> None:
    page = await open_page(browser, patient, java_script_enabled=False)

    await page.get_by_label("Where are you?").fill("Deal")
    await page.get_by_label("What has happened?").select_option("wound")
    await page.get_by_role("button", name="Show me where to go").click()

    first = page.locator("#first")
    assert "Deal UTC" in await first.inner_text()
    headline = await first.locator(".headline").inner_text()
    assert re.match(r"About (\d+ h )?\d+ min until you are seen: \d+ min driving", headline)
    assert "8 in 10 people" in await first.inner_text()
    assert "measured 4 min ago" in await first.inner_text()


async def test_999_comes_before_anything_else(browser: Browser, patient: Patient) -> None:
    page = await open_page(browser, patient, "/?place=Deal")

    main = await page.locator("main").inner_text()
    assert main.index("Call 999") < main.index("Where would I be seen soonest?")
    assert main.index("Call 999") < main.index("NHS 111") < main.index("Deal UTC")


@pytest.mark.parametrize("width", [NARROWEST, WIDEST])
@pytest.mark.parametrize("path", ["/", "/?place=Deal", "/?place=Atlantis", "/docs"])
async def test_nothing_sticks_out_of_the_screen(
    browser: Browser, patient: Patient, width: int, path: str
) -> None:
    page = await open_page(browser, patient, path, viewport={"width": width, "height": 800})

    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_the_pages_own_rules_are_not_broken_by_the_page(
    browser: Browser, patient: Patient
) -> None:
    page = await browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))

    await page.goto(str(patient.make_url("/?place=Deal")))

    assert complaints == []


async def test_the_devices_position_leaves_it_only_rounded(
    browser: Browser, patient: Patient
) -> None:
    context = await browser.new_context(
        geolocation={"latitude": 51.22301234, "longitude": 1.40017654},
        permissions=["geolocation"],
    )
    page = await context.new_page()
    await page.goto(str(patient.make_url("/")))

    await page.get_by_role("button", name="Use my position").click()
    await page.wait_for_url("**/?*lat=*")

    assert "lat=51.223&lon=1.400" in page.url
    assert "Deal UTC" in await page.locator("#first").inner_text()


async def test_a_name_of_two_places_is_a_choice_of_links(
    browser: Browser, patient: Patient
) -> None:
    page = await open_page(browser, patient, "/?place=Minster&need=wound")

    links = page.get_by_role("alert").get_by_role("link")
    assert await links.count() == 2
    await links.first.click()
    assert await page.locator("#first").is_visible()


@pytest.mark.parametrize(
    "path", ["/?place=Atlantis", "/?place=<script>alert(1)</script>", "/?place=Deal&need=x"]
)
async def test_what_cannot_be_answered_is_said_on_the_page(patient: Patient, path: str) -> None:
    response = await patient.get(path)

    text = await response.text()
    assert response.status == 400
    assert 'role="alert"' in text
    assert "<script>alert" not in text


async def test_a_link_with_a_strangers_parameter_still_answers(patient: Patient) -> None:
    assert (await patient.get("/?place=Deal&fbclid=1")).status == 200


async def test_simulated_figures_are_called_so_on_the_page(patient: Patient, store: Store) -> None:
    assert "imulated" not in await (await patient.get("/?place=Deal")).text()

    await put(store, observation("deal-utc", 22, simulated=True))

    async def labelled() -> bool:
        text = await (await patient.get("/?place=Deal")).text()
        return "Simulated data." in text and "<strong>Simulated.</strong>" in text

    await eventually(labelled)


async def test_the_page_loads_nothing_from_elsewhere(browser: Browser, patient: Patient) -> None:
    page = await browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    await page.goto(str(patient.make_url("/?place=Deal")))

    ours = str(patient.make_url("/"))
    assert asked
    assert all(url.startswith((ours, "data:")) for url in asked)
