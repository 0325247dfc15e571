"""Runs bulk operations: a page, its entries in the access log and its place in the file in one transaction (R19)."""

import asyncio
import gzip
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import sqlalchemy as sa
from graphql import GraphQLError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.audiences import Audience, Purpose
from auth.principal import Principal
from auth.scopes import Scope
from casework import bulk_operations
from casework.transaction import transact
from models.bulk_operation import BulkError, BulkKind
from models.client import Client
from models.court import Staff
from models.keyring import Keyring
from resolvers.caller import Caller
from resolvers.errors import ForbiddenError
from resolvers.plan import running
from resolvers.plan.plan import Ready
from schema.bulk_document import AFTER, BETWEEN, BY, FIRST, PAGE, BulkDocument, BulkDocumentError, Paged, bulk_document
from schema.document import DocumentError, Operation
from schema.execution import log_failure, variable_values

AT_ONCE = 2
"""Operations that run at a time, each of another client."""

PAGES_AT_ONCE = 2
"""Pages of one operation under way: one is read while the one before it is written."""

POLL_SECONDS = 1.0
MOST_FAILURES = 3
"""So many times in a row a page may fail by our own doing before the operation does."""

FASTEST = 1
"""The level of compression: twice as fast as the next, and a tenth larger."""

log = logging.getLogger("suxin.bulk")


class StoppedError(Exception):
    """An operation that may not go on, and why."""

    def __init__(self, error: BulkError) -> None:
        super().__init__(error)
        self.error = error


class OvertakenError(Exception):
    """A page that is not the next one any more: nothing of it is kept, and the work goes on from where it is."""


@dataclass(frozen=True)
class Place:
    """Where an operation is: pages done, and the cursor that the next one begins after."""

    pages: int
    cursor: str | None = None


@dataclass(frozen=True)
class Task:
    """An operation on one of its pages."""

    row: Any
    place: Place
    document: BulkDocument
    variables: Mapping[str, Any]
    caller: Caller

    def page(self) -> dict[str, Any]:
        """The variables of an export's page."""
        return {**self.variables, FIRST: self.row.page_size, AFTER: self.place.cursor}


@dataclass
class BulkRunner:
    """Runs what waits, oldest first, as long as it runs. Nothing is remembered here that is not in the database."""

    engine: AsyncEngine
    keyring: Keyring
    now: Callable[[], datetime]
    _running: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _failures: dict[int, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Run until cancelled."""
        try:
            while True:
                await self.start_waiting()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def start_waiting(self) -> None:
        """Begin with what waits, as long as there are places, and delete what is over."""
        await transact(self.engine, lambda connection: bulk_operations.expire(connection, self.now()))
        for key, client in await transact(self.engine, bulk_operations.waiting):
            if client not in self._running and len(self._running) < AT_ONCE:
                task = asyncio.create_task(self.work(key))
                self._running[client] = task
                task.add_done_callback(partial(self._done, client))

    def _done(self, client: int, task: asyncio.Task[None]) -> None:
        self._running.pop(client, None)

    async def work(self, key: int) -> None:
        """Do page after page of one operation, to its end. What the database is in the way of is tried again later."""
        try:
            while (row := await transact(self.engine, partial(bulk_operations.current, key=key))) is not None:
                with suppress(OvertakenError):
                    await self._advance(key, Place(row.pages, row.cursor))
                self._failures.pop(key, None)
        except StoppedError as stopped:
            await self._fail(key, stopped.error)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError) as error:
            log.warning("bulk operation %d waits: %s", key, type(error).__name__)
        except Exception as error:
            log_failure(error, f"bulk operation {key}")
            self._failures[key] = self._failures.get(key, 0) + 1
            if self._failures[key] >= MOST_FAILURES:
                await self._fail(key, BulkError.INTERNAL)

    async def _advance(self, key: int, place: Place | None) -> None:
        """Page after page from a place on. While one is written, the next one is read from where that should begin:
        PostgreSQL and Python are busy at the same time. Raises OvertakenError, StoppedError.
        """
        await transact(self.engine, partial(bulk_operations.run, key=key, at=self.now()))
        turns: list[asyncio.Task[None]] = []
        try:
            while place:
                turns.append(asyncio.create_task(self._turn(key, place, turns[-1] if turns else None)))
                place = await self._following(key, place)
                if len(turns) == PAGES_AT_ONCE:
                    await turns.pop(0)
            for turn in turns:
                await turn
        finally:
            for turn in turns:
                turn.cancel()
            await asyncio.gather(*turns, return_exceptions=True)

    async def _turn(self, key: int, place: Place, before: asyncio.Task[None] | None) -> None:
        """Do one page, and commit it after the one before it."""

        async def work(connection: AsyncConnection) -> None:
            task = await self._task(connection, key, place)
            lines, count, following = await self._lines(connection, task)
            member = await asyncio.to_thread(gzip.compress, lines, FASTEST, mtime=0)
            if before:
                await asyncio.wait([before])
            row = await bulk_operations.claimed(connection, key, place.pages, place.cursor)
            if row is None:
                raise OvertakenError
            cursor = following.cursor if following else None
            await bulk_operations.append(connection, self.keyring, row, member, count, cursor)
            if following is None:
                await bulk_operations.complete(connection, self.keyring, key, place.pages + 1, self.now())

        await transact(self.engine, work)

    async def _following(self, key: int, place: Place) -> Place | None:
        """Where the page after this one should begin; None where none should follow."""

        async def find(connection: AsyncConnection) -> Place | None:
            task = await self._task(connection, key, place)
            if task.row.kind == BulkKind.BATCH_CHECK:
                return _next_lines(task)
            operation = task.document.ends(task.caller.principal.scopes)
            ready = _ready(task, operation, task.page(), logged=False)
            return _next_page(place, orjson.loads(await _answer(connection, task.document.field, ready))[PAGE])

        return await transact(self.engine, find)

    async def _fail(self, key: int, error: BulkError) -> None:
        self._failures.pop(key, None)
        await transact(self.engine, lambda connection: bulk_operations.fail(connection, key, error, self.now()))

    async def _task(self, connection: AsyncConnection, key: int, place: Place) -> Task:
        """Who asks, with the rights that are left of what it began with, and for what. Raises StoppedError."""
        row = await bulk_operations.current(connection, key)
        if row is None:
            raise OvertakenError
        principal = await _principal(connection, row)
        if principal is None:
            raise StoppedError(BulkError.REFUSED)
        now = sa.literal(self.now(), sa.DateTime(timezone=True))
        ended = sa.select(bulk_operations.consent_ended(row, now))
        if (await connection.execute(ended)).scalar_one():
            raise StoppedError(BulkError.CONSENT_ENDED)
        request = bulk_operations.request_of(self.keyring, row)
        try:
            document = documented(row.kind, request["document"], principal.scopes)
        except (DocumentError, ForbiddenError, BulkDocumentError):
            raise StoppedError(BulkError.REFUSED) from None
        caller = Caller(principal, self.keyring, self.now(), uuid4(), largest_page=row.page_size)
        return Task(row, place, document, request["variables"], caller)

    async def _lines(self, connection: AsyncConnection, task: Task) -> tuple[bytes, int, Place | None]:
        """The lines of a page, how many they are, and where the page after it begins; None after the last."""
        if task.row.kind == BulkKind.BATCH_CHECK:
            checked = await self._checked(connection, task)
            text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in checked)
            return text, len(checked), _next_lines(task)
        ready = _ready(task, task.document.operation(task.caller.principal.scopes), task.page())
        rows, page = split_page(await _answer(connection, task.document.field, ready))
        return rows, rows.count(b"\n"), _next_page(task.place, page)

    async def _checked(self, connection: AsyncConnection, task: Task) -> Sequence[Any]:
        """What is said of each line of a page."""
        size, start = task.row.page_size, task.place.pages * task.row.page_size
        lines = await bulk_operations.lines_from(connection, self.keyring, task.row.upload_id, start, size)
        told: dict[int, Any] = {}
        good = [(number, subject) for number, text in lines if (subject := _subject(number, text, told)) is not None]
        if good:
            told |= await self._looked_up(connection, task, good)
        return [told[number] for number, _ in lines]

    async def _looked_up(
        self, connection: AsyncConnection, task: Task, subjects: Sequence[tuple[int, Any]]
    ) -> dict[int, Any]:
        """What is said of these subjects. One that cannot be asked for keeps nobody else from an answer."""
        try:
            operation = task.document.operation(task.caller.principal.scopes)
            ready = _ready(task, operation, {**task.variables, BY: [subject for _, subject in subjects]})
        except (DocumentError, GraphQLError) as error:
            if len(subjects) == 1:
                return {subjects[0][0]: _refused(subjects[0][0], error)}
            one_by_one = [await self._looked_up(connection, task, [one]) for one in subjects]
            return {number: told for found in one_by_one for number, told in found.items()}
        answers = orjson.loads(await _answer(connection, task.document.field, ready))
        return {number: {"line": number, "data": data} for (number, _), data in zip(subjects, answers, strict=True)}


def _next_lines(task: Task) -> Place | None:
    """Where the page of lines after a batch check's page begins."""
    done = task.place.pages + 1
    return Place(done) if done * task.row.page_size < task.row.total else None


def _next_page(place: Place, page: Mapping[str, Any]) -> Place | None:
    """Where the page after an export's page begins, as `PageInfo` says it."""
    return Place(place.pages + 1, page["endCursor"]) if page["hasNextPage"] else None


def _ready(task: Task, operation: Operation, variables: dict[str, Any], *, logged: bool = True) -> Ready:
    """The statement for these variables. Raises DocumentError, GraphQLError."""
    values = variable_values(operation, variables)
    paged = planned(operation, task.caller.principal.audience, task.row.page_size, values, logged=logged)
    (found,) = paged.plan.ready(values, task.caller).values()
    assert isinstance(found, Ready)  # noqa: S101 - it leads to rows
    return found


async def _answer(connection: AsyncConnection, name: str, ready: Ready) -> bytes:
    """The answer of a statement, in the transaction that `connection` is in."""
    await running.compile_all([ready])
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None  # noqa: S101 - a statement has run on it
    return (await running.answered(raw.driver_connection, {name: ready}))[name]


@lru_cache(64)
def documented(kind: BulkKind, text: str, scopes: frozenset[Scope]) -> BulkDocument:
    """What to run for each page, made once."""
    return bulk_document(kind, text, scopes)


PLANS: dict[Any, Paged] = {}
MOST_PLANS = 16


def planned(operation: Operation, audience: Audience, page_size: int, values: Any, *, logged: bool) -> Paged:
    """The plan of an operation for a caller, made once for a while."""
    key = operation.digest, operation.scopes, audience, page_size
    if key not in PLANS:
        if len(PLANS) >= MOST_PLANS:
            PLANS.clear()
        PLANS[key] = Paged.of(operation, audience, values, page_size, logged=logged)
    return PLANS[key]


def split_page(text: bytes) -> tuple[bytes, Any]:
    """The rows of a page, each on a line of its own, and its `PageInfo`. The rows are not read: they are as sent."""
    rows, _, page = text.rpartition(b'],"%s":' % PAGE.encode())
    lines = rows.partition(b"[")[2].replace(BETWEEN.encode(), b"\n")
    return lines + b"\n" if lines else b"", orjson.loads(page.removesuffix(b"}"))


def _subject(number: int, text: str, told: dict[int, Any]) -> Any:
    """The subject on a line; of a line that holds none, what is said of that stands in `told`."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        told[number] = _line_error(number, "BAD_JSON", "This line is no JSON object.")
        return None
    return found


def _refused(number: int, error: DocumentError | GraphQLError) -> dict[str, Any]:
    first = error.errors[0] if isinstance(error, DocumentError) else error
    return _line_error(number, str((first.extensions or {}).get("code", "BAD_INPUT")), first.message)


def _line_error(number: int, code: str, message: str) -> dict[str, Any]:
    return {"line": number, "error": {"code": code, "message": message}}


async def _principal(connection: AsyncConnection, row: Any) -> Principal | None:
    """Who began an operation, with what is left of its rights; None for a client or a person who is gone."""
    gone = sa.select(Staff.id).where(Staff.id == row.staff_id, Staff.left_at.is_not(None))
    query = sa.select(Client.client_id, Client.name, Client.audience, Client.scopes, Client.purposes, Client.village_id)
    there = (Client.id == row.client_key, Client.disabled_at.is_(None), ~gone.exists())
    client = (await connection.execute(query.where(*there))).one_or_none()
    if client is None:
        return None
    return Principal(
        client.client_id,
        row.client_key,
        client.name,
        client.audience,
        frozenset(scope for scope in Scope if scope in row.scopes and scope in client.scopes),
        frozenset(purpose for purpose in Purpose if purpose in row.purposes and purpose in client.purposes),
        token_id="",
        jurisdiction=row.jurisdiction,
        village_key=client.village_id,
    )
