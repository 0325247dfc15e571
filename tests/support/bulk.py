"""Bulk operations as tests play them: a client that begins them, a worker that runs them, a clock that is turned."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from look_ups import node_id
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.testclient import TestClient
from the_engine import ENGINE
from world import ISSUER, KEYRING, NOW, World

from auth.audiences import Audience
from jobs.bulk_runner import BulkRunner
from postgres import database
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
        return BulkRunner(ENGINE, self.engine, KEYRING, self.clock)

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


@contextmanager
def by_a_clock(world: World, settings: Settings, url: sa.URL) -> Iterator[tuple[World, Clock]]:
    """The service over the same database, by a clock that a test may turn."""
    clock = Clock()
    application = create_app(settings, url, clock)
    with TestClient(application, base_url=ISSUER, raise_server_exceptions=False) as http:
        yield World(http, application, world.engine, world.clients), clock


@asynccontextmanager
async def bulk_of(world: World, clock: Clock, settings: Settings, url: sa.URL) -> AsyncIterator[Bulk]:
    """Bulk operations, of which nothing is left afterwards."""
    engine = database.make_async_engine(url, pool_size=4, statement_timeout=60)
    clock.moment = NOW
    yield Bulk(world, engine, url, replace(settings, token_trust=0), clock)
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


async def small_pages(bulk: Bulk, operation: str, rows: int = 7) -> None:
    """Let an operation take small pages, so that there are many."""
    with bulk.world.engine.begin() as connection:
        change = sa.text("UPDATE bulk_operation SET page_size = :rows WHERE id = :key")
        connection.execute(change, {"rows": rows, "key": bulk.key(operation)})
