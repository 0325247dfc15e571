"""Shares and places: what one owner may use at once."""

import asyncio
from contextlib import ExitStack
from contextvars import copy_context

import pytest

from auth.places import BusyError, Places
from postgres.shares import OWNER, Shares


@pytest.mark.parametrize(("size", "most"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (64, 32)])
def test_an_owner_has_half_of_a_pool(size: int, most: int) -> None:
    assert Shares(size).most == most


async def count_at_once(shares: Shares, owner: str | None, asked: int) -> int:
    """How many of those that an owner asks for it has at once."""
    OWNER.set(owner)
    have, go = 0, asyncio.Event()

    async def use() -> None:
        nonlocal have
        async with shares.hold():
            have += 1
            await go.wait()

    tasks = [asyncio.create_task(use()) for _ in range(asked)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    found = have
    go.set()
    await asyncio.gather(*tasks)
    assert have == asked
    return found


async def test_an_owner_waits_for_its_own_and_the_service_for_nobody() -> None:
    shares, found = Shares(4), {}
    for owner in ("a", "b", None):
        task = copy_context().run(asyncio.create_task, count_at_once(shares, owner, 6))
        found[owner] = await task
    assert found == {"a": 2, "b": 2, None: 6}


def test_places_are_refused_to_who_has_all_of_its_own_and_when_there_are_no_more() -> None:
    places = Places(3, 2, "uploads")
    with ExitStack() as held:
        for owner in ("a", "a", "b"):
            held.enter_context(places.hold(owner))
        with pytest.raises(BusyError, match=r"2 uploads at a time, no more. Wait for one of them.") as own:
            places.take("a")
        with pytest.raises(BusyError, match=r"There are too many uploads now. Try again later.") as others:
            places.take("b")
        assert (own.value.status, others.value.status, own.value.headers) == (429, 503, {"retry-after": "1"})
    with places.hold("b"), places.hold("b"):
        assert dict(places._held) == {"b": 2}
    assert not places._held
