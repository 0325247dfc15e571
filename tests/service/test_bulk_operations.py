"""Bulk operations: whose they are, how they end, and who fetches what they have written."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bulk import CANCEL, CASES, SIGN, WATCHES, Bulk, small_pages
from look_ups import key_of
from the_engine import ENGINE
from world import KEYRING, NOW

from auth.audiences import Audience
from auth.budget import BURST, Budgets
from auth.clients.registry import end_issued
from casework import bulk_operations
from casework.transaction import transact
from demo.city.cast import CAST, FORGE
from jobs.bulk_runner import BulkRunner
from jobs.bulk_task import Place
from models.bulk_operation import BulkState
from schema.scalars import write_moment

REVOKE_ONE_READ = """UPDATE consent SET revoked_at = :at WHERE id = (
  SELECT min(consent.id) FROM consent JOIN access_record USING (subject_index)
  JOIN bulk_operation o ON o.request_id = access_record.request_id AND consent.client_key = o.client_key
  WHERE o.id = :key AND revoked_at IS NULL AND valid_to > :at) RETURNING id"""


async def test_a_cancelled_operation_stops_and_leaves_nothing(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await small_pages(bulk, operation)
    key = bulk.key(operation)
    await transact(bulk.engine, lambda connection: bulk_operations.begin_attempt(connection, key, NOW))
    await bulk.runner._turn(key, Place(0), None)
    state = bulk.state(operation)
    assert (state["state"], state["objectCount"]) == ("RUNNING", 7)
    cancelled = bulk.world.data(Audience.COURT, CANCEL, {"input": {"id": operation}})["cancelBulkOperation"]
    assert cancelled == {"bulkOperation": {"state": "CANCELLED"}, "errors": []}
    await bulk.run(operation)
    with bulk.world.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM bulk_chunk")) == 0
    again = bulk.world.data(Audience.COURT, CANCEL, {"input": {"id": operation}})["cancelBulkOperation"]
    assert again["errors"] == [{"code": "WRONG_STATE", "path": ["input", "id"]}]
    signed = bulk.world.data(Audience.COURT, SIGN, {"input": {"id": operation}})["signDownload"]
    assert signed == {"bulkOperation": None, "url": None, "errors": [{"code": "WRONG_STATE", "path": ["input", "id"]}]}


def test_no_more_than_five_wait(bulk: Bulk) -> None:
    for _ in range(bulk_operations.MOST_OPEN):
        bulk.start(CASES, variables='{"first": 1}')
    assert [error["code"] for error in bulk.begun(CASES, variables='{"first": 1}')["errors"]] == ["BAD_EXTENT"]
    assert bulk.begun(WATCHES, Audience.BANK)["errors"] == [], "others have places of their own"


async def test_an_operation_is_its_client_s_own(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await bulk.run(operation)
    for audience in (Audience.BANK, Audience.EMPLOYER, Audience.AUDITOR):
        assert bulk.state(operation, audience) is None
        told = bulk.world.data(audience, CANCEL, {"input": {"id": operation}})["cancelBulkOperation"]
        assert told == {"bulkOperation": None, "errors": [{"code": "NOT_FOUND", "path": ["input", "id"]}]}
        signed = bulk.world.data(audience, SIGN, {"input": {"id": operation}})["signDownload"]
        assert signed["url"] is None
    few = bulk.world.data(Audience.COURT, "{ bulkOperations(first: 9) { nodes { id } } }", None)
    assert few["bulkOperations"]["nodes"] == [{"id": operation}]
    token = bulk.world.token(Audience.COURT, "bulk.read")
    narrow = bulk.world.post(token, {"query": "{ bulkOperations(first: 9) { nodes { id } } }"}).json()
    assert narrow["data"] == {"bulkOperations": {"nodes": []}}, "who holds less than it was begun with"


async def test_a_file_is_fetched_in_parts_by_its_signed_address_alone(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await small_pages(bulk, operation)
    await bulk.run(operation)
    address, whole = bulk.address(operation), bulk.file(operation)
    for first, last in [(0, 0), (0, len(whole) - 1), (5, 5_000), (len(whole) - 1, len(whole) + 9), (17, None)]:
        asked = f"bytes={first}-{'' if last is None else last}"
        found = bulk.world.http.get(address, headers={"range": asked})
        assert found.content == whole[first : len(whole) if last is None else last + 1]
        assert found.status_code == (200 if len(found.content) == len(whole) else 206)
    beyond = bulk.world.http.get(address, headers={"range": f"bytes={len(whole)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    nines, zeros = "9" * 5_000, "0" * 5_000
    for asked, status, content in [
        (f"bytes={nines}-", 416, None),
        (f"bytes={nines}-{nines}", 416, None),
        (f"bytes=5-{nines}", 206, whole[5:]),
        (f"bytes={zeros}5-{zeros}9", 206, whole[5:10]),
        (f"bytes={zeros}-{zeros}", 206, whole[:1]),
        (f"bytes={zeros}x", 200, whole),
        ("bytes=٥-", 200, whole),
    ]:
        found = bulk.world.http.get(address, headers={b"range": asked.encode()})
        assert (found.status_code, asked[:12]) == (status, asked[:12])
        assert content is None or found.content == content
    changed = bulk.world.http.get(address, headers={"range": "bytes=5-", "if-range": '"other"'})
    assert (changed.status_code, changed.content) == (200, whole)
    changed_in_the_middle = f"{address[:-20]}{'A' if address[-20] != 'A' else 'B'}{address[-19:]}"
    for wrong in (address + "0", changed_in_the_middle, "/downloads/1", "/downloads/%00.1.x", "/downloads/1.2.3"):
        assert bulk.world.http.get(wrong).status_code == 404


async def test_each_download_is_in_the_access_log(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await bulk.run(operation)
    address, court = bulk.address(operation), bulk.world.clients[Audience.COURT].primary_key
    with bulk.world.logged() as entries:
        for headers in ({}, {"range": "bytes=0-9"}, {"range": "bytes=999999999-"}):
            bulk.world.http.get(address, headers=headers)
        bulk.world.http.get(address + "0")
    told = [(one["client_key"], one["audience"], one["field"], one["purpose"], one["result"]) for one in entries]
    assert told == [(court, "COURT", "download", "JUDICIAL", "GIVEN")] * 3, "a false address is answered with nothing"
    assert {(one["party_id"], one["subject_index"]) for one in entries} == {(None, None)}
    assert len({one["request_id"] for one in entries}) == 3


async def test_an_address_ends_with_what_was_issued_to_its_client(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await bulk.run(operation)
    address, client = bulk.address(operation), bulk.world.clients[Audience.COURT].client_id
    bulk.clock.moment = NOW + timedelta(seconds=5)
    with bulk.world.engine.begin() as connection:
        end_issued(connection, client, bulk.clock.moment)
    assert bulk.world.http.get(address).status_code == 404
    bulk.world.tokens.clear()
    with bulk.world.engine.begin() as connection:
        connection.execute(sa.text("UPDATE client SET revoked_before = NULL WHERE client_id = :id"), {"id": client})
    assert bulk.world.http.get(address).status_code == 200


async def test_addresses_and_files_end(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await bulk.run(operation)
    address = bulk.address(operation)
    bulk.clock.moment = NOW + timedelta(minutes=16)
    assert bulk.world.http.get(address).status_code == 404
    bulk.clock.moment = NOW + timedelta(hours=24)
    async with bulk.engine.begin() as connection:
        assert await bulk_operations.expire_one(connection, bulk.clock())
        assert not await bulk_operations.expire_one(connection, bulk.clock())
    bulk.clock.moment = NOW
    assert bulk.state(operation)["state"] == "EXPIRED"
    assert bulk.world.http.get(address).status_code == 404
    with bulk.world.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM bulk_chunk")) == 0


async def test_a_consent_that_ends_stops_what_runs_and_what_is_done(bulk: Bulk) -> None:
    done, running = bulk.start(WATCHES, Audience.BANK), bulk.start(WATCHES, Audience.BANK)
    await bulk.run(done)
    address = bulk.address(done, Audience.BANK)
    assert bulk.world.http.get(address).status_code == 200
    await small_pages(bulk, running)
    await transact(bulk.engine, lambda connection: bulk_operations.begin_attempt(connection, bulk.key(running), NOW))
    await bulk.runner._turn(bulk.key(running), Place(0), None)
    bulk.clock.moment = NOW + timedelta(minutes=2)
    with bulk.world.engine.begin() as connection:
        assert connection.execute(
            sa.text(REVOKE_ONE_READ), {"at": NOW + timedelta(minutes=1), "key": bulk.key(running)}
        )
    await bulk.run(running)
    state = bulk.state(running, Audience.BANK)
    assert (state["state"], state["error"], state["objectCount"]) == ("FAILED", "VANISHED", 7)
    assert bulk.world.http.get(address).status_code == 404
    fresh = bulk.start(WATCHES, Audience.BANK)
    await bulk.run(fresh)
    assert bulk.state(fresh, Audience.BANK)["state"] == "COMPLETED", "what is begun afterwards"


async def test_nothing_of_it_is_stored_in_clear(bulk: Bulk) -> None:
    subject = CAST[0]
    operation = bulk.check(json.dumps(key_of(subject), ensure_ascii=False))
    with bulk.world.engine.connect() as connection:
        kept = list(connection.scalars(sa.text("SELECT content FROM bulk_upload_piece")))
        kept += connection.scalars(sa.text("SELECT request FROM bulk_operation")).all()
        assert kept
    await bulk.run(operation)
    with bulk.world.engine.connect() as connection:
        kept += connection.scalars(sa.text("SELECT content FROM bulk_chunk")).all()
    assert not any(word.encode() in one for one in kept for word in (subject.name, subject.number, "subjects"))
    assert not any(one[:2] == b"\x1f\x8b" for one in kept)


async def test_the_worker_takes_what_waits_two_clients_at_a_time(bulk: Bulk) -> None:
    court, bank = bulk.start(CASES, variables='{"first": 1}'), bulk.start(WATCHES, Audience.BANK)
    second = bulk.start(CASES, variables='{"first": 1}')
    runner = bulk.runner
    await runner.start_due()
    assert len(runner.running) == 2
    await asyncio.gather(*runner.running.values())
    assert bulk.state(court)["state"] == bulk.state(bank, Audience.BANK)["state"] == BulkState.COMPLETED
    assert bulk.state(second)["state"] == BulkState.QUEUED
    await runner.start_due()
    await asyncio.gather(*runner.running.values())
    assert bulk.state(second)["state"] == BulkState.COMPLETED


async def test_its_client_is_told_that_it_has_ended(bulk: Bulk) -> None:
    asked = """{ events(first: 100, filter: {kind: BULK_OPERATION_ENDED}) { nodes {
      reference bulkOperation { state } party { name } } } }"""
    done, other = bulk.start(WATCHES, Audience.BANK, reference="EXPORT-1"), bulk.start(WATCHES, Audience.BANK)
    await bulk.run(done)
    assert bulk.world.data(Audience.BANK, CANCEL, {"input": {"id": other}})["cancelBulkOperation"]["errors"] == []
    told = bulk.world.data(Audience.BANK, asked)["events"]["nodes"]
    assert told == [
        {"reference": "EXPORT-1", "bulkOperation": {"state": "COMPLETED"}, "party": None},
        {"reference": None, "bulkOperation": {"state": "CANCELLED"}, "party": None},
    ]
    assert bulk.world.data(Audience.EMPLOYER, asked.replace("party { name }", ""))["events"]["nodes"] == []


async def test_another_s_consent_that_ends_stops_nothing(bulk: Bulk) -> None:
    operation = bulk.start(WATCHES, Audience.BANK)
    await small_pages(bulk, operation, 1)
    await bulk.runner._turn(bulk.key(operation), Place(0), None)
    unread = """UPDATE consent SET revoked_at = :at WHERE id = (SELECT max(id) FROM consent WHERE client_key = :client
      AND revoked_at IS NULL AND subject_index NOT IN (SELECT subject_index FROM watch WHERE ended_at IS NULL))"""
    with bulk.world.engine.begin() as connection:
        client = bulk.world.clients[Audience.BANK].primary_key
        connection.execute(sa.text(unread), {"at": NOW, "client": client})
    await bulk.run(operation)
    assert bulk.state(operation, Audience.BANK)["state"] == "COMPLETED"


async def test_a_file_with_what_has_vanished_is_not_handed_out(bulk: Bulk) -> None:
    subject = json.dumps({"name": FORGE.name, "organizationCode": FORGE.number})
    operation = bulk.check(subject)
    await bulk.run(operation)
    address = bulk.address(operation, Audience.BANK)
    assert bulk.world.http.get(address).status_code == 200
    vanish = """WITH gone AS (INSERT INTO event (party_id, sequence, kind, occurred_at)
      SELECT party.id, 99, 'RECORD_SHIELDED', :at FROM party WHERE name = :name RETURNING id)
      INSERT INTO notification (event_id, client_key) SELECT id, :client FROM gone RETURNING event_id"""
    given = {"at": NOW, "name": FORGE.name, "client": bulk.world.clients[Audience.BANK].primary_key}
    with bulk.world.engine.begin() as connection:
        assert connection.scalar(sa.text(vanish), given)
    for _ in range(2):  # before it is taken back, and after
        signed = bulk.world.data(Audience.BANK, SIGN, {"input": {"id": operation}})["signDownload"]
        assert [error["code"] for error in signed["errors"]] == ["REVOKED"]
        assert bulk.world.http.get(address).status_code == 404
        assert taken_back(bulk, operation) == ("FAILED", "VANISHED", write_moment(NOW), None)


def taken_back(bulk: Bulk, operation: str) -> tuple[str | None, ...]:
    """What is said of an operation: its state, why, when it ended, and until when its file is kept."""
    asked = "query($id: ID!) { node(id: $id) { ... on BulkOperation { state error endedAt expiresAt } } }"
    found = bulk.world.data(Audience.BANK, asked, {"id": operation})["node"]
    return tuple(found.values())


@pytest.mark.parametrize("column", ["revoked_at", "suspended_at"])
async def test_the_state_of_a_file_says_that_a_consent_has_ended(bulk: Bulk, column: str) -> None:
    """Nobody needs to ask for it: the worker looks every minute, and deletes the file, also for a disputed consent."""
    operation, kept, runner = bulk.start(WATCHES, Audience.BANK), bulk.start(CASES), bulk.runner
    await bulk.run(operation)
    await bulk.run(kept)
    await runner.start_due()
    assert bulk.state(operation, Audience.BANK)["state"] == "COMPLETED"
    ended, seen = NOW + timedelta(seconds=30), NOW + timedelta(minutes=1)
    with bulk.world.engine.begin() as connection:
        end = sa.text(REVOKE_ONE_READ.replace("SET revoked_at", f"SET {column}"))
        assert connection.execute(end, {"at": ended, "key": bulk.key(operation)}).all()
    bulk.clock.moment = ended
    signed = bulk.world.data(Audience.BANK, SIGN.replace("code path", "code message"), {"input": {"id": operation}})
    told = "This file was taken back by 2026-11-21T04:00:30Z: what is shown of somebody in it has ended (VANISHED)."
    assert signed["signDownload"]["errors"] == [{"code": "REVOKED", "message": told}]
    bulk.clock.moment = seen
    await runner.start_due()
    bulk.clock.moment = NOW
    assert taken_back(bulk, operation) == ("FAILED", "VANISHED", write_moment(seen), None)
    assert bulk.state(kept)["state"] == "COMPLETED"
    with bulk.world.engine.connect() as connection:
        chunks = sa.text("SELECT count(*) FROM bulk_chunk WHERE operation_id = :key")
        assert connection.scalar(chunks, {"key": bulk.key(operation)}) == 0


async def test_a_file_that_is_over_says_until_when_it_was_kept(bulk: Bulk) -> None:
    operation = bulk.start(CASES)
    await bulk.run(operation)
    bulk.clock.moment = NOW + timedelta(hours=24)
    await bulk.runner.start_due()
    bulk.clock.moment = NOW
    for audience, code in ((Audience.COURT, "EXPIRED"), (Audience.BANK, "WRONG_STATE")):
        signed = bulk.world.data(audience, SIGN, {"input": {"id": operation}})["signDownload"]
        assert [error["code"] for error in signed["errors"]] == [code], "another client is told nothing of it"


async def test_what_fails_again_and_again_is_given_up(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    fail = """CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE 'no room' USING ERRCODE = '53100'; END $$;
      CREATE TRIGGER fail BEFORE INSERT ON bulk_chunk EXECUTE FUNCTION fail()"""
    with bulk.world.engine.begin() as connection:
        connection.execute(sa.text(fail))
    for _ in range(bulk_operations.MOST_ATTEMPTS):
        await bulk.run(operation)
        assert bulk.state(operation)["state"] == "RUNNING"
        async with bulk.engine.connect() as waited:
            assert await bulk_operations.list_waiting(waited, NOW) == [], "it is its turn later"
    await bulk.run(operation)
    with bulk.world.engine.begin() as connection:
        connection.execute(sa.text("DROP FUNCTION fail CASCADE"))
    state = bulk.state(operation)
    assert (state["state"], state["error"]) == ("FAILED", "INTERNAL")


# --- beside others ----------------------------------------------------------------------------------------------------

BUDGET = 60_000
FULL = BUDGET // BURST


def paid(bulk: Bulk, budgets: Budgets | None = None) -> BulkRunner:
    """A worker that charges what it does."""
    return BulkRunner(ENGINE, bulk.engine, KEYRING, bulk.clock, budgets or Budgets(bulk.engine, BUDGET, 1, bulk.clock))


def row(bulk: Bulk, operation: str) -> Any:
    """How far an operation is."""
    query = sa.text("SELECT pages, attempts, retry_at, ended_at FROM bulk_operation WHERE id = :key")
    with bulk.world.engine.connect() as connection:
        return connection.execute(query, {"key": bulk.key(operation)}).one()


def balance(bulk: Bulk, audience: Audience = Audience.COURT) -> float:
    """What is left in the bucket of a client."""
    query = sa.text("SELECT balance FROM client_budget WHERE client_key = :key")
    with bulk.world.engine.connect() as connection:
        found: float = connection.scalar(query, {"key": bulk.world.clients[audience].primary_key})
        return found


@pytest.fixture
def full_buckets(bulk: Bulk) -> None:
    with bulk.world.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM client_budget"))


@pytest.mark.usefixtures("full_buckets")
async def test_pages_are_charged_to_their_client_alone(bulk: Bulk) -> None:
    operation, clock = bulk.start(CASES), bulk.clock
    budgets = Budgets(bulk.engine, BUDGET, 1, clock)
    await paid(bulk, budgets).work(bulk.key(operation))
    court = bulk.world.clients[Audience.COURT].primary_key
    assert row(bulk, operation).ended_at
    assert list(budgets._purses) == [court]
    assert budgets._purses[court].points < 0 <= balance(bulk) <= FULL


@pytest.mark.usefixtures("full_buckets")
async def test_an_operation_waits_until_half_of_the_bucket_is_there_and_goes_on_where_it_was(bulk: Bulk) -> None:
    operation = bulk.start(CASES)
    await small_pages(bulk, operation, 20)
    budgets = Budgets(bulk.engine, BUDGET, 1, bulk.clock)
    async with bulk.engine.connect() as connection:
        payer = await bulk_operations.find_payer(connection, bulk.key(operation))
    await budgets.charge(payer, FULL)
    for _ in range(10):  # more often than one page may be tried
        await paid(bulk, budgets).work(bulk.key(operation))
    found = row(bulk, operation)
    assert (found.pages, found.attempts, found.ended_at) == (0, 0, None)
    assert (found.retry_at - NOW).total_seconds() == pytest.approx(FULL / 2 / (BUDGET / 60))
    await bulk.run(operation)
    assert row(bulk, operation).ended_at


async def test_who_has_had_its_turn_lets_another_one_go_first(bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One operation at a time; the first one has many pages, and came first."""
    monkeypatch.setattr("jobs.bulk_runner.AT_ONCE", 1)
    monkeypatch.setattr("jobs.bulk_runner.TURN_SECONDS", 0)
    long = bulk.start(CASES)
    await small_pages(bulk, long, 20)
    short = bulk.start(WATCHES, Audience.BANK)
    runner, ended = bulk.runner, list[str]()
    while len(ended) < 2:
        await runner.start_due()
        await asyncio.gather(*runner.running.values())
        ended += [one for one in (short, long) if row(bulk, one).ended_at and one not in ended]
    assert ended == [short, long]
