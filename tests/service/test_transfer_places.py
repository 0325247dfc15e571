"""Places for files: so many downloads of a file at once, so many of a client; whoever finds none is told to wait."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from bulk import CASES, Bulk
from look_ups import key_of
from starlette.routing import Route

from auth.audiences import Audience
from auth.budget import Budgets
from demo.city.cast import FORGE
from transport.transfers import DOWNLOADS, DOWNLOADS_OF_A_FILE, UPLOADS, Transfers

AT_ONCE = 60
LINE = json.dumps(key_of(FORGE))


def transfers_of(bulk: Bulk) -> Transfers:
    """The endpoints for files of a service."""
    routes: Any = bulk.world.app.routes
    found: Any = next(route.endpoint for route in routes if isinstance(route, Route) and route.path == "/uploads")
    transfers: Transfers = found.__self__
    return transfers


@contextmanager
def taken(places: Any, owner: Any, count: int) -> Iterator[None]:
    """Places that are held while the context lasts."""
    for _ in range(count):
        places.take(owner)
    try:
        yield
    finally:
        for _ in range(count):
            places.give_back(owner)


async def test_many_at_once_at_one_address_get_the_file_or_are_told_to_wait(bulk: Bulk) -> None:
    """Of 300, 54 were answered with 500."""
    operation = bulk.start(CASES, variables='{"first": 1}')
    await bulk.run(operation)
    address, whole = bulk.address(operation), bulk.file(operation)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda _: bulk.world.http.get(address), range(5 * AT_ONCE)))
    statuses = Counter(one.status_code for one in found)
    assert statuses.keys() <= {200, 429, 503}
    assert statuses[200] >= DOWNLOADS_OF_A_FILE
    assert all(one.content == whole for one in found if one.status_code == 200)
    assert all(one.headers["retry-after"] == "1" for one in found if one.status_code != 200)
    assert bulk.file(operation) == whole
    transfers = transfers_of(bulk)
    assert not transfers.files._held
    assert not transfers.downloads._held


async def test_a_client_has_a_part_of_the_downloads(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await bulk.run(operation)
    address, transfers = bulk.address(operation), transfers_of(bulk)
    client = bulk.world.clients[Audience.COURT].primary_key
    with taken(transfers.downloads, client, DOWNLOADS[1]):
        refused = bulk.world.http.get(address)
    assert (refused.status_code, refused.json()["error"]) == (
        429,
        f"{DOWNLOADS[1]} downloads at a time, no more. Wait for one of them.",
    )
    with taken(transfers.downloads, "others", DOWNLOADS[1]):
        assert bulk.world.http.get(address).status_code == 200


@pytest.mark.parametrize("given", [{"range": "bytes=9999999-"}, {}])
async def test_a_refused_or_an_ended_download_holds_no_place(bulk: Bulk, given: dict[str, str]) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await bulk.run(operation)
    address = bulk.address(operation)
    for _ in range(2 * DOWNLOADS[1]):
        assert bulk.world.http.get(address, headers=given).status_code == (416 if given else 200)


async def test_a_client_sends_one_file_at_a_time(bulk: Bulk) -> None:
    client, transfers = bulk.world.clients[Audience.BANK].primary_key, transfers_of(bulk)
    with taken(transfers.uploads, client, UPLOADS[1]):
        refused = bulk.upload(LINE)
        other = bulk.upload(LINE, audience=Audience.COMMERCE)
    told = refused.json()
    assert (refused.status_code, refused.headers["retry-after"], told["error"], told["code"]) == (
        429, "1", "1 uploads at a time, no more. Wait for one of them.", "THROTTLED",
    )  # fmt: skip
    assert other.status_code == 201
    assert bulk.upload(LINE).status_code == 201


async def test_when_others_send_files_it_is_said_that_there_are_too_many(bulk: Bulk) -> None:
    transfers = transfers_of(bulk)
    for number in range(UPLOADS[0]):
        transfers.uploads.take(f"other {number}")
    refused = bulk.upload(LINE)
    for number in range(UPLOADS[0]):
        transfers.uploads.give_back(f"other {number}")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    told = refused.json()
    assert (told["error"], told["code"]) == ("There are too many uploads now. Try again later.", "UNAVAILABLE")


async def test_a_file_is_charged_to_who_sends_it_and_to_whose_it_is(bulk: Bulk) -> None:
    """Not to who has its address."""
    operation = bulk.start(CASES, variables='{"first": 1}')
    await bulk.run(operation)
    address, transfers = bulk.address(operation), transfers_of(bulk)
    object.__setattr__(transfers, "budgets", budgets := Budgets(bulk.engine, 60_000, 4, bulk.clock))
    try:
        owner, sender = (bulk.world.clients[audience].primary_key for audience in (Audience.COURT, Audience.BANK))
        assert bulk.world.http.get(address).status_code == 200
        assert list(budgets._purses) == [owner]
        assert bulk.upload(LINE).status_code == 201
        assert budgets._purses.keys() == {owner, sender}
        assert all(purse.points < 0 for purse in budgets._purses.values())
    finally:
        object.__setattr__(transfers, "budgets", None)
