"""Every page in a browser: as phones and desks show it, in both languages, without violations and barriers.

The browser is Debian's Chromium, driven by Playwright. Without it the tests are skipped, and say how to get it.
"""

import csv
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import httpx2
import pylopdf_fonts_zh_cn
import pytest
import sqlalchemy as sa
from browser import Attempt
from conftest import Instance
from playwright.async_api import Browser, Locator, Page, async_playwright, expect
from stdnum.cn import ric
from visitor import Seen, Visitor

import nodejs
from auth.audiences import Audience
from auth.server.accounts import Account, Password, add_staff
from auth.server.token_client import ClientCredential, User, sign_subject_token
from demo.city.cast import CHEN, DEMO_COURT, FORGE, TOOLS, Subject
from demo.clients import REDIRECT_URI
from demo.stage import open_socket, run_server
from ingest.importing import import_file
from models.court import StaffRole
from models.keyring import load_keyring
from models.terms import to_court_day
from postgres import database
from server import create_app, get_utc_now
from settings import Settings

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
    "/", "/nothing-here", "/me",
    "/look", "/look/check", "/look/code", "/look/lists", "/look/bulletins", "/look/figures",
    "/developers", "/developers/account", "/developers/quickstarts/bank", "/developers/docs/policy",
    "/developers/schema/bank",
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


# --- a month of a court, and what attackers try ----------------------------------------------------------------------

NUMBER = "(2026)浙0281执5001号"
COLLEAGUE = "COLLEAGUE"
PEOPLE = {
    **{str(role): role for role in (StaffRole.JUDGE, StaffRole.CHIEF, StaffRole.CENTRE, StaffRole.PANEL)},
    COLLEAGUE: StaffRole.PANEL,
}
"""The four, and a second member of the panel: who passed an item does not answer an objection to it (R8)."""
XSS = '"><img src=x onerror="alert(1)"><script>alert(2)</script>'


@dataclass
class Cast:
    """Who takes part, each in a browser of its own."""

    instance: Instance
    visitor: Visitor
    stack: AsyncExitStack
    passwords: Mapping[str, Password]
    seen: dict[str, Seen] = field(default_factory=dict)

    async def page(self, name: str, width: int = 1280) -> Page:
        """The page of somebody, who has come if this is the first time."""
        if name not in self.seen:
            self.seen[name] = await self.stack.enter_async_context(self.visitor.open(self.instance.address, width))
        found: Page = self.seen[name].page
        return found

    async def officer(self, role: str) -> Page:
        """The desk of an officer, who has signed in."""
        page = await self.page(role)
        await page.goto("/court")
        if page.url.endswith("/court/sign-in"):
            await page.locator("#username").fill(self.passwords[role].username)
            await page.locator("#password").fill(self.passwords[role].password)
            await page.locator("main form button:not([type=button])").click()
            await page.locator("nav .steps, .who").first.wait_for()
        return page

    def ticket(self, subject: Subject, **over: str) -> dict[str, str]:
        """What the portal sends with its user."""
        client = self.instance.clients[Audience.LITIGANT_PORTAL]
        credential = ClientCredential(self.instance.address, client.client_id, dict(client.key))
        user = User("user-1", over.get("name", subject.name), subject.number)
        at = get_utc_now().timestamp() - float(over.get("age", "0"))
        return {"client_id": client.client_id, "subject_token": sign_subject_token(credential, user, at)}

    async def hand_over(self, page: Page, form: Mapping[str, str]) -> None:
        """Arrive from the portal's page, which is of another site: its form sends itself."""
        fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in form.items())
        await page.goto("about:blank")
        await page.set_content(
            f'<form method="post" action="{self.instance.address}/me/enter">{fields}<button>Go</button></form>'
        )
        await page.locator("button").click()
        await page.wait_for_load_state()

    async def litigant(self, subject: Subject) -> Page:
        """The record of a litigant, who has come from the portal."""
        page = await self.page(subject.key, 390)
        await self.hand_over(page, self.ticket(subject))
        return page

    async def keep(self, name: str, picture: str) -> None:
        """Keep a picture, and find nothing wrong with the page."""
        assert await self.seen[name].find_faults(accessible=True) == [], picture
        await self.visitor.keep(self.seen[name], picture)


@pytest.fixture(scope="module")
def passwords(instance: Instance, database_url: sa.URL) -> dict[str, Password]:
    """An account of each of the four."""
    engine = database.make_sync_engine(database_url)
    with engine.begin() as connection:
        made = {
            name: add_staff(connection, Account(f"{name.lower()}某", f"m-{name.lower()}", role, DEMO_COURT))
            for name, role in PEOPLE.items()
        }
    engine.dispose()
    return made


@pytest.fixture
async def cast(instance: Instance, visitor: Visitor, passwords: Mapping[str, Password]) -> AsyncIterator[Cast]:
    async with AsyncExitStack() as stack:
        yield Cast(instance, visitor, stack, passwords)


def item(page: Page, text: str) -> Locator:
    """The entry of a list that shows a text."""
    return page.locator(".items > li", has_text=text)


async def decide(entry: Locator, act: str, file: Path | None = None, **fields: str) -> None:
    """Open the form of an entry that has a button, fill it, and press it; the page says that it is done."""
    page = entry.page
    box = entry.locator("details", has=page.locator(f'button[value="{act}"]')).first
    await box.evaluate("one => { one.open = true; }")
    for name, value in fields.items():
        await box.locator(f'[name="{name}"]').fill(value)
    if file:
        await box.locator('[name="file"]').set_input_files(file)
    await box.locator(f'button[value="{act}"]').click()
    await page.locator(".good[role=status], .alert").first.wait_for()
    assert await page.locator(".alert").all_inner_texts() == []


async def look_up(page: Page, name: str) -> list[str]:
    await page.goto("/look")
    await page.locator("#name").fill(name)
    await page.locator("main form button").click()
    await page.locator("h1").wait_for()
    return await page.locator(".items > li").all_inner_texts()


async def test_a_month_of_a_court_is_played_by_four_people_and_the_public_sees_it(cast: Cast, tmp_path: Path) -> None:
    public = await cast.page("public", 390)
    before = await look_up(public, FORGE.name)
    judge = await cast.officer(StaffRole.JUDGE)
    await judge.goto("/court/cases")
    await judge.locator("#number").fill(NUMBER)
    await judge.locator("main form button").first.click()
    await judge.locator("h2", has_text=NUMBER).wait_for()
    await judge.locator("#party").select_option(label=f"{FORGE.name} · 被执行人")
    await judge.locator("#behaviour").select_option(value="E05")
    title = re.sub(r"^E05 |（.*$", "", await judge.locator("#behaviour option:checked").inner_text())
    today = to_court_day(get_utc_now())
    evidence = tmp_path / "<img src=x onerror=alert(1)>.pdf"
    evidence.write_bytes(b"ruling")
    points = re.search(r"（(\d+)", await judge.locator("#behaviour option:checked").inner_text())
    assert points
    for name, value in {
        "points": points[1],
        "conductOn": str(today - timedelta(days=20)),
        "document": "(2026)浙0281执5001号之一",
        "issuedOn": str(today - timedelta(days=10)),
        "reason": f"有履行能力而高消费。{XSS}",
    }.items():
        await judge.locator(f'form.panel [name="{name}"]').fill(value)
    await judge.locator('[name="kind"]').select_option("FINE_DECISION")
    await judge.locator('[name="file"]').set_input_files(evidence)
    await cast.keep(StaffRole.JUDGE, "court-propose")
    await judge.locator('button[value="propose"]').click()
    await judge.locator(".good[role=status]").wait_for()

    chief = await cast.officer(StaffRole.CHIEF)
    await cast.keep(StaffRole.CHIEF, "court-chief")
    assert "onerror" in await item(chief, XSS).inner_text()  # shown as it was written
    await decide(item(chief, XSS), "approve", reason="事实清楚")
    centre = await cast.officer(StaffRole.CENTRE)
    await centre.locator("#month").fill("2010-01-15")
    await centre.locator('button[value="open-month"]').click()
    await centre.locator(".good[role=status]").wait_for()
    waiting = item(centre, XSS)
    await waiting.locator("details").first.evaluate("one => { one.open = true; }")
    await waiting.locator('[name="batchId"]').select_option(label="2010-01")
    await waiting.locator('[name="reason"]').fill("归集")
    await cast.keep(StaffRole.CENTRE, "court-centre")
    await waiting.locator('button[value="collect"]').click()
    await centre.locator(".good[role=status]").wait_for()
    panel = await cast.officer(StaffRole.PANEL)
    await cast.keep(StaffRole.PANEL, "court-panel")
    await decide(item(panel, XSS), "pass", reason="同意")
    await cast.officer(StaffRole.CENTRE)
    await decide(item(centre, XSS), "notify", reason="已送达")
    assert await look_up(public, FORGE.name) == before  # nothing is public before the month is

    mine = await cast.litigant(FORGE)
    await cast.keep(FORGE.key, "me")
    await decide(item(mine, title).first, "object", statement=XSS)
    await cast.officer(StaffRole.CENTRE)
    month = item(centre, "2010-01")
    await month.locator('[name="reason"]').fill("按月公布")
    await month.locator('button[value="publish"]').click()
    await centre.locator(".good[role=status]").wait_for()
    published = await look_up(public, FORGE.name)
    assert len(published) == len(before) + 1
    (shown,) = [one for one in published if title in one]
    assert "异议处理中" in shown
    await cast.keep("public", "look-annotated")

    await decide(item(await cast.officer(COLLEAGUE), XSS), "uphold", reason="事实清楚，予以维持")
    answered = await look_up(public, FORGE.name)
    assert [one for one in answered if "异议处理中" in one] == []
    mine = await cast.litigant(FORGE)
    assert "予以维持" in await item(mine, title).first.inner_text()
    old = item(mine, "逾期不履行致进入强制执行").first
    await decide(old, "repair", evidence, commitment="从此按期履行，绝不逾期", amount="1000.00", document="收据一号")
    assert "待决定" in await item(mine, "逾期不履行致进入强制执行").first.inner_text()
    await cast.keep(FORGE.key, "me-applied")
    await cast.officer(StaffRole.PANEL)
    await decide(item(panel, "从此按期履行，绝不逾期"), "shield", reason="已全部履行")
    repaired = await look_up(public, FORGE.name)
    assert len(repaired) == len(before)
    assert [one for one in repaired if "逾期不履行致进入强制执行" in one] == []
    assert [seen.faults for seen in cast.seen.values() if seen.faults] == []


async def _type(page: Page, text: str) -> None:
    """Replace what the editor holds, by keys."""
    await page.locator(".cm-content").press("Control+a")
    await page.keyboard.press("Delete")
    await page.keyboard.type(text)
    await page.keyboard.press("Escape")  # no completion is open


async def _edit_and_save(cast: Cast, page: Page, lang: str) -> None:
    """An officer follows a bar, edits its document with completion of the schema, saves it, and opens the explorer."""
    await page.goto(f"/court/figures?lang={lang}")
    await page.locator("#behaviours svg a").first.click()
    editor = page.locator(".cm-content")
    await expect(editor).to_contain_text("countedFrom")
    await cast.keep(StaffRole.CENTRE, f"{lang}/court/figures/rows")
    await _type(page, "{ stat")
    await editor.press("Control+ ")
    await page.locator(".cm-tooltip-autocomplete li", has_text="statistics").first.click()
    await _type(page, "{ statistics(of: COLOURS, first: 9, groupBy: [COLOUR]) { colour count } }")
    await page.locator("#title").fill(f"信用码 {lang}")
    await page.locator("button[formaction]").click()
    assert await page.locator("svg.chart").count() == 1
    await cast.keep(StaffRole.CENTRE, f"{lang}/court/figures/saved")
    await page.goto(f"/court/explorer?lang={lang}")
    await expect(page.locator(".graphiql-container")).to_be_visible()
    await expect(page.get_by_text("COLOURS").first).to_be_visible()
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert await page.locator("input[type=password]").count() == 0


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_the_pages_of_officers_and_litigants_are_sound(cast: Cast, lang: str) -> None:
    centre = await cast.officer(StaffRole.CENTRE)
    for path in ("/court", "/court/cases", "/court/figures", "/court/identities", "/court/imports"):
        await centre.goto(f"{path}?lang={lang}")
        assert await centre.locator("html").get_attribute("lang") == lang
        await cast.keep(StaffRole.CENTRE, f"{lang}{path}")
    await _edit_and_save(cast, centre, lang)
    mine = await cast.litigant(TOOLS)
    for path in ("/me", "/me/cases", "/me/sharing", "/me/log"):
        await mine.goto(f"{path}?lang={lang}")
        await cast.keep(TOOLS.key, f"{lang}{path}")


async def test_forged_used_and_expired_tickets_let_nobody_in(cast: Cast) -> None:
    page = await cast.page("thief", 390)
    used = cast.ticket(TOOLS)
    await cast.hand_over(page, used)
    await page.locator(".who", has_text=TOOLS.name).wait_for()
    await page.context.clear_cookies()
    head, body, signature = used["subject_token"].split(".")
    forged = [
        used,
        cast.ticket(TOOLS, age="400"),
        cast.ticket(TOOLS, name="别人"),
        {**cast.ticket(TOOLS), "client_id": cast.instance.clients[Audience.BANK].client_id},
        {**used, "subject_token": f"{head}.{body}.{signature[::-1]}"},
        {**used, "subject_token": f"{'eyJhbGciOiJub25lIn0'}.{body}."},
    ]
    for ticket in forged:
        await cast.hand_over(page, ticket)
        assert await page.locator("h1").inner_text() == "未能进入"
        assert await page.context.cookies() == []


async def test_forms_of_other_sites_do_nothing_and_sessions_are_not_fixed(cast: Cast) -> None:
    address = cast.instance.address
    page = await cast.page("fixed", 390)
    await page.context.add_cookies([{"name": "suxin-me", "value": "fixed-by-somebody", "url": address}])
    await cast.hand_over(page, cast.ticket(TOOLS))
    await page.locator(".who", has_text=TOOLS.name).wait_for()
    (cookie,) = [one for one in await page.context.cookies() if one["name"] == "suxin-me"]
    assert cookie["value"] != "fixed-by-somebody"
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    evil = await page.context.new_page()
    for path, fields in (("/me/leave", {}), ("/me/sharing", {"act": "share", "csrf": "x"}), ("/court", {"act": "x"})):
        body = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
        await evil.set_content(
            f'<form method="post" action="{address}{path}">{body}<button>Win a prize</button></form>'
        )
        await evil.locator("button").click()
        await evil.wait_for_load_state()
        assert await evil.locator("h1").inner_text() in {"请重试", "我的信用"}
    await page.reload()
    await page.locator(".who", has_text=TOOLS.name).wait_for()  # nobody was signed out


@pytest.mark.parametrize("path", ["/me", "/court", "/court/cases", "/look", "/explorer", "/developers/enter?link=x"])
async def test_no_page_is_shown_in_a_frame(cast: Cast, path: str) -> None:
    page = await cast.page("framed", 390)
    await page.set_content(f'<iframe src="{cast.instance.address}{path}"></iframe>')
    await page.wait_for_load_state("networkidle")
    assert [frame.url for frame in page.frames if frame.url.startswith(cast.instance.address)] == []


ADDRESSES = "all => all.map(one => one.href || one.action)"


async def test_no_address_leads_to_another_site(cast: Cast) -> None:
    page = await cast.page("led", 390)
    for path in (
        "//evil.example/",
        "/look?lang=//evil.example",
        "/court?done=//evil.example",
        "/me?next=//evil.example",
    ):
        await page.goto(cast.instance.address + path)
        assert page.url.startswith(cast.instance.address)
        links = await page.locator("a[href], form[action]").evaluate_all(
            "all => all.map(one => one.href || one.action)"
        )
        assert [one for one in links if not str(one).startswith((cast.instance.address, "mailto:"))] == []


async def test_an_officer_who_signs_in_for_a_client_is_sent_back_to_it(cast: Cast) -> None:
    """Chromium holds `form-action` against the redirects of a form as well: the policy names the client."""
    page = await cast.page("client", 390)
    await page.goto(
        f"/oauth/authorize?{Attempt(cast.instance.clients[Audience.COURT].client_id).query(redirect_uri=REDIRECT_URI)}"
    )
    await page.locator("input[name=username]").fill(cast.passwords[StaffRole.CHIEF].username)
    await page.locator("input[name=password]").fill(cast.passwords[StaffRole.CHIEF].password)
    async with page.expect_request(re.compile(re.escape(REDIRECT_URI) + r"\?.*code=")):
        await page.locator("form button:not([type=button])").first.click()
    assert [one for one in cast.seen["client"].faults if "Content Security Policy" in one] == []


# --- what files bring -------------------------------------------------------------------------------------------------

NAMES = (
    "<img src=x onerror=alert(1)>", '"><script>alert(2)</script>', "javascript:alert(3)",
    "</textarea><svg onload=alert(4)>", "@SUM(1+1)", "+1+1", "-1+1", "＝1+1",
)  # fmt: skip
FORMULA = '=HYPERLINK("http://evil.example","x")'
"""A name that is refused: a workbook's cell without its value."""

IMPORTED = "(2026)浙0281执6001号"
ROLE = '"><script>alert(5)</script>'
"""A word that no vocabulary has."""


def number_of(place: int) -> str:
    """A number of a person who was born before 1910."""
    digits = f"33028119010203{place:03}"
    return digits + str(ric.calc_check_digit(f"{digits}0"))


def write_cases(path: Path, lines: Sequence[Mapping[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


@pytest.fixture(scope="module")
async def imported(instance: Instance, database_url: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Names that would run are imported as a court imports its files, with a published deduction of each; and a line
    that is refused. The text of the rejects file."""
    folder, today = tmp_path_factory.mktemp("imported"), to_court_day(get_utc_now())
    settings = Settings(data_dir=instance.keys.parent)
    keyring, engine = load_keyring(settings.key_file), database.make_async_engine(database_url, 2, 60)
    case = {
        "案号": IMPORTED,
        "经办法院": "余姚市人民法院",
        "案由": "买卖合同纠纷",
        "立案日期": "2026-01-05",
        "结案日期": "",
    }
    party = {"诉讼地位": "被执行人", "当事人类型": "自然人"}
    people = [
        {"姓名或名称": name, "证件类型": "居民身份证", "证件号码": number_of(place), "村社区": "", "不公开": ""}
        for place, name in enumerate(NAMES)
    ]
    lines = [{**case, **party, **one} for one in people]
    lines += [{**lines[0], "诉讼地位": ROLE}, {**lines[0], "姓名或名称": FORMULA}]
    published = {
        "行为代码": "E01", "扣分": "3", "行为日期": "2026-02-01", "认定日期": str(today - timedelta(days=40)),
        "认定文书种类": "执行裁定书", "认定文书号": f"{IMPORTED}之一", "发布日期": str(today - timedelta(days=20)),
        "公示期满日": "", "状态": "已公示", "结束日期": "", "结束原因": "",
    }  # fmt: skip
    who = ("案号", "经办法院", "姓名或名称", "证件类型", "证件号码", "诉讼地位")
    deductions = [{name: one[name] for name in who} | published for one in lines[: len(NAMES)]]
    rejects = folder / "rejects.csv"
    files = {"cases": lines, "deductions": deductions}
    for format, content in files.items():
        path = write_cases(folder / f"<img src=x onerror=alert({format!r})>=1+1.csv", content)
        await import_file(engine, format, path, keyring=keyring, rejects=rejects if format == "cases" else None)
    await engine.dispose()
    return rejects.read_text("utf-8")


async def find_run(page: Page) -> list[str]:
    """What on a page is not of the page's own: scripts, images and handlers in its content."""
    found = "main script:not([src]), main img, main svg[onload], main [onerror], main a[href^='javascript:']"
    return list(await page.locator(found).evaluate_all("all => all.map(one => one.outerHTML)"))


async def test_names_and_words_of_files_are_text_everywhere(cast: Cast, imported: str) -> None:
    """The public, the subject, the court, its table, its CSV, the explorer; what is refused says why, and is text."""
    assert f"""'{FORMULA[:10]}""" in imported  # the line is refused, and no formula to whoever opens the rejects
    public = await cast.page("public", 390)
    for name in NAMES:
        assert len(await look_up(public, name)) == 1, name
        assert await find_run(public) == []
        assert name[:20] in await public.locator("main").inner_text()
    for place, name in enumerate(NAMES):
        mine = await cast.litigant(Subject(f"imported-{place}", name, number_of(place)))
        await mine.locator(".who", has_text=name).wait_for()
        for path in ("/me", "/me/cases", "/me/sharing", "/me/log"):
            await mine.goto(path)
            assert await find_run(mine) == []
        assert cast.seen.pop(f"imported-{place}").faults == []
    centre = await cast.officer(StaffRole.CENTRE)
    await centre.goto("/court/imports")
    assert await find_run(centre) == []
    await centre.locator("details").first.evaluate("one => { one.open = true; }")
    assert "alert(5)" in await centre.locator("main").inner_text()
    await cast.keep(StaffRole.CENTRE, "court-imports-names")
    judge = await cast.officer(StaffRole.JUDGE)
    await judge.goto("/court/cases")
    await judge.locator("#number").fill(IMPORTED)
    await judge.locator("main form button").first.click()
    await judge.locator("h2", has_text=IMPORTED).wait_for()
    shown = await judge.locator("main").inner_text()
    assert [name for name in NAMES if name not in shown] == []
    assert await find_run(judge) == []
    asked = f'{{ case(number: "{IMPORTED}") {{ participations {{ name }} }} }}'
    await judge.goto("/court/figures")
    csrf = await judge.locator('[name="csrf"]').first.input_value()
    form: dict[str, str | float | bool] = {"csrf": csrf, "document": asked}
    await judge.locator("details:has(textarea)").first.evaluate("one => { one.open = true; }")
    await judge.locator("textarea[name=document]").first.fill(asked)
    await judge.locator("form:has(textarea) button").first.click()
    await judge.locator("table", has_text="onerror").first.wait_for()
    assert await find_run(judge) == []
    file = await judge.context.request.post("/court/figures?format=csv", form={**form, "format": "csv"})
    cells = [row[0] for row in csv.reader((await file.text()).splitlines())]
    assert {name.lstrip("'") for name in cells} >= set(NAMES)
    assert [cell for cell in cells if cell[:1] in "=+-@＝\t\r"] == []
    await judge.context.request.post("/court/figures/saved", form={**form, "title": NAMES[0]})
    await judge.goto("/court/explorer")
    await judge.locator(".graphiql-query-editor .view-line", has_text="participations").wait_for()
    await judge.locator(".graphiql-execute-button").click()
    await judge.locator(".graphiql-response", has_text="onerror").wait_for()
    assert await find_run(judge) == []
    assert [seen.faults for seen in cast.seen.values() if seen.faults] == []


# --- developers -------------------------------------------------------------------------------------------------------

SECTIONS = ("", "/webhooks", "/documents", "/requests", "/usage")
REGISTER = """mutation { createWebhook(input: { url: "https://bank.example/hook?<img/src=x/onerror=alert(6)>" }) {
  errors { code } } }"""


def ask_for_link(instance: Instance, audience: Audience = Audience.BANK) -> str:
    headers = {"authorization": f"Bearer {instance.token(audience)}"}
    return str(httpx2.post(f"{instance.address}/developers/sign-in", headers=headers).json()["address"])


@pytest.mark.parametrize(("width", "lang"), [(390, "zh-CN"), (1280, "en"), (390, "en"), (1280, "zh-CN")])
async def test_a_developer_oversees_the_client(cast: Cast, width: int, lang: str) -> None:
    instance = cast.instance
    headers = {"authorization": f"Bearer {instance.token(Audience.BANK)}"}
    httpx2.post(f"{instance.address}/graphql", json={"query": REGISTER}, headers=headers)
    async with cast.visitor.open(instance.address, width, lang) as seen:
        page = seen.page
        await page.goto(ask_for_link(instance))
        assert await seen.find_faults(accessible=True) == []
        await cast.visitor.keep(seen, f"{lang}/developers/enter")
        await page.locator("main form button").dblclick()
        await page.locator(".who", has_text=instance.clients[Audience.BANK].client_id).wait_for()
        for path in SECTIONS:
            await page.goto(f"/developers/account{path}?lang={lang}")
            assert await page.locator("html").get_attribute("lang") == lang
            assert await page.locator("main .alert").count() == 0
            assert await find_run(page) == []
            assert await seen.find_faults(accessible=True) == [], path
            await cast.visitor.keep(seen, f"{lang}/developers/account{path}")
        assert await page.locator("table").last.locator("tbody tr").count() > 0
        await page.goto(f"/developers/account/webhooks?lang={lang}")
        await decide(page.locator(".items > li").first, "replay")
        (cookie,) = [one for one in await page.context.cookies() if one["name"] == "suxin-developers"]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        await page.locator("nav form button").click()
        await page.locator("pre", has_text="suxin developers").first.wait_for()
        assert seen.faults == []


async def test_links_that_are_forged_used_or_of_another_site_sign_nobody_in(cast: Cast) -> None:
    address, page = cast.instance.address, await cast.page("developer", 390)
    await page.context.add_cookies([{"name": "suxin-developers", "value": "fixed-by-somebody", "url": address}])
    link = ask_for_link(cast.instance)
    await page.goto(link)
    await page.locator("main form button").click()
    await page.locator(".who").wait_for()
    (cookie,) = [one for one in await page.context.cookies() if one["name"] == "suxin-developers"]
    assert cookie["value"] != "fixed-by-somebody"
    for form in ({"act": "disable", "id": "x", "csrf": "x"}, {"act": "replay"}):
        await _send_from_elsewhere(cast, page, "/developers/account/webhooks", form)
        assert await page.locator("h1").inner_text() in {"请重试", "开发者登录"}  # without the cookie, or refused
    await _send_from_elsewhere(cast, page, "/developers/leave", {})
    await page.goto("/developers/account")
    await page.locator(".who").wait_for()  # still signed in
    await page.context.clear_cookies()
    for one in (link, f"{address}/developers/enter?link=forged", f"{address}/developers/enter"):
        await page.goto(one)
        assert await page.locator("h1").inner_text() == "未能进入"
    stranger = parse_qs(urlsplit(ask_for_link(cast.instance, Audience.COMMERCE)).query)["link"][0]
    await _send_from_elsewhere(cast, page, "/developers/enter", {"link": stranger})
    assert await page.locator("h1").inner_text() == "请重试"
    assert await page.context.cookies() == []


async def _send_from_elsewhere(cast: Cast, page: Page, path: str, fields: Mapping[str, str]) -> None:
    """Press the button of a form that another site shows."""
    body = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    await page.goto("about:blank")
    await page.set_content(
        f'<form method="post" action="{cast.instance.address}{path}">{body}<button>Go</button></form>'
    )
    await page.locator("button").click()
    await page.wait_for_load_state()


# --- security keys ---------------------------------------------------------------------------------------------------

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
"""A security key as Chromium simulates it (DevTools protocol, domain WebAuthn)."""


@pytest.fixture
def named(instance: Instance, database_url: sa.URL) -> Iterator[str]:
    """The service under a name, which security keys need: the address of the browser's own machine."""
    with open_socket(0) as (listener, address):
        origin = address.replace("127.0.0.1", "localhost")
        settings = Settings(data_dir=instance.keys.parent, issuer=origin, request_timeout=60, statement_timeout=30)
        with run_server(create_app(settings, database_url), listener):
            yield origin


async def test_an_officer_signs_in_at_the_desk_with_a_security_key(
    named: str, visitor: Visitor, database_url: sa.URL
) -> None:
    """Registered with the password; from then on the password alone opens nothing. With the key the officer acts."""
    engine = database.make_sync_engine(database_url)
    with engine.begin() as connection:
        officer = add_staff(connection, Account("钥主任", "keyed.centre", StaffRole.CENTRE, DEMO_COURT))
    async with visitor.open(named, 1280, "en") as seen:
        page, refusals = seen.page, []
        devices = await page.context.new_cdp_session(page)
        await devices.send("WebAuthn.enable")
        await devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

        async def sign_in(button: str) -> None:
            await page.goto("/court/sign-in")
            await page.locator("#username").fill(officer.username)
            await page.locator("#password").fill(officer.password)
            await page.locator(button).click()

        plain, by_key = "main form button:not([type])", "main form button[data-get]"
        await sign_in(plain)
        await page.wait_for_url("**/court")
        await page.goto("/oauth/account/security-keys")
        await page.locator("input[name=name]").fill("办公室")
        await page.locator("input[name=password]").fill(officer.password)
        await page.locator("[data-create]").click()
        await page.locator("code").first.wait_for()
        assert await page.locator("code").count() == 10
        await page.context.clear_cookies()
        await sign_in(plain)
        refusals.append(await page.locator("main .alert").inner_text())
        await sign_in(by_key)
        await page.wait_for_url("**/court")
        await page.locator("#month").fill("2020-01-15")
        await page.locator("button[value=open-month]").click()
        await page.locator("main [role=status].good").wait_for()
        assert refusals == ["Wrong user name, password or code, or the account is locked for now."]
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM batch WHERE month = '2020-01-01'")) == 1
    engine.dispose()
