"""Somebody who looks at pages in a browser, and what is wrong with a page that is looked at."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Request

STORED = "() => localStorage.length + sessionStorage.length"
WIDTH = "() => document.documentElement.scrollWidth"
OPEN = "() => document.querySelectorAll('details').forEach(one => { one.open = true; })"
"""What is folded away is not looked at by axe-core."""

VIOLATIONS = """async (rules) => (await axe.run(document, { runOnly: rules })).violations
    .map(one => `${one.id}: ${one.nodes.map(node => node.target).join(" ")}`)"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass
class Seen:
    """A page that is open. faults: errors of the console, which violations of the policy are, and foreign hosts."""

    page: Page
    width: int
    faults: list[str] = field(default_factory=list)

    def note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(message.text[:200])

    def note_request(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in {"127.0.0.1", None}:
            self.faults.append(f"foreign: {request.url[:100]}")

    async def find_faults(self, *, accessible: bool) -> list[str]:
        """What is wrong. accessible: whether axe-core looks for barriers, too."""
        found = list(self.faults)
        if accessible:
            await self.page.evaluate(OPEN)
        if await self.page.evaluate(STORED):
            found.append("something is stored")
        if await self.page.evaluate(WIDTH) > self.width:
            found.append("wider than the screen")
        return found + (await self.page.evaluate(VIOLATIONS, RULES) if accessible else [])


@dataclass(frozen=True)
class Visitor:
    """Opens pages."""

    browser: Browser
    axe: Path
    screenshots: Path

    @asynccontextmanager
    async def open(self, origin: str, width: int = 390, locale: str = "zh-CN") -> AsyncIterator[Seen]:
        """A page of a fresh browser, at an origin, on a screen of some width."""
        context = await self.browser.new_context(
            base_url=origin, viewport={"width": width, "height": 800}, locale=locale, reduced_motion="reduce"
        )
        await context.add_init_script(path=self.axe)
        page = await context.new_page()
        seen = Seen(page, width)
        page.on("console", seen.note_message)
        page.on("request", seen.note_request)
        page.on("pageerror", lambda error: seen.faults.append(str(error)[:200]))
        try:
            yield seen
        finally:
            await context.close()

    async def keep(self, seen: Seen, name: str) -> None:
        """Keep a picture of a page."""
        file = re.sub(r"[^\w]+", "-", name).strip("-")
        await seen.page.screenshot(path=self.screenshots / f"{file}-{seen.width}.png", full_page=True)
