"""Bulk operations: whole lists and files of subjects, in the background, resumable, into a file that can be fetched."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from look_ups import key_of, node_id
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.testclient import TestClient
from world import ISSUER, KEYRING, NOW, World

import database
from auth.audiences import Audience
from casework import bulk_operations
from casework.bulk_uploads import MOST_UPLOADS
from casework.transaction import transact
from demo.cast import CAST, FORGE
from models.bulk_operation import BulkState
from schema.bulk_running import BulkRunner, Place
from server import create_app
from settings import Settings

CASES = "query Cases($first: Int!) { cases(first: $first) { nodes { id number participations { name role } } } }"
WATCHES = "{ watches(first: 1) { edges { cursor node { id reference live } } } }"
CHECK = """query Check($by: [SubjectKey!]!, $access: AccessInput!) {
  subjects(by: $by, access: $access) { reference outcome party { name creditCode { colour } } }
}"""
ACCESS = {"access": {"purpose": "LOAN_APPROVAL"}}
EXPORT = """mutation Start($input: StartExportInput!) { startExport(input: $input) {
  bulkOperation { id state reference } errors { code message path } } }"""
BATCH = """mutation Start($input: StartBatchCheckInput!) { startBatchCheck(input: $input) {
  bulkOperation { id state total } errors { code message path } } }"""
CANCEL = """mutation Cancel($input: CancelBulkOperationInput!) { cancelBulkOperation(input: $input) {
  bulkOperation { state } errors { code path } } }"""
SIGN = """mutation Sign($input: SignDownloadInput!) { signDownload(input: $input) {
  bulkOperation { id } url errors { code path } } }"""
STATE = """query State($id: ID!) { node(id: $id) { ... on BulkOperation {
  kind state objectCount total size sha256 error } } }"""


REVOKE_ONE_READ = """UPDATE consent SET revoked_at = :at WHERE id = (
  SELECT min(consent.id) FROM consent JOIN access_record USING (subject_index)
  JOIN bulk_operation o ON o.request_id = access_record.request_id AND consent.client_key = o.client_key
  WHERE o.id = :key AND revoked_at IS NULL AND valid_to > :at) RETURNING id"""
CLEARED = (
    "UPDATE consent SET revoked_at = NULL WHERE revoked_at >= '2026-11-21 04:00Z'",
    "DELETE FROM notification USING event WHERE event.id = event_id AND sequence = 99",
    "DELETE FROM event WHERE sequence = 99",
    "DELETE FROM notification USING event WHERE event.id = event_id AND bulk_operation_id IS NOT NULL",
    "DELETE FROM event WHERE bulk_operation_id IS NOT NULL",
    "DELETE FROM bulk_chunk",
    "DELETE FROM bulk_operation",
)


@dataclass
class Clock:
    """A clock that a test turns."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class Bulk:
    """The service, and the worker that runs its bulk operations."""

    world: World
    engine: AsyncEngine
    url: sa.URL
    settings: Settings
    clock: Clock = field(default_factory=Clock)

    @property
    def runner(self) -> BulkRunner:
        """A worker that knows nothing of any other."""
        return BulkRunner(self.engine, KEYRING, self.clock)

    def start(self, document: str, audience: Audience = Audience.COURT, **given: Any) -> str:
        """Begin an export; gives its id."""
        return str(self.begun(document, audience, **given)["bulkOperation"]["id"])

    def begun(self, document: str, audience: Audience = Audience.COURT, **given: Any) -> Any:
        """The payload of an export."""
        variables = {"input": {"document": document, **given}}
        return self.world.data(audience, EXPORT, variables)["startExport"]

    def key(self, operation: str) -> int:
        """The key of an operation."""
        with self.world.engine.connect() as connection:
            keys: list[int] = list(connection.scalars(sa.text("SELECT id FROM bulk_operation")))
            return next(key for key in keys if node_id("BulkOperation", key) == operation)

    async def run(self, operation: str) -> None:
        """Do it, to its end."""
        await self.runner.work(self.key(operation))

    def state(self, operation: str, audience: Audience = Audience.COURT) -> Any:
        """Where it stands."""
        return self.world.data(audience, STATE, {"id": operation})["node"]

    def address(self, operation: str, audience: Audience = Audience.COURT) -> str:
        """Where its file is fetched."""
        url: str = self.world.data(audience, SIGN, {"input": {"id": operation}})["signDownload"]["url"]
        return url.removeprefix(ISSUER)

    def file(self, operation: str, audience: Audience = Audience.COURT) -> bytes:
        """Its file."""
        found = self.world.http.get(self.address(operation, audience))
        assert found.status_code == 200
        content: bytes = found.content
        return content

    def lines(self, operation: str, audience: Audience = Audience.COURT) -> list[Any]:
        """The lines of its file."""
        return [json.loads(line) for line in gzip.decompress(self.file(operation, audience)).splitlines()]

    def upload(
        self, content: str | bytes, media_type: str = "application/jsonl", audience: Audience = Audience.BANK
    ) -> Any:
        """The reply to a file."""
        headers = {"authorization": f"Bearer {self.world.token(audience)}", "content-type": media_type}
        return self.world.http.post("/uploads", content=content, headers=headers)

    def check(self, content: str | bytes, media_type: str = "application/jsonl", document: str = CHECK) -> str:
        """Begin to check a file; gives the operation's id."""
        sent = {"upload": self.upload(content, media_type).json()["upload"], "document": document}
        begun = self.world.data(Audience.BANK, BATCH, {"input": sent | {"variables": json.dumps(ACCESS)}})
        assert begun["startBatchCheck"]["errors"] == []
        return str(begun["startBatchCheck"]["bulkOperation"]["id"])


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def world(world: World, city: Any, database_copy: sa.URL, clock: Clock) -> Iterator[World]:
    """The service by a clock that a test may turn."""
    application = create_app(city.settings, database_copy, clock)
    with TestClient(application, base_url=ISSUER, raise_server_exceptions=False) as http:
        yield World(http, application, world.engine, city.clients)


@pytest.fixture
async def bulk(world: World, city: Any, database_copy: sa.URL, clock: Clock) -> AsyncIterator[Bulk]:
    engine = database.async_engine(database_copy, pool_size=4, statement_timeout=60)
    clock.moment = NOW
    yield Bulk(world, engine, database_copy, replace(city.settings, token_trust=0), clock)
    await engine.dispose()
    with world.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for statement in CLEARED:
            connection.execute(sa.text(statement))


def by_hand(world: World, document: str, audience: Audience, name: str, rows: str, size: int = 100) -> list[Any]:
    """All pages of a list, as a client reads them."""
    found, after = [], "null"
    while True:
        paged = document.replace("first: 1)", f"first: {size}, after: {after})").replace(
            "first: $first)", f"first: {size}, after: {after})"
        )
        paged = paged.replace("($first: Int!)", "").replace(
            f"{rows} {{", f"pageInfo {{ hasNextPage endCursor }} {rows} {{", 1
        )
        page = world.data(audience, paged)[name]
        found += page[rows]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = json.dumps(page["pageInfo"]["endCursor"])


@pytest.mark.parametrize(
    ("document", "audience", "name", "rows"),
    [(CASES, Audience.COURT, "cases", "nodes"), (WATCHES, Audience.BANK, "watches", "edges")],
)
async def test_an_export_is_what_paging_by_hand_gives(
    bulk: Bulk, document: str, audience: Audience, name: str, rows: str
) -> None:
    variables = json.dumps({"first": 3}) if "$first" in document else None
    operation = bulk.start(document, audience, variables=variables)
    await bulk.run(operation)
    expected = by_hand(bulk.world, document, audience, name, rows)
    assert len(expected) > 100 or audience is Audience.BANK
    assert bulk.lines(operation, audience) == expected
    file, state = bulk.file(operation, audience), bulk.state(operation, audience)
    assert state == {
        "kind": "EXPORT",
        "state": "COMPLETED",
        "objectCount": len(expected),
        "total": None,
        "size": len(file),
        "sha256": hashlib.sha256(file).hexdigest(),
        "error": None,
    }


async def small_pages(bulk: Bulk, operation: str, rows: int = 7) -> None:
    """Let an operation take small pages, so that there are many."""
    with bulk.world.engine.begin() as connection:
        change = sa.text("UPDATE bulk_operation SET page_size = :rows WHERE id = :key")
        connection.execute(change, {"rows": rows, "key": bulk.key(operation)})


async def test_what_is_read_is_logged_page_by_page(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await small_pages(bulk, operation, 50)
    with bulk.world.logged() as export:
        await bulk.run(operation)
    with bulk.world.logged() as hand:
        by_hand(bulk.world, CASES, Audience.COURT, "cases", "nodes")
    told = {(one["party_id"], one["field"], one["result"]) for one in hand}
    assert {(one["party_id"], one["field"], one["result"]) for one in export} == told
    with bulk.world.engine.connect() as connection:
        request = connection.scalar(sa.text("SELECT request_id FROM bulk_operation"))
    assert {one["request_id"] for one in export} == {request}, "an auditor finds them together"


async def test_who_is_stopped_in_the_middle_goes_on_after_the_last_page(bulk: Bulk) -> None:
    whole, cut = bulk.start(CASES, variables='{"first": 1}'), bulk.start(CASES, variables='{"first": 1}')
    await small_pages(bulk, whole)
    await small_pages(bulk, cut)
    await bulk.run(whole)
    for place in range(3, 40, 8):  # killed in the middle of a page, at another statement each time
        running = asyncio.create_task(bulk.runner.work(bulk.key(cut)))
        for _ in range(place):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await bulk.run(cut)
    assert bulk.lines(cut) == bulk.lines(whole)
    requests = sa.text(
        "SELECT count(*) FROM access_record a JOIN bulk_operation o USING (request_id) WHERE o.id = :key"
    )
    with bulk.world.engine.connect() as connection:
        counts = [connection.scalar(requests, {"key": bulk.key(one)}) for one in (whole, cut)]
    assert counts[0] == counts[1], "what was cut off is not logged either"


async def test_two_workers_at_one_operation_write_no_line_twice(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await small_pages(bulk, operation, 20)
    await asyncio.gather(*(bulk.runner.work(bulk.key(operation)) for _ in range(3)))
    await bulk.run(operation)
    assert bulk.lines(operation) == by_hand(bulk.world, CASES, Audience.COURT, "cases", "nodes")


async def test_a_cancelled_operation_stops_and_leaves_nothing(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await small_pages(bulk, operation)
    key = bulk.key(operation)
    await transact(bulk.engine, lambda connection: bulk_operations.attempt(connection, key, NOW))
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


REFUSED = {
    "{": "Syntax Error",
    "{ secrets }": "Cannot query field",
    "{ viewer { clientId } }": "Ask for one list",
    "{ cases(first: 1) { totalCount } }": "Ask for one list",
    "{ cases(first: 1) { nodes { id } pageInfo { endCursor } } }": "Ask for one list",
    "{ cases(first: 1) { rows: nodes { id } } }": "Ask for one list",
    "{ all: cases(first: 1) { nodes { id } } }": "Ask for one list",
    '{ cases(first: 1, after: "x") { nodes { id } } }': "Ask for one list",
    "{ cases(first: 1) { nodes { id } } batches(first: 1) { nodes { id } } }": "Ask for one list",
    "{ ...Q } fragment Q on Query { cases(first: 1) { nodes { id } } }": "Ask for one list",
    "{ __schema { queryType { name } } }": "Ask for one list",
    "subscription { events { cursor } }": "Subscribe over WebSocket",
    "{ cases(first: 1) { nodes { participations { party { deductions(first: 101) { nodes { id } } } } } } }": "first",
    "{ watches(first: 1) { nodes { id } } }": "lacks the scopes watch.read",
    "query($n: Int!) { cases(first: 1, filter: {stage: $n}) { nodes { id } } }": "",
}


@pytest.mark.parametrize("document", REFUSED)
def test_a_document_that_cannot_be_exported_is_refused_before_it_starts(bulk: Bulk, document: str) -> None:
    begun = bulk.begun(document)
    assert begun["bulkOperation"] is None
    ((error,),) = (begun["errors"],)
    assert (error["code"], error["path"]) == ("BAD_DOCUMENT", ["input", "document"])
    assert REFUSED[document] in error["message"]
    with bulk.world.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM bulk_operation")) == 0


@pytest.mark.parametrize("variables", ["{", "[]", "5", "[" * 5_000])
def test_variables_that_are_no_object_are_refused(bulk: Bulk, variables: str) -> None:
    begun = bulk.begun(CASES, variables=variables)
    assert [(error["code"], error["path"]) for error in begun["errors"]] == [("BAD_DOCUMENT", ["input", "variables"])]


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
    changed = bulk.world.http.get(address, headers={"range": "bytes=5-", "if-range": '"other"'})
    assert (changed.status_code, changed.content) == (200, whole)
    parts = address.split(".")
    for wrong in (address + "0", f"{parts[0]}.{int(parts[1]) + 9}.{parts[2]}", "/downloads/1", "/downloads/%00.1.x"):
        assert bulk.world.http.get(wrong).status_code == 404


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


def subject_lines() -> list[dict[str, Any]]:
    return [{**key_of(one), "reference": f"客户-{number}"} for number, one in enumerate(CAST)]


async def test_each_line_of_a_file_gets_its_answer(bulk: Bulk) -> None:
    subjects = subject_lines() * 30
    operation = bulk.check("\n".join(json.dumps(one, ensure_ascii=False) for one in subjects))
    await bulk.run(operation)
    lines = bulk.lines(operation, Audience.BANK)
    assert [line["line"] for line in lines] == list(range(1, len(subjects) + 1))
    asked = bulk.world.data(Audience.BANK, CHECK, {"by": subject_lines(), **ACCESS})["subjects"]
    assert [line["data"] for line in lines] == asked * 30
    state = bulk.state(operation, Audience.BANK)
    assert (state["state"], state["objectCount"], state["total"]) == ("COMPLETED", len(subjects), len(subjects))
    with bulk.world.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM bulk_upload")) == 0, "it is not kept"


async def test_bad_lines_keep_no_good_one_out(bulk: Bulk) -> None:
    good = {"name": FORGE.name, "organizationCode": FORGE.number, "reference": "好"}
    lines = [
        json.dumps(good),
        "{",
        "[]",
        json.dumps({"name": "某"}),
        json.dumps({**good, "colour": "GOLD"}),
        json.dumps({**good, "relation": "COUSIN"}),
        json.dumps({**good, "name": "x" * 3_000}),
        json.dumps({"name": FORGE.name, "organizationCode": "没有"}),
        json.dumps({**good, "consentSignedOn": "yesterday"}),
        json.dumps(good),
    ]
    operation = bulk.check("\n".join(lines))
    await bulk.run(operation)
    told = bulk.lines(operation, Audience.BANK)
    assert [line["line"] for line in told] == list(range(1, 11))
    answers = {line["line"]: line["data"]["outcome"] for line in told if "data" in line}
    assert answers == {1: "MATCHED", 8: "INVALID_NUMBER", 10: "MATCHED"}
    codes = {line["line"]: line["error"]["code"] for line in told if "error" in line}
    assert codes.keys() == {2, 3, 4, 5, 6, 7, 9}
    assert (codes[2], codes[3], codes[5]) == ("BAD_JSON", "BAD_JSON", "BAD_VARIABLES")
    assert all(line["error"]["message"] for line in told if "error" in line)


async def test_csv_is_taken_as_spreadsheets_write_it(bulk: Bulk) -> None:
    table = f'\ufeffname,organizationCode,reference\r\n"{FORGE.name}",{FORGE.number},"甲,乙"\r\n某公司,没有,\r\n'
    operation = bulk.check(table, "text/csv; charset=utf-8")
    await bulk.run(operation)
    first, second = bulk.lines(operation, Audience.BANK)
    assert (first["data"]["outcome"], first["data"]["reference"]) == ("MATCHED", "甲,乙")
    assert (second["data"]["outcome"], second["data"]["reference"]) == ("INVALID_NUMBER", None)


FILES: dict[str, tuple[bytes, str, int, str]] = {
    "nothing": (b"", "application/jsonl", 400, "A file has 1 to 100,000 lines."),
    "blanks": (b"\n \r\n\n", "application/jsonl", 413, "A file has 1 to 100,000 lines."),
    "too many": (b"{}\n" * 100_001, "application/jsonl", 413, "A file has 1 to 100,000 lines."),
    "too many rows": (b"name\n" + b"x\n" * 100_001, "text/csv", 413, "A file has 1 to 100,000 lines."),
    "not UTF-8": (b"{}\n\xff", "application/jsonl", 400, "Line 2 is not UTF-8."),
    "a long line": (b"{}\n" + b"x" * 5_000, "application/jsonl", 413, "Line 2 is longer than 4096 bytes."),
    "other columns": (
        b"name,colour\nx,RED",
        "text/csv",
        400,
        "The first line must name columns, each once, of these: name",
    ),
    "columns without end": (b"name," * 50_000 + b"\n" + b"1\n" * 1_000, "text/csv", 400, "each once"),
    "another type": (b"{}", "application/json", 415, "Send text/csv or application/jsonl, in UTF-8."),
    "no CSV": (b'name\n"x', "text/csv", 400, "is no line of this CSV"),
    "a CSV of other letters": ("name\n余姚".encode("gb18030"), "text/csv", 400, "The file is not UTF-8 at byte 5."),
    "more cells than names": (b"name\nx,y", "text/csv", 400, "is no line of this CSV"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_taken_is_told_why(bulk: Bulk, name: str) -> None:
    content, media_type, status, message = FILES[name]
    found = bulk.upload(content, media_type)
    assert found.status_code == status
    assert message in found.json()["error"]


def test_files_are_taken_from_whoever_may_send_them(bulk: Bulk) -> None:
    assert bulk.world.http.post("/uploads", content=b"{}").status_code == 401
    narrow = {"authorization": f"Bearer {bulk.world.token(Audience.BANK, 'catalogue.read')}"}
    found = bulk.world.http.post("/uploads", content=b"{}", headers=narrow | {"content-type": "application/jsonl"})
    assert (found.status_code, "bulk.write" in found.headers["www-authenticate"]) == (403, True)
    upload = bulk.upload(b"{}", audience=Audience.EMPLOYER).json()["upload"]
    sent = {"upload": upload, "document": CHECK, "variables": json.dumps(ACCESS)}
    for wrong in (upload, "x", node_id("Party", 1)):
        begun = bulk.world.data(Audience.BANK, BATCH, {"input": sent | {"upload": wrong}})["startBatchCheck"]
        assert begun["errors"][0]["path"] == ["input", "upload"], "of another client, or of nobody"


@pytest.mark.parametrize(
    "document",
    [
        "query($by: [SubjectKey!]!, $access: AccessInput!) { x: subjects(by: $by, access: $access) { outcome } }",
        'query($access: AccessInput!) { subjects(by: [{name: "x"}], access: $access) { outcome } }',
        "query($by: [SubjectKey!]!) { subjects(by: $by, access: {purpose: MORAL_BANK}) { outcome } }",
        "{ watches(first: 1) { nodes { id } } }",
    ],
)
def test_a_document_that_is_no_check_of_a_list_is_refused(bulk: Bulk, document: str) -> None:
    sent = {"upload": bulk.upload(b"{}").json()["upload"], "document": document}
    begun = bulk.world.data(
        Audience.BANK, BATCH, {"input": sent | {"variables": json.dumps(ACCESS if "$access" in document else {})}}
    )
    assert [error["code"] for error in begun["startBatchCheck"]["errors"]] == ["BAD_DOCUMENT"]


async def test_a_consent_that_ends_stops_what_runs_and_what_is_done(bulk: Bulk) -> None:
    done, running = bulk.start(WATCHES, Audience.BANK), bulk.start(WATCHES, Audience.BANK)
    await bulk.run(done)
    address = bulk.address(done, Audience.BANK)
    assert bulk.world.http.get(address).status_code == 200
    await small_pages(bulk, running)
    await transact(bulk.engine, lambda connection: bulk_operations.attempt(connection, bulk.key(running), NOW))
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


async def test_who_loses_a_scope_is_exported_nothing_by_it(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    client = bulk.world.clients[Audience.COURT].primary_key
    change = sa.text("UPDATE client SET scopes = :scopes WHERE id = :client")
    with bulk.world.engine.begin() as connection:
        held = connection.scalar(sa.text("SELECT scopes FROM client WHERE id = :client"), {"client": client})
        connection.execute(change, {"scopes": ["catalogue.read"], "client": client})
    await bulk.run(operation)
    with bulk.world.engine.begin() as connection:
        connection.execute(change, {"scopes": held, "client": client})
    state = bulk.state(operation)
    assert (state["state"], state["error"]) == ("FAILED", "REFUSED")


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
    await runner.start_waiting()
    assert len(runner._running) == 2
    await asyncio.gather(*runner._running.values())
    assert bulk.state(court)["state"] == bulk.state(bank, Audience.BANK)["state"] == BulkState.COMPLETED
    assert bulk.state(second)["state"] == BulkState.QUEUED
    await runner.start_waiting()
    await asyncio.gather(*runner._running.values())
    assert bulk.state(second)["state"] == BulkState.COMPLETED


def test_files_that_nobody_checks_are_few(bulk: Bulk) -> None:
    taken = [bulk.upload(b"{}", audience=Audience.COMMERCE).status_code for _ in range(MOST_UPLOADS + 1)]
    assert taken == [201] * MOST_UPLOADS + [429]


async def test_who_may_send_registered_documents_alone_exports_no_other(bulk: Bulk) -> None:
    client = bulk.world.clients[Audience.BANK].primary_key
    both = [WATCHES, EXPORT]
    with bulk.world.engine.begin() as connection:
        connection.execute(sa.text("UPDATE client SET documents = 'TRUSTED_ONLY' WHERE id = :key"), {"key": client})
        for text in both:
            connection.execute(
                sa.text(
                    "INSERT INTO trusted_document (client_id, identifier, digest, text, purposes, created_at) VALUES"
                    " (:key, md5(:text), sha256(convert_to(:text, 'UTF8')), :text, '{INCENTIVE_LOAN}', now())"
                ),
                {"key": client, "text": text},
            )
    application = create_app(bulk.settings, bulk.url, bulk.clock)
    with TestClient(application, base_url=ISSUER) as http:
        other = replace(bulk.world, http=http, app=application)
        refused = other.data(Audience.BANK, EXPORT, {"input": {"document": WATCHES + " "}})["startExport"]
        begun = other.data(Audience.BANK, EXPORT, {"input": {"document": WATCHES}})["startExport"]
    with bulk.world.engine.begin() as connection:
        purposes = connection.scalar(sa.text("SELECT purposes FROM bulk_operation"))
        connection.execute(sa.text("DELETE FROM trusted_document"))
        connection.execute(sa.text("UPDATE client SET documents = 'OPEN'"))
    assert [error["code"] for error in refused["errors"]] == ["BAD_DOCUMENT"]
    assert (begun["errors"], purposes) == ([], ["INCENTIVE_LOAN"])


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
    assert bulk.world.http.get(address).status_code == 404
    signed = bulk.world.data(Audience.BANK, SIGN, {"input": {"id": operation}})["signDownload"]
    assert [error["code"] for error in signed["errors"]] == ["WRONG_STATE"]


async def test_each_export_has_its_own_selection(bulk: Bulk) -> None:
    document = "query($with: Boolean!) { cases(first: 1) { nodes { id number @include(if: $with) } } }"
    operations = [bulk.start(document, variables=json.dumps({"with": one})) for one in (False, True, False)]
    found = []
    for operation in operations:
        await bulk.run(operation)
        found.append(set(bulk.lines(operation)[0]))
    assert found == [{"id"}, {"id", "number"}, {"id"}]


async def test_a_deep_document_has_small_pages_and_the_lists_that_it_asks_for(bulk: Bulk) -> None:
    document = """{ cases(first: 1) { nodes { number participations { party {
      deductions(first: 100) { nodes { id behaviour { code } points } } } } } } }"""
    operation = bulk.start(document)
    with bulk.world.engine.connect() as connection:
        size = connection.scalar(sa.text("SELECT page_size FROM bulk_operation"))
    assert size < 100
    await bulk.run(operation)
    assert bulk.lines(operation)[:20] == by_hand(bulk.world, document, Audience.COURT, "cases", "nodes", 10)[:20]


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
            assert await bulk_operations.waiting(waited, NOW) == [], "it is its turn later"
    await bulk.run(operation)
    with bulk.world.engine.begin() as connection:
        connection.execute(sa.text("DROP FUNCTION fail CASCADE"))
    state = bulk.state(operation)
    assert (state["state"], state["error"]) == ("FAILED", "INTERNAL")


async def test_a_file_is_checked_once(bulk: Bulk) -> None:
    upload = bulk.upload(json.dumps(key_of(FORGE))).json()["upload"]
    given = {"upload": upload, "document": CHECK, "variables": json.dumps(ACCESS)}
    first, second = (bulk.world.data(Audience.BANK, BATCH, {"input": given})["startBatchCheck"] for _ in range(2))
    assert (first["errors"], [error["code"] for error in second["errors"]]) == ([], ["NOT_FOUND"])


async def test_lines_are_those_of_the_file(bulk: Bulk) -> None:
    odd = json.dumps({"name": "a\u2028b", "organizationCode": "x"}, ensure_ascii=False)
    nul = '{"name": "\\u0000", "organizationCode": "x"}'
    operation = bulk.check(f"\ufeff{odd}\r\n\n{nul}\n{odd}\n")
    await bulk.run(operation)
    told = bulk.lines(operation, Audience.BANK)
    assert [(line["line"], "data" in line) for line in told] == [(1, True), (3, False), (4, True)]


@pytest.mark.parametrize("text", ['{"n": "\\ud800"}', '{"n": ' + "[" * 20 + "]" * 20 + "}"])
def test_variables_that_no_request_may_have_are_refused(bulk: Bulk, text: str) -> None:
    begun = bulk.begun(CASES, variables=text)
    assert [(error["code"], error["path"]) for error in begun["errors"]] == [("BAD_DOCUMENT", ["input", "variables"])]


async def test_purposes_that_a_client_loses_end_its_check(bulk: Bulk) -> None:
    operation = bulk.check(json.dumps(key_of(FORGE)))
    client = bulk.world.clients[Audience.BANK].primary_key
    change = sa.text("UPDATE client SET purposes = :purposes WHERE id = :client")
    with bulk.world.engine.begin() as connection:
        held = connection.scalar(sa.text("SELECT purposes FROM client WHERE id = :client"), {"client": client})
        connection.execute(change, {"purposes": ["INCENTIVE_LOAN"], "client": client})
    await bulk.run(operation)
    with bulk.world.engine.begin() as connection:
        connection.execute(change, {"purposes": held, "client": client})
    state = bulk.state(operation, Audience.BANK)
    assert (state["state"], state["error"], state["objectCount"]) == ("FAILED", "REFUSED", 0)


WATCH = """mutation Start($input: StartBatchWatchInput!) { startBatchWatch(input: $input) {
  bulkOperation { id total } errors { code message path } } }"""


async def test_a_file_of_customers_is_watched(bulk: Bulk) -> None:
    rows = [{**key_of(one), "reference": f"W-{number}"} for number, one in enumerate(CAST)]
    bad = ["{", json.dumps({"name": "x"}), json.dumps({**rows[0], "consent": "x"}), json.dumps({**rows[0], "name": 5})]
    upload = bulk.upload("\n".join([*map(json.dumps, rows), *bad])).json()["upload"]
    begun = bulk.world.data(Audience.BANK, WATCH, {"input": {"upload": upload}})["startBatchWatch"]
    assert (begun["errors"], begun["bulkOperation"]["total"]) == ([], len(rows) + len(bad))
    operation = begun["bulkOperation"]["id"]
    with bulk.world.logged() as logged:
        await bulk.run(operation)
    told = bulk.lines(operation, Audience.BANK)
    by_hand = (
        """mutation($input: WatchInput!) { watch(input: $input) { lines { reference outcome } errors { code } } }"""
    )
    with bulk.world.logged() as expected:
        watched = bulk.world.data(Audience.BANK, by_hand, {"input": {"subjects": rows}})["watch"]["lines"]
    assert [line["data"] for line in told[: len(rows)]] == watched
    assert {line["outcome"] for line in watched} >= {"WATCHED", "CONSENT_REQUIRED"}
    assert [(line["line"] - len(rows), line["error"]["code"]) for line in told[len(rows) :]] == [
        (1, "BAD_JSON"),
        (2, "BAD_TEXT"),
        (3, "BAD_TEXT"),
        (4, "BAD_TEXT"),
    ]
    noted = [(one["party_id"], one["result"], one["reference"]) for one in expected]
    assert [(one["party_id"], one["result"], one["reference"]) for one in logged] == noted


def test_who_may_not_watch_watches_no_file(bulk: Bulk) -> None:
    upload = bulk.upload(json.dumps(key_of(FORGE))).json()["upload"]
    token = bulk.world.token(Audience.BANK, "bulk.read", "bulk.write")
    refused = bulk.world.post(token, {"query": WATCH, "variables": {"input": {"upload": upload}}})
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
