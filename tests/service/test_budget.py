"""Budgets: what a client may spend in a minute, over all workers, and how it is told (RFC 6585)."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from chambers import Chambers, mutation
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.testclient import TestClient
from world import ISSUER

from auth.audiences import Audience
from auth.budget import BURST, HELD_SECONDS, LONG_SECONDS, Budgets, ThrottledError
from auth.principal import Principal
from casework.transaction import transact
from engine.document.document import Duration
from engine.execution import InternalError
from postgres import database
from postgres.pulse import Pulse
from postgres.usage import MOST_WAITED_SECONDS, Usage, measure_usage, takes_locks
from server import create_app

BUDGET = 60_000
"""A minute: a thousand a second, and a bucket of three thousand."""

START = datetime(2026, 11, 21, 8, tzinfo=UTC)


@dataclass
class Clock:
    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def turn(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
async def engine(database_url: sa.URL) -> AsyncIterator[AsyncEngine]:
    found = database.make_async_engine(database_url, pool_size=4, statement_timeout=10)
    yield found
    await found.dispose()


@pytest.fixture
async def client(engine: AsyncEngine) -> Principal:
    """A client of its own."""
    made = sa.text(
        "INSERT INTO client (client_id, name, audience, authentication, secret_hash, scopes, purposes, created_at)"
        " VALUES (gen_random_uuid()::text, 'x', 'BANK', 'client_secret_basic', sha256('x'), '{catalogue.read}', '{}',"
        " now()) RETURNING id"
    )
    async with engine.begin() as connection:
        key = (await connection.execute(made)).scalar_one()
    return Principal("x", key, "x", Audience.BANK, frozenset(), frozenset(), "t")


def workers(engine: AsyncEngine, clock: Clock, count: int = 2) -> list[Budgets]:
    return [Budgets(engine, BUDGET, 4, clock) for _ in range(count)]


async def spend(budgets: Budgets, client: Principal, cost: int) -> int:
    """What was let through."""
    with suppress(ThrottledError):
        await budgets.charge(client, cost)
        return cost
    return 0


@pytest.mark.parametrize("cost", [7, 300, 2_900])
async def test_two_workers_let_through_no_more_than_the_budget(
    engine: AsyncEngine, client: Principal, cost: int
) -> None:
    """Any minute of a client that asks as fast as it can, at both workers at once."""
    clock, spent = Clock(), []
    both = workers(engine, clock)
    for _ in range(700):  # seventy seconds
        tries = max(1, round(150 / cost))
        found = await asyncio.gather(*(spend(one, client, cost) for one in both for _ in range(tries)))
        spent.append(sum(found))
        clock.turn(0.1)
    minutes = [sum(spent[start : start + 600]) for start in range(100)]
    assert max(minutes) <= 1.05 * BUDGET
    assert min(minutes) >= 0.9 * BUDGET


async def test_many_at_once_after_a_pause_are_let_through(engine: AsyncEngine, client: Principal) -> None:
    clock = Clock()
    (one,) = workers(engine, clock, 1)
    for _ in range(3):
        assert sum(await asyncio.gather(*(spend(one, client, 10) for _ in range(100)))) == 1_000
        clock.turn(5)


async def test_a_bucket_fills_again(engine: AsyncEngine, client: Principal) -> None:
    clock = Clock()
    (one,) = workers(engine, clock, 1)
    assert await spend(one, client, BUDGET // BURST) == 3_000
    assert await spend(one, client, 1_000) == 0
    with pytest.raises(ThrottledError) as caught:
        await one.charge(client, 2_500)
    assert (caught.value.retry_after, caught.value.status.available) == (3, 0)
    clock.turn(2.5)
    assert await spend(one, client, 2_500) == 2_500


async def test_what_is_dearer_than_the_bucket_waits_until_it_is_full_and_is_paid_off(
    engine: AsyncEngine, client: Principal
) -> None:
    clock = Clock()
    (one,) = workers(engine, clock, 1)
    assert await spend(one, client, 30_000) == 30_000
    clock.turn(29)
    assert await spend(one, client, 30_000) == 0
    clock.turn(2)
    assert await spend(one, client, 100) == 100


async def test_what_was_bought_ahead_comes_back_to_the_others(engine: AsyncEngine, client: Principal) -> None:
    clock = Clock()
    one, other = workers(engine, clock)
    assert await spend(one, client, 1) == 1
    one.settle(client, await one.charge(client, 2_000), 0)
    assert await spend(other, client, 2_500) == 0
    clock.turn(HELD_SECONDS / 1000)
    clock.turn(HELD_SECONDS)
    await spend(one, client, 1)
    assert await spend(other, client, 2_500) == 2_500


async def test_what_an_answer_did_not_cost_is_given_back(engine: AsyncEngine, client: Principal) -> None:
    clock = Clock()
    (one,) = workers(engine, clock, 1)
    charge = await one.charge(client, 3_000)
    assert one.status(client).available == 0
    one.settle(client, charge, 50)
    assert (charge.actual, charge.status.available) == (50, 2_950)
    one.settle(client, await one.charge(client, 2_000), 9_999)
    assert one.status(client).available == 950


async def test_the_work_of_the_database_is_charged_if_it_is_more_than_the_objects(
    engine: AsyncEngine, client: Principal
) -> None:
    clock = Clock()
    (one,) = workers(engine, clock, 1)
    charge = await one.charge(client, 100)
    one.settle(client, charge, 10, seconds=0.06)
    assert (charge.actual, charge.status.available) == (2_400, 3_000 - 2_400)


async def test_work_beyond_the_bucket_is_paid_off_before_the_next_request(
    engine: AsyncEngine, client: Principal
) -> None:
    """A statement of two seconds, which was cut off, is eighty seconds of this budget."""
    clock = Clock()
    one, other = workers(engine, clock)
    one.settle(client, await one.charge(client, 100), 100, seconds=2)
    with pytest.raises(ThrottledError) as caught:
        await one.charge(client, 100)
    assert (caught.value.retry_after, caught.value.status.available) == (78, 0)
    assert await spend(other, client, 100) == 0
    clock.turn(78)
    assert await spend(other, client, 100) == 100


async def test_who_has_not_paid_off_its_work_is_refused_before_it_is_read(
    engine: AsyncEngine, client: Principal
) -> None:
    clock = Clock()
    (one,) = workers(engine, clock, 1)
    assert await spend(one, client, 1) == 1
    one.debit(client, 5_000)
    with pytest.raises(ThrottledError, match="is spent by earlier requests") as caught, one.admit(client):
        pytest.fail("not refused")
    assert (caught.value.code, caught.value.retry_after) == ("THROTTLED", 3)
    clock.turn(3)
    with one.admit(client):
        assert await spend(one, client, 1) == 1


async def test_a_debt_is_taken_from_a_full_bucket_if_nothing_is_known(engine: AsyncEngine, client: Principal) -> None:
    """As after a download, which is charged when it is done."""
    (one,) = workers(engine, Clock(), 1)
    one.debit(client, 2_000)
    with one.admit(client):
        assert await spend(one, client, 900) == 900
    assert one.status(client).available == 100


class Heart:
    """A database that answers, or does not."""

    def __init__(self, *, beats: bool) -> None:
        self.answers, self.asked = beats, 0

    async def beats(self) -> bool:
        self.asked += 1
        return self.answers


GONE = (ConnectionRefusedError(), asyncpg.ConnectionDoesNotExistError(), asyncpg.AdminShutdownError(), TimeoutError())
SLOW = (asyncpg.QueryCanceledError(), asyncpg.LockNotAvailableError(), asyncpg.DivisionByZeroError())


@pytest.mark.parametrize("error", [*GONE, *SLOW], ids=lambda error: type(error).__name__)
async def test_nobody_pays_for_a_database_that_is_away(
    engine: AsyncEngine, client: Principal, error: Exception
) -> None:
    (one,) = workers(engine, Clock(), 1)
    failed = InternalError("x")
    failed.__cause__ = error
    await one.settle_failed(client, charge := await one.charge(client, 100), failed, 0.05)
    assert charge.actual == (0 if error in GONE else 2_000)
    with pytest.raises(type(error)):
        async with one.charging(client):
            raise error
    assert (one.status(client).available == 3_000) is (error in GONE)


@pytest.mark.parametrize("beats", [True, False])
async def test_what_was_cut_off_is_charged_if_the_database_answers(
    engine: AsyncEngine, client: Principal, beats: bool
) -> None:
    heart: Any = Heart(beats=beats)
    one = Budgets(engine, BUDGET, 4, Clock(), heart)
    await one.settle_failed(client, charge := await one.charge(client, 100), asyncio.CancelledError(), 0.05)
    assert (charge.actual, heart.asked) == (2_000 if beats else 0, 1)


async def test_a_database_that_takes_connections_and_says_nothing_does_not_beat(
    database_url: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that hangs; it is asked once for all."""
    monkeypatch.setattr("postgres.pulse.BEAT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = database_url.set(host="127.0.0.1", port=silent.getsockname()[1], query={})
        asked = []

        def connect() -> Any:
            asked.append(url)
            return database.connect(url, {})

        pulse = Pulse(connect)
        assert await asyncio.gather(*(pulse.beats() for _ in range(5))) == [False] * 5
        assert len(asked) == 1
    assert await Pulse(lambda: database.connect(database_url, {})).beats()


async def test_work_in_the_background_leaves_half_of_the_bucket(engine: AsyncEngine, client: Principal) -> None:
    clock = Clock()
    background, requests = workers(engine, clock)
    assert await background.measure_pause(client) == 0
    background.debit(client, 1_500)
    assert await background.measure_pause(client) == 0
    background.debit(client, 2_000)
    assert await background.measure_pause(client) == pytest.approx(2)
    assert await spend(requests, client, 100) == 0, "more was done than was there"
    clock.turn(2)
    assert await background.measure_pause(client) == 0
    assert await spend(requests, client, 1_500) == 1_500


async def test_clients_do_not_pay_for_each_other(engine: AsyncEngine, client: Principal) -> None:
    clock = Clock()
    (one,) = workers(engine, clock, 1)
    assert await spend(one, client, 3_000) == 3_000
    rich = replace(client, budget=BUDGET * 2)
    async with engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM client_budget"))
    clock.turn(HELD_SECONDS * 2)
    assert await spend(one, rich, 6_000) == 6_000


# --- waits for locks of others ----------------------------------------------------------------------------------------


def test_a_wait_counts_up_to_its_bound() -> None:
    usage = Usage(0.7)
    usage.wait(0.01)
    assert usage.counted == 0.7
    for _ in range(2):
        usage.wait(0.3)
    assert usage.counted == pytest.approx(0.1 + 2 * MOST_WAITED_SECONDS)


@pytest.mark.parametrize(
    ("statement", "waits"),
    [
        ("SELECT id FROM party WHERE id = ANY($1) ORDER BY id FOR UPDATE", True),
        ("SELECT a FROM client WHERE id = $1 FOR NO KEY UPDATE", True),
        ("SELECT a FROM consent WHERE id = $1 FOR SHARE OF consent", True),
        ("SELECT a FROM b WHERE id = $1 FOR UPDATE SKIP LOCKED", False),
        ("SELECT pg_advisory_xact_lock($1)", True),
        ("SELECT pg_try_advisory_xact_lock($1)", False),
        ("UPDATE client SET name = $1", False),
        ("SELECT substring(name FOR 2) FROM party", False),
    ],
)
def test_statements_that_wait_for_locks_are_known(statement: str, waits: bool) -> None:
    assert takes_locks(statement) is waits


WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
BLOCKED = {
    "a row that is read": "SELECT id FROM client WHERE id = :key FOR UPDATE",
    "a row that is changed": "UPDATE client SET name = 'y' WHERE id = :key",
    "an advisory lock": "SELECT pg_advisory_xact_lock(7), CAST(:key AS bigint)",
}
HELD = "SELECT pg_advisory_xact_lock(7), id FROM client WHERE id = :key FOR UPDATE"


@pytest.mark.parametrize("statement", BLOCKED.values(), ids=BLOCKED)
async def test_who_gave_up_waiting_does_not_pay_for_the_wait(
    engine: AsyncEngine, client: Principal, statement: str
) -> None:
    """Eight attempts, of 60 ms each."""
    values = {"key": client.client_key}

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("SET LOCAL lock_timeout = '60ms'"))
        await connection.execute(sa.text(statement), values)

    async with engine.connect() as holder:
        await holder.execute(sa.text(HELD), values)
        with measure_usage() as usage, pytest.raises(sa.exc.DBAPIError, match="lock timeout"):
            await transact(engine, work)
    assert usage.counted == usage.seconds - usage.uncounted
    assert usage.uncounted >= 8 * (0.06 - MOST_WAITED_SECONDS)


async def test_who_waited_and_got_its_lock_does_not_pay_for_the_wait(engine: AsyncEngine, client: Principal) -> None:
    values = {"key": client.client_key}

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.text(BLOCKED["a row that is read"]), values)

    async with engine.connect() as holder, engine.connect() as watcher:
        await holder.execute(sa.text(HELD), values)
        with measure_usage() as usage:
            waiting = asyncio.create_task(transact(engine, work))
            while not (await watcher.execute(WAITING)).scalar_one():
                await watcher.rollback()  # a transaction sees one state
            await holder.execute(sa.text("SELECT pg_sleep(0.1)"))
            await holder.rollback()
            await waiting
    assert usage.seconds > usage.uncounted >= 0.1 - MOST_WAITED_SECONDS


async def test_the_wait_for_a_connection_of_the_pool_is_not_charged(database_url: sa.URL, client: Principal) -> None:
    """It is the use of others."""
    engine = database.make_async_engine(database_url, pool_size=1, statement_timeout=10)

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("SELECT 1"))

    async with engine.connect() as holder:
        with measure_usage() as usage:
            waiting = asyncio.create_task(transact(engine, work))
            began = perf_counter()
            await holder.execute(sa.text("SELECT pg_sleep(0.1)"))
        assert usage.seconds == 0
        ended = perf_counter()
    await waiting
    await engine.dispose()
    assert usage.seconds <= perf_counter() - began - (ended - began)


# --- over HTTP --------------------------------------------------------------------------------------------------------

ASKED = "{ courts { code } rateLimit { cost limit remaining restoreRate budget } }"


@pytest.fixture
def two(chambers: Chambers, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[TestClient]]:
    """Two workers over one database, with a budget. Costs do not depend on the speed of the machine."""
    monkeypatch.setattr("auth.budget.POINTS_A_SECOND", 0)
    settings = replace(chambers.settings, budget=BUDGET, concurrency=2)
    with chambers.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM client_budget"))
    with ExitStack() as stack:
        apps = [create_app(settings, chambers.url, chambers.calendar) for _ in range(2)]
        yield [stack.enter_context(TestClient(app, base_url=ISSUER)) for app in apps]


def ask(chambers: Chambers, http: TestClient, document: str = ASKED) -> Any:
    headers = {"authorization": f"Bearer {chambers.partner(Audience.BANK)}"}
    return http.post("/graphql", json={"query": document}, headers=headers)


def test_an_answer_tells_what_it_cost_and_what_is_left(chambers: Chambers, two: list[TestClient]) -> None:
    answer = ask(chambers, two[0]).json()
    cost, limit = answer["extensions"]["cost"], answer["data"]["rateLimit"]
    courts = len(answer["data"]["courts"])
    assert cost["requestedQueryCost"] == limit["cost"]
    assert cost["actualQueryCost"] == courts + 1
    assert (limit["limit"], limit["restoreRate"], limit["budget"]) == (3_000, 1_000, BUDGET)
    assert limit["remaining"] == 3_000 - limit["cost"]
    status = {"maximumAvailable": 3_000, "currentlyAvailable": 3_000 - courts - 1, "restoreRate": 1_000}
    assert cost["throttleStatus"] == status


def test_who_has_spent_its_budget_is_told_when_to_come_back(chambers: Chambers, two: list[TestClient]) -> None:
    charged = 0
    for turn in range(1_000):
        response = ask(chambers, two[turn % 2])
        if response.status_code == 429:
            break
        charged += response.json()["extensions"]["cost"]["actualQueryCost"]
    else:
        pytest.fail("never refused")
    assert 0.8 * 3_000 < charged <= 3_000
    body = response.json()
    assert body.keys() == {"errors", "extensions"}
    assert body["errors"][0]["extensions"] == {"code": "THROTTLED"}
    assert body["extensions"]["cost"]["throttleStatus"]["maximumAvailable"] == 3_000
    assert int(response.headers["retry-after"]) >= 1
    chambers.calendar.turn(seconds=int(response.headers["retry-after"]) + HELD_SECONDS)
    assert ask(chambers, two[0]).status_code == 200


def test_introspection_is_not_free(chambers: Chambers, two: list[TestClient]) -> None:
    statuses = [ask(chambers, two[0], "{ __schema { queryType { name } } }").status_code for _ in range(40)]
    assert (statuses[0], statuses[-1]) == (200, 429)


def test_documents_that_are_refused_are_not_free(
    chambers: Chambers, two: list[TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many points for each, however fast the machine is."""
    monkeypatch.setattr("transport.endpoint.POINTS_A_REFUSED_SECOND", 1e9)
    document = "{ " + " ".join(f"a{number}" for number in range(200)) + " }"
    assert ask(chambers, two[0], document).json()["errors"][0]["extensions"]["code"] != "THROTTLED"
    refused = ask(chambers, two[0], document)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (429, "THROTTLED")
    assert int(refused.headers["retry-after"]) >= 1


def test_a_client_has_its_own_budget(chambers: Chambers, two: list[TestClient]) -> None:
    with chambers.engine.begin() as connection:
        connection.execute(sa.text("UPDATE client SET budget = 1200000 WHERE client_id = 'demo-bank'"))
    try:
        fresh = chambers._request(Audience.BANK, None)  # type: ignore[arg-type]  # a bank acts for nobody
        headers = {"authorization": f"Bearer {fresh}"}
        found = two[0].post("/graphql", json={"query": ASKED}, headers=headers).json()["data"]["rateLimit"]
        assert (found["budget"], found["limit"]) == (1_200_000, 60_000)
    finally:
        with chambers.engine.begin() as connection:
            connection.execute(sa.text("UPDATE client SET budget = NULL"))


def test_the_victim_of_another_s_lock_pays_for_a_part_of_its_wait(
    chambers: Chambers, two: list[TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A point is a millisecond here. Another transaction holds the row for 200 of them, while the client waits. The row
    of its budget is there before: a new one would wait for the same lock, where no request is charged yet."""
    assert ask(chambers, two[0]).status_code == 200
    monkeypatch.setattr("auth.budget.POINTS_A_SECOND", 1_000)
    headers = {"authorization": f"Bearer {chambers.partner(Audience.BANK)}", "idempotency-key": "held"}
    body = {"query": mutation("unwatch", "outcome"), "variables": {"input": {"references": ["none"]}}}
    answered = threading.Event()

    def release(holder: sa.Connection) -> None:
        with holder, chambers.engine.connect() as watcher:
            while not (watcher.execute(WAITING).scalar_one() or answered.is_set()):
                watcher.rollback()
            holder.execute(sa.text("SELECT pg_sleep(0.2)"))

    holder = chambers.engine.connect()
    holder.execute(sa.text("SELECT id FROM client WHERE client_id = 'demo-bank' FOR UPDATE"))
    releasing = threading.Thread(target=release, args=[holder])
    releasing.start()
    began = perf_counter()
    answer = two[0].post("/graphql", json=body, headers=headers).json()
    elapsed = perf_counter() - began
    answered.set()
    releasing.join()
    assert "errors" not in answer, answer
    paid = answer["extensions"]["cost"]["actualQueryCost"] / 1_000
    assert MOST_WAITED_SECONDS < paid <= elapsed - 0.2 + MOST_WAITED_SECONDS + 0.001


def test_without_budgets_there_is_no_limit(chambers: Chambers) -> None:
    answer = chambers.post(chambers.partner(Audience.BANK), ASKED).json()
    assert answer["data"]["rateLimit"] is None
    assert "throttleStatus" not in answer["extensions"]["cost"]


async def test_so_many_requests_at_a_time(engine: AsyncEngine, client: Principal) -> None:
    (one,) = workers(engine, Clock(), 1)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(one.admit(client))
        with pytest.raises(ThrottledError) as caught, one.admit(client):
            pass
    assert (caught.value.code, caught.value.retry_after) == ("CONCURRENCY_LIMITED", 1)
    with one.admit(client):
        pass


async def test_long_operations_of_a_client_run_one_after_another_and_pay_in_between(
    engine: AsyncEngine, client: Principal
) -> None:
    clock = Clock()
    (budgets,) = workers(engine, clock, 1)
    order, other = list[str](), replace(client, client_key=client.client_key + 1_000_000)

    async def run(name: str, payer: Principal, cost: int) -> None:
        async with budgets.take_turn(payer):
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            budgets.debit(payer, cost)
            order.append(f"{name} ends")

    asked = [run("first", client, 10), run("second", client, BUDGET), run("third", client, 10), run("other", other, 10)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [one for one in order if not one.startswith("other")] == [
        "first begins", "first ends", "second begins", "second ends",
    ]  # fmt: skip
    assert order.index("other begins") < order.index("first ends")
    assert [one.code if isinstance(one, ThrottledError) else one for one in found] == [None, None, "THROTTLED", None]


@pytest.mark.parametrize(("seconds", "turns"), [(None, True), (LONG_SECONDS, True), (LONG_SECONDS / 2, False)])
def test_long_and_unknown_operations_take_turns(
    chambers: Chambers, two: list[TestClient], monkeypatch: pytest.MonkeyPatch, seconds: float | None, turns: bool
) -> None:
    taken, take_turn = list[Any](), Budgets.take_turn

    def note(budgets: Budgets, payer: Principal) -> Any:
        taken.append(payer)
        return take_turn(budgets, payer)

    monkeypatch.setattr(Budgets, "take_turn", note)
    monkeypatch.setattr(Duration, "note", lambda self, spent: None)
    monkeypatch.setattr(Duration, "__init__", lambda self, spent=None: setattr(self, "seconds", seconds))
    document = f"{{ courts {{ name }} }} # {seconds}"
    headers = {"authorization": f"Bearer {chambers.partner(Audience.BANK)}"}
    assert two[0].post("/graphql", json={"query": document}, headers=headers).status_code == 200
    assert bool(taken) is turns
