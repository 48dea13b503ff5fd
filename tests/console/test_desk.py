"""The page in a browser: by keyboard, without scripts, small and wide, in each designed state."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.console.conftest import (
    OPERATOR,
    VIEWER,
    Control,
    at_the_desk,
    serve_control,
)
from tests.support.browser import find_violations, open_all
from tests.support.servers import Server
from tests.support.service import eventually, serving
from tests.support.signin import PASSWORDS, origin_of
from waitless.app import create_app
from waitless.settings import Settings

PATHS = [
    "/operator",
    "/operator?feed=kcht",
    "/operator?facility=deal-utc",
    "/operator?wall=1",
    "/operator?find=atlantis",
    "/operator/acts/switch_off?what=kcht",
    "/operator/acts/drop?what=nothing",
]


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def some_waits(control: Control) -> AsyncIterator[None]:
    await control.publish("deal-utc", 22)
    await control.publish("qeqm-ed", 250, provider="ekhuft")
    await control.shows("250 min")
    yield


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", PATHS)
async def test_axe_finds_nothing_and_nothing_runs_off_the_screen(
    browser: Browser, control: Control, path: str, width: int
) -> None:
    viewport = {"width": width, "height": 800}
    async with at_the_desk(browser, control, path, viewport=viewport) as page:
        await open_all(page)
        assert await find_violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_the_page_loads_only_its_own_files_and_nothing_is_refused(
    browser: Browser, control: Control
) -> None:
    async with at_the_desk(browser, control, "about:blank") as page:
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        async with page.expect_request("**/operator/events"):
            await page.goto(control.url("/operator"))
        await page.wait_for_timeout(300)  # nothing more

    assert complaints == []
    assert sorted(asked) == sorted(
        control.url(path)
        for path in (
            "/operator", "/operator/files/operator.css", "/operator/files/operator.js",
            "/operator/events",
        )
    )  # fmt: skip


async def focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.textContent.trim()"))


async def test_a_feed_is_switched_off_and_on_by_keyboard_alone(
    browser: Browser, control: Control
) -> None:
    async with at_the_desk(browser, control) as page:
        await page.keyboard.press("Tab")
        assert await focused(page) == "Skip to the main part"
        await page.keyboard.press("Enter")
        await page.keyboard.press("/")
        await page.keyboard.type("deal")
        await expect(page.locator("#shown")).to_contain_text("1 of 22")
        while await focused(page) != "kcht":
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#panel-title")).to_be_focused()
        while await focused(page) != "Switch it off…":
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Switch a feed off?")
        await page.get_by_label("Why?").focus()
        await page.keyboard.type("maintenance")
        await page.keyboard.press("Enter")

        await expect(page.locator("#audit li").first).to_contain_text("switched a feed off: kcht")
        undo = page.locator("#audit li").first.get_by_role("link", name="Undo…")
        await undo.focus()
        await page.keyboard.press("Enter")
        await page.get_by_label("Why?").fill("done early")
        await page.keyboard.press("Enter")
        await expect(page.locator("#audit li").first).to_contain_text("took back an act on: kcht")


async def test_single_keys_can_be_switched_off(browser: Browser, control: Control) -> None:
    async with at_the_desk(browser, control) as page:
        await page.locator("#help-more summary").click()
        await page.get_by_label("these keys are on").uncheck()
        await page.locator("#help-more summary").focus()
        await page.keyboard.press("/")
        await expect(page.locator("#find")).not_to_be_focused()


async def test_everything_works_without_scripts(browser: Browser, control: Control) -> None:
    path = "/operator?find=kcht&sort=name"
    async with at_the_desk(browser, control, path, java_script_enabled=False) as page:
        assert await page.locator("noscript meta[http-equiv=refresh]").count() == 1
        assert await page.locator("#pause").is_hidden()
        assert await page.locator("#places .row").count() == 3
        await page.locator("#places .row").first.get_by_role("link", name="kcht").click()
        await page.get_by_role("link", name="Switch it off…").click()
        await page.get_by_label("Why?").fill("maintenance")
        await page.get_by_label("For how many hours?").fill("soon")
        await page.get_by_role("button", name="Switch a feed off").click()
        await expect(page.get_by_role("alert")).to_contain_text("A number of hours above 0")
        assert await page.get_by_label("Why?").input_value() == "maintenance"
        await page.get_by_label("For how many hours?").fill("0.5")
        await page.get_by_role("button", name="Switch a feed off").click()
        await expect(page.get_by_role("status").filter(has_text="Done.")).to_contain_text("kcht")
        await page.goto(control.url("/operator/acts/switch_on?what=kcht"))
        await page.get_by_label("Why?").fill("over")
        await page.get_by_role("button", name="Switch a feed on").click()
        await expect(page.locator("#audit li").first).to_contain_text("over")


async def test_what_is_open_and_focused_stays_so_when_the_page_renews_itself(
    browser: Browser, control: Control
) -> None:
    async with at_the_desk(browser, control) as page:
        await page.locator("#place-deal-utc").focus()
        before = await page.locator("#live .soft").text_content()
        control.clock.move(seconds=61)
        await control.publish("qeqm-ed", 255, provider="ekhuft")
        await expect(page.locator("#places")).to_contain_text("255 min")

        assert await page.locator("#live .soft").text_content() != before
        await expect(page.locator("#place-deal-utc")).to_be_focused()


async def test_the_wall_has_tiles_and_no_forms(browser: Browser, control: Control) -> None:
    viewport = {"width": 1920, "height": 1080}
    async with at_the_desk(browser, control, "/operator?wall=1", viewport=viewport) as page:
        assert await page.locator(".tile").count() == 22
        assert await page.locator("form, .act").count() == 0
        size = await page.locator(".huge").first.evaluate("one => getComputedStyle(one).fontSize")
        assert float(size.removesuffix("px")) >= 48
        assert await page.evaluate("document.documentElement.scrollHeight") <= 1080


async def test_a_viewer_sees_everything_and_may_do_nothing(control: Control) -> None:
    text = await control.read("/operator?feed=kcht", who=VIEWER)
    form = {"what": "kcht", "why": "x"}
    response = await control.post("switch_off", form, VIEWER)

    assert "may look, not act" in text
    assert "/operator/acts/" not in text
    assert response.status == 403
    assert "<code>forbidden</code>" in await response.text()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/operator?sort=colour", 400, "bad_request"),
        ("/operator?facility=atlantis", 404, "unknown_facility"),
        ("/operator?feed=%3Cscript%3E", 404, "unknown_feed"),
        ("/operator/acts/explode?what=x", 404, "not_found"),
        ("/operator/acts/drop?what=%3Cscript%3Ealert(1)%3C/script%3E", 404, "unknown_held_value"),
    ],
)
async def test_what_cannot_be_shown_is_refused_by_name_on_a_page(
    control: Control, path: str, status: int, code: str
) -> None:
    response = await control.client.get(path, headers=control.headers())
    text = await response.text()

    assert (response.status, response.content_type) == (status, "text/html")
    assert f"<code>{code}</code>" in text
    assert "<script>alert" not in text


async def test_who_is_not_signed_in_is_sent_to_do_so(control: Control) -> None:
    for path in ("/operator", "/operator/events", "/operator/acts/drop?what=x"):
        response = await control.client.get(path, allow_redirects=False)
        assert response.status == 303
        assert response.headers["Location"].startswith("/operator/sign-in?next=%2Foperator")


async def test_what_was_typed_is_there_again_after_signing_in(
    browser: Browser, control: Control
) -> None:
    path = "/operator/acts/override?what=deal-utc&status=full"
    async with at_the_desk(browser, control, path) as page:
        await page.get_by_label("Why?").fill("They rang: “full” & no beds <now>")
        await page.get_by_label("For how many hours?").fill("3")
        await page.context.clear_cookies()
        await page.get_by_role("button", name="Speak for a place").click()

        await page.get_by_label("Name").fill(OPERATOR)
        await page.get_by_label("Password").fill(PASSWORDS[OPERATOR])
        await page.get_by_role("button", name="Sign in").click()

        await expect(page.get_by_label("Why?")).to_have_value("They rang: “full” & no beds <now>")
        await expect(page.get_by_label("For how many hours?")).to_have_value("3")
        await expect(page.get_by_label("The door")).to_have_value("full")


async def test_an_address_too_long_to_come_back_to_leads_home(control: Control) -> None:
    response = await control.client.post(
        "/operator/acts/override",
        data={"what": "deal-utc", "why": "ж" * 500},
        headers=origin_of(control.client),
        allow_redirects=False,
    )
    assert response.headers["Location"] == "/operator/sign-in?next=%2Foperator"


async def test_a_form_of_another_site_does_nothing(control: Control) -> None:
    form = {"what": "kcht", "why": "x"}
    response = await control.client.post(
        "/operator/acts/switch_off", data=form, headers=control.headers()
    )

    assert response.status == 403
    assert "<code>cross_site</code>" in await response.text()


async def test_an_act_wants_a_reason_and_a_form(control: Control) -> None:
    blank = await control.post("switch_off", {"what": "kcht", "why": " "})
    long = await control.post("switch_off", {"what": "kcht", "why": "x" * 501})
    document = await control.client.post(
        "/operator/acts/switch_off", json={"what": "kcht", "why": "x"}, headers=control.headers()
    )

    assert (blank.status, long.status, document.status) == (400, 400, 415)
    assert "Say why" in await blank.text()
    assert (await (await control.client.get("/v1/feeds/kcht")).json())["state"] != "off"


async def test_a_reason_is_shown_as_it_was_typed_and_runs_nothing(control: Control) -> None:
    why = "<script>alert('x')</script> & “rang”"
    for act in ("switch_off", "switch_on"):
        response = await control.post(act, {"what": "kcht", "why": why, "hours": "1"})
        assert response.headers["Location"] == "/operator?done=1"
    text = await control.read()

    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; “rang”" in text
    assert "<script>alert" not in text


async def test_letters_that_turn_the_line_turn_no_more_than_the_reason(
    browser: Browser, control: Control
) -> None:
    for act in ("switch_off", "switch_on"):
        await control.post(act, {"what": "kcht", "why": "rang \u202e gnar", "hours": "1"})
    async with at_the_desk(browser, control) as page:
        line = page.locator("#audit li").first
        why, undo = line.locator("bdi"), line.locator(".act")
        left = "one => one.getBoundingClientRect().left"
        assert await why.evaluate(left) < await undo.evaluate(left)
        assert await why.inner_text() == "rang \u202e gnar"


async def test_a_held_jump_is_released_and_shown_to_patients(
    browser: Browser, control: Control
) -> None:
    control.clock.move(minutes=6)
    await control.publish("deal-utc", 400)
    await control.shows("400 min")
    async with at_the_desk(browser, control) as page:
        await page.locator("#held").get_by_role("link", name="Release…").click()
        await page.get_by_label("Why?").fill("rang the unit: it is true")
        await page.get_by_role("button", name="Release a held value").click()
        await expect(page.get_by_role("status").filter(has_text="Done.")).to_contain_text("deal")
        row = page.locator("#places .row", has_text="Deal UTC")
        await expect(row.locator(".wait")).to_contain_text("400 min")


async def test_feeds_that_fall_silent_together_raise_a_banner(
    browser: Browser, control: Control
) -> None:
    control.clock.move(minutes=40)
    await control.shows('data-state="shared"')
    async with at_the_desk(browser, control) as page:
        banner = page.locator("[data-state=shared]")
        await expect(banner).to_contain_text("2 feeds failed together")
        await expect(banner).to_contain_text("ekhuft, kcht")
        await expect(page.locator("#places .row", has_text="QEQM ED")).to_contain_text("not shown")
        await open_all(page)
        assert await find_violations(page) == []


async def test_simulated_figures_are_called_so_and_while_the_store_is_away_nothing_is_done(
    browser: Browser,
    own_redis: Server,
    tmp_path: Path,
) -> None:
    async with serve_control(own_redis, tmp_path, simulated=True) as control:
        await control.publish("deal-utc", 22)
        await control.shows("22 min")
        for path in ("/operator", "/operator?wall=1"):
            assert "Simulated data." in await control.read(path)
            assert "(simulated)</title>" in await control.read(path)
        async with at_the_desk(browser, control) as page:
            own_redis.kill()
            await control.shows('data-state="store_away"')  # nobody can be looked up
            await expect(page.locator("#late")).to_be_visible()
            await expect(page.locator("#places")).to_contain_text("22 min")
            await open_all(page)
            assert await find_violations(page) == []
            response = await control.client.post(
                "/operator/acts/switch_off",
                data={"what": "kcht", "why": "x"},
                headers=control.headers() | origin_of(control.client),
            )
            assert response.status == 503
            own_redis.start()

            async def is_back() -> bool:
                return 'id="places"' in await control.read()

            await eventually(is_back)
            await expect(page.locator("#late")).to_be_hidden()
            assert (await (await control.client.get("/v1/feeds/kcht")).json())["state"] != "off"


async def test_a_standby_says_so(control: Control, console_redis: Server) -> None:
    url = f"redis://127.0.0.1:{console_redis.port}/0"
    app = create_app(Settings(redis_url=url), now=control.clock)
    async with serving(app) as standby:
        response = await standby.get("/operator", headers=control.headers())

        assert response.status == 503
        assert "This process stands by." in await response.text()


async def test_without_a_store_from_the_start_it_says_that_nobody_can_write() -> None:
    async with serving(create_app(Settings(redis_url="redis://127.0.0.1:1/0"))) as client:
        response = await client.get("/operator")

        assert response.status == 503
        assert "nobody can be the one process that writes" in await response.text()
