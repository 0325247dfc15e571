"""Statements that answer several requests: the same answers and entries as one by one. Each bears its own errors."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
import orjson
import pytest
from library import Card
from library_served import ANNAS, BENS, Library

from engine.execution import bind_plan
from engine.run.batching import CALL_SECONDS, CALLS, LARGEST_BATCH
from engine.run.runner import Runner
from engine.statement.bound import BoundStatement

SHELF = "query($name: String!, $first: Int!) { shelf(name: $name) { name books(first: $first) { nodes { title } } } }"
LOANS = "query($first: Int!) { loans(first: $first) { nodes { reader book { title } } } }"


def bind_statement(library: Library, card: Card, query: str, **variables: Any) -> BoundStatement:
    """Return the statement of a document with one root field."""
    parts = bind_plan(library.asked(card, query, variables), card)
    assert isinstance(parts, dict)
    (ready,) = parts.values()
    assert isinstance(ready, BoundStatement)
    return ready


def ask_for(library: Library, name: str, first: int = 2) -> BoundStatement:
    """Return the statement for a shelf, with its batch compiled and known to be short."""
    ready = bind_statement(library, ANNAS, SHELF, name=name, first=max(first, 1))
    if not ready.compiled.batch_written:
        ready.compiled.batch_written = True
        ready.compile_batch()
    ready.compiled.seconds = CALL_SECONDS / LARGEST_BATCH
    broken = {key: first for key in ready.values if key.endswith("_first")} if first < 1 else {}
    return replace(ready, values={**ready.values, **broken})


async def send_together(library: Library, asked: Sequence[BoundStatement]) -> list[Any]:
    """Return what one call answers to these requests."""
    asked[0].compile_batch()
    batch = asked[0].compiled.batch
    assert batch is not None
    async with library.pool.acquire() as connection:
        rows = await connection.fetch(batch.text, *batch.arguments([ready.values for ready in asked]))
    return [orjson.loads(row[0]) for row in rows]


async def test_a_batch_answers_each_request_in_its_order(library: Library) -> None:
    asked = [("Poems", 1), ("Maps", 3), ("Novels", 2), ("Poems", 2)]
    alone = [(await library.data(ANNAS, SHELF, {"name": name, "first": first}))["shelf"] for name, first in asked]
    found = await send_together(
        library, [bind_statement(library, ANNAS, SHELF, name=name, first=first) for name, first in asked]
    )
    assert found == alone
    assert found[1] is None


async def test_a_batch_writes_the_entries_of_each_answer(library: Library) -> None:
    cards, entries = (ANNAS, BENS, ANNAS), []
    for card in cards:
        entries += (await library.answer(card, LOANS, {"first": 2})).entries
    await send_together(library, [bind_statement(library, card, LOANS, first=2) for card in cards])
    assert sorted(await library.entries(library.prepared(ANNAS, LOANS).digest)) == sorted(entries)


@dataclass
class Held:
    """The pool of a library, which lends no connection until it is opened. lent: how many it has lent. losing: the
    number of the one whose server process is ended while it is lent."""

    pool: asyncpg.Pool
    open: asyncio.Event = field(default_factory=asyncio.Event)
    lent: int = 0
    losing: int = 0

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend a connection."""
        await self.open.wait()
        self.lent += 1
        place = self.lent
        async with self.pool.acquire() as connection:
            if place == self.losing:
                async with self.pool.acquire() as other:
                    await other.execute("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
            yield connection


@dataclass
class Waiting:
    """A runner whose calls are held, and the requests that were sent to it."""

    library: Library
    held: Held
    runner: Runner
    sent: list[asyncio.Task[bytes]] = field(default_factory=list)

    async def send(self, *asked: BoundStatement) -> None:
        """Send requests; those that may not wait are held at the pool."""
        self.sent += [asyncio.create_task(self.runner.run({"found": ready})) for ready in asked]
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def gather(self) -> list[Any]:
        """Open the pool and return the answers and errors, as they were asked for."""
        self.held.open.set()
        found = await asyncio.gather(*self.sent, return_exceptions=True)
        return [orjson.loads(one)["found"] if isinstance(one, bytes) else type(one) for one in found]


@pytest.fixture
def waiting(library: Library) -> Waiting:
    held = Held(library.pool)
    return Waiting(library, held, Runner(held))


def titles(found: dict[str, Any]) -> list[str]:
    """The titles of a shelf's books."""
    return [book["title"] for book in found["books"]["nodes"]]


async def test_requests_that_wait_are_answered_by_one_call(library: Library, waiting: Waiting) -> None:
    sizes = [1, 2, 1, 2, 1, 2]
    await waiting.send(*(ask_for(library, "Poems", first) for first in sizes))
    found = await waiting.gather()
    assert [len(titles(one)) for one in found] == sizes
    assert waiting.held.lent == CALLS + 1


async def test_an_idle_statement_is_sent_at_once(library: Library, waiting: Waiting) -> None:
    waiting.held.open.set()
    for _ in range(3):
        assert orjson.loads(await waiting.runner.run({"found": ask_for(library, "Novels", 1)}))["found"]
    assert waiting.held.lent == 3


async def test_a_long_statement_does_not_wait(library: Library, waiting: Waiting) -> None:
    long = ask_for(library, "Poems")
    long.compiled.seconds = CALL_SECONDS * 0.51
    await waiting.send(*[long] * 6)
    assert all(titles(one) for one in await waiting.gather())
    assert waiting.held.lent == 6


async def test_requests_that_fill_a_call_do_not_wait(library: Library, waiting: Waiting) -> None:
    """Three fit into one: of nine, two are sent at once, then twice three; the last one waits for a call to end."""
    middling = ask_for(library, "Poems")
    middling.compiled.seconds = CALL_SECONDS / 3
    await waiting.send(*[middling] * 9)
    running = [queue.running for queue in waiting.runner.batching._queues.values()]
    assert running == [CALLS + 2]
    assert all(titles(one) for one in await waiting.gather())
    assert waiting.held.lent == CALLS + 2 + 1


async def test_a_cancelled_request_leaves_the_others(library: Library, waiting: Waiting) -> None:
    await waiting.send(*(ask_for(library, "Poems", 1) for _ in range(6)))
    waiting.sent[3].cancel()
    found = await waiting.gather()
    assert found[3] is asyncio.CancelledError
    assert [titles(one) for place, one in enumerate(found) if place != 3] == [titles(found[0])] * 5


async def test_each_request_bears_its_own_error(library: Library, waiting: Waiting) -> None:
    """The second of those that wait asks for a negative number of books, which fails the whole call."""
    await waiting.send(*(ask_for(library, "Poems", first) for first in (1, 1, 1, -1, 2)))
    found = await waiting.gather()
    assert found[3] is asyncpg.InvalidRowCountInLimitClauseError
    assert [len(titles(one)) for place, one in enumerate(found) if place != 3] == [1, 1, 1, 2]
    assert waiting.held.lent == CALLS + 1 + 3


async def test_a_call_that_loses_its_connection_is_not_repeated(library: Library, waiting: Waiting) -> None:
    """It may be committed: its requests bear the error, as one by itself would, and nothing is logged twice."""
    await waiting.send(*(ask_for(library, "Poems", 1) for _ in range(CALLS + 3)))
    waiting.held.losing = CALLS + 1
    found = await waiting.gather()
    assert set(found[CALLS:]) <= {asyncpg.ConnectionDoesNotExistError, asyncpg.InterfaceError}
    assert waiting.held.lent == CALLS + 1


async def test_a_batch_that_nobody_waits_for_is_not_sent(library: Library, waiting: Waiting) -> None:
    await waiting.send(*(ask_for(library, "Poems", 1) for _ in range(CALLS + 2)))
    for task in waiting.sent[CALLS:]:
        task.cancel()
    found = await waiting.gather()
    assert found[CALLS:] == [asyncio.CancelledError] * 2
    assert waiting.held.lent == CALLS


async def test_the_queue_is_empty_after_all(library: Library, waiting: Waiting) -> None:
    await waiting.send(*(ask_for(library, "Poems", first) for first in (1, 1, 1, -1, 2)))
    await waiting.gather()
    await asyncio.gather(*waiting.runner.batching._tasks)
    assert waiting.runner.batching._queues == {}
