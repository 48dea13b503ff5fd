"""Signing in with a real browser, its scripts off: what it says of a form's origin is its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from playwright.async_api import Browser, Page

from tests.support.browser import chromium
from tests.support.clock import FakeClock
from tests.support.oidc import CrookedProvider
from tests.support.servers import free_port
from tests.support.service import Patient
from tests.support.signin import PASSWORDS, SIGN_IN, write_accounts
from waitless.app import Role as Process
from waitless.app import create_app
from waitless.settings import Settings

NARROWEST = 320


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def provider(clock: FakeClock) -> AsyncIterator[CrookedProvider]:
    provider = CrookedProvider(lambda: clock().timestamp())
    await provider.server.start_server()
    provider.metadata = {"end_session_endpoint": f"{provider.issuer}/over"}
    yield provider
    await provider.server.close()


@pytest.fixture
async def service(
    redis_url: str, plymouth_pack: Path, tmp_path: Path, provider: CrookedProvider, clock: FakeClock
) -> AsyncIterator[Patient]:
    port, secret = free_port(), tmp_path / "secret"
    secret.write_text(provider.client_secret)
    settings = Settings(
        area=str(plymouth_pack),
        redis_url=redis_url,
        accounts_file=write_accounts(tmp_path),
        public_url=f"http://127.0.0.1:{port}",
        oidc_issuer=provider.issuer,
        oidc_client_id=provider.client_id,
        oidc_client_secret_file=secret,
        oidc_roles="desk=operator",
    )
    app = create_app(settings, Process.ALL, now=clock)
    async with TestClient(TestServer(app, port=port)) as client:
        yield client


async def open_page(browser: Browser, service: Patient, path: str) -> Page:
    page = await browser.new_page(
        java_script_enabled=False, viewport={"width": NARROWEST, "height": 640}
    )
    await page.goto(str(service.make_url(path)))
    return page


async def test_somebody_signs_in_by_password_and_out_without_scripts(
    browser: Browser, service: Patient
) -> None:
    page = await open_page(browser, service, "/operator/sessions")
    assert SIGN_IN in page.url
    await page.get_by_label("Name").fill("otto")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    assert "do not belong together" in await page.get_by_role("alert").inner_text()
    assert await page.get_by_label("Name").input_value() == "otto"
    assert await page.get_by_label("Password").input_value() == ""

    await page.get_by_label("Password").fill(PASSWORDS["otto"])
    await page.get_by_role("button", name="Sign in").click()
    assert "You are otto, with the role operator" in await page.locator("main").inner_text()
    [cookie] = await page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (
        "waitless-local", True, "Lax"
    )  # fmt: skip

    await page.get_by_role("button", name="Sign out", exact=True).click()
    assert await page.get_by_role("heading", level=1).inner_text() == "You are signed out"
    assert await page.context.cookies() == []


async def test_somebody_signs_in_by_the_provider_and_out_of_both(
    browser: Browser, service: Patient, provider: CrookedProvider
) -> None:
    page = await open_page(browser, service, "/operator/sessions")

    await page.get_by_role("link", name="Sign in with your organisation").click()
    assert "You are anna, with the role operator" in await page.locator("main").inner_text()

    await page.get_by_role("button", name="Sign out everywhere").click()
    await page.get_by_role("link", name="Sign out there, too").click()
    assert page.url.startswith(f"{provider.issuer}/over?client_id=waitless")


async def test_nothing_sticks_out_of_a_narrow_screen_and_every_field_has_a_label(
    browser: Browser, service: Patient
) -> None:
    page = await browser.new_page(viewport={"width": NARROWEST, "height": 640})
    for path in (SIGN_IN, "/operator/sessions"):
        await page.goto(str(service.make_url(path)))
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROWEST
        assert await page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden])')].every(e => e.labels.length)"
        )
        if path == SIGN_IN:
            await page.get_by_label("Name").fill("ada")
            await page.get_by_label("Password").fill(PASSWORDS["ada"])
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/operator")
