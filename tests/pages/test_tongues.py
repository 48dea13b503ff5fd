"""Languages: every catalogue is whole, keeps its placeholders, and says whether it was checked."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Browser

from tests.pages.conftest import World, visiting
from tests.pages.extract import list_messages
from tests.support.browser import find_violations
from waitless.web.tongues import ENGLISH, FOLDER, NAMES, CatalogueFault, Tongue, Tongues

TONGUES = {tongue.code: tongue for tongue in Tongues()}
OTHERS = [code for code in NAMES if code != "en"]


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("code", OTHERS)
def test_every_catalogue_has_every_message_and_no_other(code: str) -> None:
    wanted = set(list_messages())

    assert len(wanted) > 150
    assert set(TONGUES[code].messages) == wanted


@pytest.mark.parametrize("code", OTHERS)
def test_no_message_stands_twice(code: str) -> None:
    text = (FOLDER / f"{code}.po").read_text(encoding="utf-8")

    assert len(re.findall(r"^msgid ", text, re.MULTILINE)) == len(TONGUES[code].messages) + 1


@pytest.mark.parametrize("code", OTHERS)
def test_every_message_keeps_its_placeholders(code: str) -> None:
    for english, said in TONGUES[code].messages.items():
        assert placeholders(said) == placeholders(english), english
        assert said.strip("…") != "", english


@pytest.mark.parametrize("code", OTHERS)
def test_numbers_to_call_survive_translation(code: str) -> None:
    for english, said in TONGUES[code].messages.items():
        for number in ("999", "111"):
            assert english.count(number) == said.count(number), english


@pytest.mark.parametrize("code", OTHERS)
async def test_a_page_in_another_language_says_that_nobody_has_checked_it(
    world: World, code: str
) -> None:
    await world.become()
    text = await (await world.client.get(f"/?place=Deal&lang={code}")).text()

    assert f'<html lang="{code}" dir="ltr">' in text
    assert TONGUES[code].needs_review
    assert (
        TONGUES[code].say("This translation has not been checked by a native speaker yet.") in text
    )
    assert TONGUES[code].say("I’m going here") in text
    assert "until you are seen" not in text


async def test_the_browsers_language_is_taken_where_the_address_names_none(world: World) -> None:
    headers = {"Accept-Language": "fr-FR, pl;q=0.8, en;q=0.5"}
    liked = await world.client.get("/", headers=headers)
    named = await world.client.get("/?lang=cy", headers=headers)

    assert liked.headers["Content-Language"] == "pl"
    assert named.headers["Content-Language"] == "cy"


async def test_choosing_a_language_keeps_the_question(browser: Browser, world: World) -> None:
    await world.become()
    async with visiting(browser, world, "/?place=Deal&need=eye", java_script_enabled=False) as page:
        await page.locator(".tongues summary").click()
        await page.get_by_role("link", name="Cymraeg").click()

        assert "lang=cy" in page.url
        assert "need=eye" in page.url
        assert "Deal UTC" in await page.locator("#best").inner_text()


@pytest.mark.parametrize("code", ["ne", "uk"])
async def test_another_script_fits_a_narrow_screen_and_pleases_axe(
    browser: Browser, world: World, code: str
) -> None:
    await world.become()
    size = {"width": 320, "height": 740}
    async with visiting(browser, world, f"/?place=Deal&lang={code}", viewport=size) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        assert await find_violations(page) == []


async def test_a_language_written_from_right_to_left_turns_the_page(
    browser: Browser, world: World
) -> None:
    await world.become()
    async with visiting(
        browser, world, "/?place=Deal", viewport={"width": 320, "height": 740}
    ) as page:
        await page.evaluate("document.documentElement.dir = 'rtl'")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        right = await page.evaluate(
            "document.querySelector('.brand').getBoundingClientRect().right"
        )
        assert right > 250

    assert Tongue("ar").direction == "rtl"


LOADED = Tongues()


@given(st.text())
def test_no_header_upsets_the_choice_of_language(accept_language: str) -> None:
    assert LOADED.choose(None, accept_language).code in NAMES


def test_a_language_that_is_refused_is_not_chosen() -> None:
    assert Tongues().choose("xx", "pl;q=0, *;q=0.1") is ENGLISH


@pytest.mark.parametrize(
    "text", ["nonsense", 'msgid "Walk {time}"\nmsgstr "Pieszo {czas}"', 'msgid "a"\nmsgstr "{"']
)
def test_a_catalogue_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "pl.po").write_text(f"{text}\n", encoding="utf-8")

    with pytest.raises(CatalogueFault):
        Tongues(tmp_path)
