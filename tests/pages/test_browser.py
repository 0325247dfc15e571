"""Every page in a browser: as phones and desks show it, in both languages, without violations and barriers.

The browser is Debian's Chromium, driven by Playwright. Without it the tests are skipped, and say how to get it.
"""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from xml.sax.saxutils import escape

import httpx2
import pylopdf_fonts_zh_cn
import pytest
from conftest import Instance
from playwright.async_api import Browser, async_playwright
from visitor import Visitor

import nodejs
from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE

WEB = Path(__file__).parents[2] / "web"
SCREENSHOTS = Path(__file__).parents[2] / ".suxin" / "screenshots"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
MISSING = "The pages are tested in Chromium, which is not here: apt-get install chromium"
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/usr/share/fonts</dir><dir>{}</dir><cachedir>{}</cachedir></fontconfig>"""


@pytest.fixture(scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Chromium with the Chinese glyphs of the font package."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("fonts")
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS.format(escape(pylopdf_fonts_zh_cn.__path__[0]), escape(str(folder))))
    async with async_playwright() as playwright:
        environment: dict[str, str | float | bool] = {"FONTCONFIG_FILE": str(fonts), "HOME": str(folder)}
        opened = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS, env=environment)
        yield opened
        await opened.close()


@pytest.fixture(scope="session")
def axe() -> Path:
    """The script of axe-core."""
    nodejs.install([WEB])
    return WEB / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def visitor(browser: Browser, axe: Path) -> Visitor:
    """Somebody who visits pages."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return Visitor(browser, axe, SCREENSHOTS)


PAGES = (
    "/", "/nothing-here", "/me", "/look", "/look/check", "/look/lists", "/look/bulletins", "/look/figures",
    "/developers", "/developers/quickstarts/bank", "/developers/docs/policy", "/developers/schema/bank",
    "/developers/schema/bank/Deduction", "/errors", "/errors/BAD_ID",
)  # fmt: skip
NOT_FOUND = "Failed to load resource: the server responded with a status of 404 (Not Found)"


@pytest.mark.parametrize(
    ("width", "locale", "accessible"),
    [(390, "zh-CN", True), (1280, "en", True), (390, "en", False), (1280, "zh-CN", False)],
)
async def test_every_page_is_sound(
    instance: Instance, visitor: Visitor, width: int, locale: str, accessible: bool
) -> None:
    wrong: dict[str, list[str]] = {}
    async with visitor.open(instance.address, width, locale) as seen:
        for path in PAGES:
            seen.faults.clear()
            await seen.page.goto(path)
            assert await seen.page.locator("html").get_attribute("lang") == locale
            found = [fault for fault in await seen.find_faults(accessible=accessible) if fault != NOT_FOUND]
            wrong |= {path: found} if found else {}
            await visitor.keep(seen, f"{locale}{path}")
    assert wrong == {}


@pytest.mark.parametrize(("width", "locale"), [(390, "zh-CN"), (1280, "en")])
async def test_a_citizen_shows_a_result_and_another_checks_it(
    instance: Instance, visitor: Visitor, width: int, locale: str
) -> None:
    async with visitor.open(instance.address, width, locale) as seen:
        page = seen.page
        await page.goto("/look")
        await page.locator("#name").fill(FORGE.name)
        await page.locator("main form button").click()
        code = await page.locator(".code").inner_text()
        assert FORGE.name not in page.url
        assert await page.locator(".items > li").count() == 4
        assert await seen.find_faults(accessible=True) == []
        await visitor.keep(seen, f"{locale}/result")
        await page.goto(f"/look/check?code={code}")
        await page.locator("#name").fill(FORGE.name)
        await page.locator("main form.panel button").click()
        assert await page.locator("[role=status].good").count() == 1
        await page.locator(".other button").click()
        assert await page.locator("[role=status].good").count() == 1
        assert await page.locator("html").get_attribute("lang") == ("en" if locale == "zh-CN" else "zh-CN")
        assert await seen.find_faults(accessible=True) == []
        await visitor.keep(seen, f"{locale}/checked")


async def test_what_is_shown_is_the_api_s_answer(instance: Instance, visitor: Visitor) -> None:
    asked = (
        "query ($name: String!) { publicRecords(name: $name, first: 20) { nodes { title caseNumber publishedOn } } }"
    )
    headers = {"authorization": f"Bearer {instance.token(Audience.PUBLIC_PORTAL)}"}
    sent = {"query": asked, "variables": {"name": CHEN.name}}
    answer = httpx2.post(f"{instance.address}/graphql", json=sent, headers=headers).json()
    records = answer["data"]["publicRecords"]["nodes"]
    async with visitor.open(instance.address) as seen:
        await seen.page.goto("/look")
        await seen.page.locator("#name").fill(CHEN.name)
        await seen.page.locator("#name").press("Enter")
        shown = await seen.page.locator(".items > li").all_inner_texts()
    assert len(shown) == len(records) > 0
    for text, record in zip(shown, records, strict=True):
        assert [value for value in record.values() if value not in text] == []


async def test_the_explorer_asks_with_a_token_that_stays_in_memory(instance: Instance, visitor: Visitor) -> None:
    async with visitor.open(instance.address, 1280) as seen:
        page = seen.page
        await page.goto("/explorer?audience=BANK")
        assert await seen.find_faults(accessible=True) == []
        await page.locator("#token").fill(instance.token(Audience.BANK))
        await page.locator(".token button").click()
        await page.locator(".graphiql-query-editor .view-line", has_text="viewer").wait_for()
        await page.locator(".graphiql-execute-button").click()
        await page.locator(".graphiql-response", has_text=re.compile("demo-bank")).wait_for()
        assert await seen.find_faults(accessible=False) == []
        await visitor.keep(seen, "explorer")
        await page.reload()
        assert await page.locator("#token").input_value() == ""


async def test_a_page_in_a_frame_is_not_shown(instance: Instance, visitor: Visitor) -> None:
    async with visitor.open(instance.address) as seen:
        await seen.page.set_content(f'<iframe src="{instance.address}/look"></iframe>')
        await seen.page.wait_for_load_state("networkidle")
        assert [frame.url for frame in seen.page.frames if "/look" in frame.url] == []
        assert any("frame-ancestors" in fault for fault in seen.faults)
