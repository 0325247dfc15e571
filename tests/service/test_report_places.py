"""Views of reports: so many of one at once, so many by one address; the rest are told to wait, at once."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from reports.endpoint import MOST_VIEWS, VIEWS_BY_ONE, VIEWS_OF_ONE, make_report_routes


class Desk:
    """Shows no report until it is told to. asked: how many have been asked for."""

    def __init__(self) -> None:
        self.go, self.signer = asyncio.Event(), SimpleNamespace(issuer="https://suxin.example")

    async def view(self, code: str) -> None:
        await self.go.wait()


def address(letter: str) -> str:
    return "/reports/SR" + f"-{letter * 4}" * 7


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
async def visitors(desk: Desk) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """Two visitors at different addresses."""
    given: Any = desk
    app = Starlette(routes=[*make_report_routes(given, 30)])
    transports = [httpx2.ASGITransport(app, client=(host, 1)) for host in ("10.0.0.1", "10.0.0.2")]
    found = [httpx2.AsyncClient(transport=one, base_url="https://suxin.example") for one in transports]
    yield found
    for one in found:
        await one.aclose()


async def begin(visitor: httpx2.AsyncClient, path: str, count: int) -> list["asyncio.Task[Any]"]:
    """Ask so many times, without waiting for the answers."""
    tasks = [asyncio.create_task(visitor.get(path)) for _ in range(count)]
    for _ in range(20):
        await asyncio.sleep(0)
    return tasks


async def test_one_report_is_viewed_so_often_at_once(desk: Desk, visitors: list[httpx2.AsyncClient]) -> None:
    waiting = await begin(visitors[0], address("A"), VIEWS_OF_ONE)
    refused = await visitors[1].get(address("A"))
    assert (refused.status_code, refused.headers["retry-after"], refused.headers["cache-control"]) == (
        429,
        "1",
        "no-store",
    )
    desk.go.set()
    assert {one.status_code for one in await asyncio.gather(*waiting)} == {404}
    assert (await visitors[1].get(address("A"))).status_code == 404


async def test_an_address_leaves_some_to_others(desk: Desk, visitors: list[httpx2.AsyncClient]) -> None:
    waiting = [task for letter in "ABCDEFGHIJKL" for task in await begin(visitors[0], address(letter), 1)]
    assert len(waiting) == VIEWS_BY_ONE
    assert (await visitors[0].get(address("M"))).status_code == 429
    others = [task for letter in "NOPQ" for task in await begin(visitors[1], address(letter), 1)]
    assert len(waiting) + len(others) == MOST_VIEWS
    assert (await visitors[1].get(address("R"))).status_code == 503
    desk.go.set()
    assert {one.status_code for one in await asyncio.gather(*waiting, *others)} == {404}
