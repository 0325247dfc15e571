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

import orjson
import sqlalchemy as sa
from graphql import GraphQLError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.audiences import Purpose
from auth.principal import Principal
from auth.scopes import Scope
from auth.trusted_documents import trusted_document
from casework import bulk_operations, bulk_uploads
from casework.bulk_vanishing import has_vanished
from casework.refusal import Refusal
from casework.transaction import transact
from casework.watches import Customer
from models.bulk_operation import BulkError, BulkKind
from models.client import Client
from models.court import Staff
from models.keyring import Keyring
from resolvers.caller import Caller
from resolvers.errors import ForbiddenError
from resolvers.plan import running
from resolvers.plan.plan import Ready
from schema.body import BodyError, read_json
from schema.bulk_document import (
    AFTER,
    BETWEEN,
    BY,
    FIRST,
    PAGE,
    SOMEBODY,
    BulkDocument,
    BulkDocumentError,
    Paged,
    bulk_document,
)
from schema.bulk_watching import NEEDED, customer_of, watched
from schema.document import DocumentError, Operation
from schema.execution import log_failure, variable_values

PATIENCE = sa.text("SET LOCAL idle_in_transaction_session_timeout = '70s'")
"""For whoever waits for the page before its own: as long as a statement may take."""

UNHURRIED = sa.text("SET LOCAL synchronous_commit = off")
"""A page and its entries are lost together or not at all, and nobody has the file before the last page is on disk: that
one is waited for, and with it all before.
"""

AT_ONCE = 2
"""Operations that run at a time, each of another client."""

PAGES_AT_ONCE = 2
"""Pages of one operation under way: one is read while the one before it is written."""

POLL_SECONDS = 1.0
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
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Run until cancelled; woken by `wake`, and every second."""
        try:
            while True:
                self.wake.clear()
                try:
                    await self.start_waiting()
                except (OSError, SQLAlchemyError) as error:
                    log.warning("bulk operations wait: %s", type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self.wake.wait()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def start_waiting(self) -> None:
        """Begin with what waits, as long as there are places, and delete what is over."""
        now = self.now()
        await transact(self.engine, partial(bulk_uploads.expire_uploads, at=now))
        while await transact(self.engine, partial(bulk_operations.expire_one, at=now)):
            pass
        for key, client in await transact(self.engine, partial(bulk_operations.waiting, at=now)):
            if client not in self._running and len(self._running) < AT_ONCE:
                task = asyncio.create_task(self.work(key))
                self._running[client] = task
                task.add_done_callback(partial(self._done, client))

    def _done(self, client: int, task: asyncio.Task[None]) -> None:
        self._running.pop(client, None)
        self.wake.set()

    async def work(self, key: int) -> None:
        """Do page after page of one operation, to its end. What fails is tried again later, and not for ever."""
        try:
            while row := await transact(self.engine, partial(bulk_operations.attempt, key=key, at=self.now())):
                with suppress(OvertakenError):
                    await self._advance(row, Place(row.pages, row.cursor))
        except StoppedError as stopped:
            await transact(self.engine, partial(bulk_operations.fail, key=key, error=stopped.error, at=self.now()))
        except Exception as error:
            log_failure(error, f"bulk operation {key}")

    async def _advance(self, row: Any, place: Place | None) -> None:
        """Page after page from a place on. While one of an export is written, the next one is read from where that
        should begin: PostgreSQL and Python are busy at the same time. Raises OvertakenError, StoppedError.
        """
        key, at_once = row.id, PAGES_AT_ONCE if row.kind == BulkKind.EXPORT else 1
        turns: list[asyncio.Task[None]] = []
        try:
            while place:
                turns.append(asyncio.create_task(self._turn(key, place, turns[-1] if turns else None)))
                place = await self._following(key, place)
                if len(turns) == at_once:
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
                await connection.execute(PATIENCE)
                await asyncio.wait([before])
            row = await bulk_operations.claimed(connection, key, place.pages, place.cursor)
            if row is None:
                raise OvertakenError
            if following:
                await connection.execute(UNHURRIED)
            cursor = following.cursor if following else None
            if row.size + len(member) > bulk_operations.LARGEST_FILE:
                raise StoppedError(BulkError.TOO_LARGE)
            await bulk_operations.append(connection, self.keyring, row, member, count, cursor)
            if following is None:
                await bulk_operations.complete(connection, self.keyring, key, place.pages + 1, self.now())

        await transact(self.engine, work)

    async def _following(self, key: int, place: Place) -> Place | None:
        """Where the page after this one should begin; None where none should follow."""

        async def find(connection: AsyncConnection) -> Place | None:
            task = await self._task(connection, key, place)
            if task.row.kind != BulkKind.EXPORT:
                return _next_lines(task)
            operation = task.document.ends(task.caller.principal.scopes)
            ready = _allowed(task, operation, task.page(), logged=False)
            return _next_page(place, orjson.loads(await _answer(connection, task.document.field, ready))[PAGE])

        return await transact(self.engine, find)

    async def _task(self, connection: AsyncConnection, key: int, place: Place) -> Task:
        """Who asks, with the rights that are left of what it began with, and for what. Raises StoppedError."""
        row = await bulk_operations.current(connection, key)
        if row is None:
            raise OvertakenError
        principal = await _principal(connection, row)
        if principal is None:
            raise StoppedError(BulkError.REFUSED)
        if await has_vanished(connection, row, self.now()):
            raise StoppedError(BulkError.VANISHED)
        request = bulk_operations.request_of(self.keyring, row)
        principal, document = await _still_allowed(connection, principal, row.kind, request["document"])
        caller = Caller(principal, self.keyring, self.now(), row.request_id)
        return Task(row, place, document, request["variables"], caller)

    async def _lines(self, connection: AsyncConnection, task: Task) -> tuple[bytes, int, Place | None]:
        """The lines of a page, how many they are, and where the page after it begins; None after the last."""
        if task.row.kind != BulkKind.EXPORT:
            told = await self._told(connection, task)
            text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in told)
            return text, len(told), _next_lines(task)
        ready = _allowed(task, task.document.operation(task.caller.principal.scopes), task.page())
        rows, page = split_page(await _answer(connection, task.document.field, ready))
        return rows, rows.count(b"\n"), _next_page(task.place, page)

    async def _told(self, connection: AsyncConnection, task: Task) -> Sequence[Any]:
        """What is said of each line of a page."""
        size, start = task.row.page_size, task.place.pages * task.row.page_size
        answer = self._watched if task.row.kind == BulkKind.BATCH_WATCH else self._checked
        found = await bulk_uploads.lines_from(connection, self.keyring, task.row.upload_id, start, size)
        lines, told = [line for line in found if line[1].strip()], dict[int, Any]()
        good = [(number, subject) for number, text in lines if (subject := _subject(number, text, told)) is not None]
        if good:
            told |= await answer(connection, task, good)
        return [told[number] for number, _ in lines]

    async def _watched(
        self, connection: AsyncConnection, task: Task, subjects: Sequence[tuple[int, Any]]
    ) -> dict[int, Any]:
        """What came of these customers. One that is none keeps nobody else from being watched."""
        told, customers = dict[int, Any](), dict[int, Customer]()
        for number, subject in subjects:
            try:
                customers[number] = customer_of(task.caller, connection, subject)
            except Refusal as refusal:
                told[number] = _line_error(number, refusal.code.value, refusal.message)
        lines = await watched(connection, task.caller, list(customers.values())) if customers else []
        data = zip(customers, lines, strict=True)
        return told | {number: {"line": number, "data": line} for number, line in data}

    async def _checked(
        self, connection: AsyncConnection, task: Task, subjects: Sequence[tuple[int, Any]]
    ) -> dict[int, Any]:
        """What is said of these subjects, for a purpose that is still allowed: what else fails is the lines' own."""
        operation = task.document.operation(task.caller.principal.scopes)
        _allowed(task, operation, {**task.variables, BY: [SOMEBODY]})
        return await self._looked_up(connection, task, subjects)

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
    audience, size = task.caller.principal.audience, task.row.page_size
    paged = Paged.of(operation, audience, values, size, logged=logged)
    (found,) = paged.plan.ready(values, task.caller).values()
    assert isinstance(found, Ready)  # noqa: S101 - it leads to rows
    return found


def _allowed(task: Task, operation: Operation, variables: dict[str, Any], *, logged: bool = True) -> Ready:
    """The same for what was allowed when it was begun. Raises StoppedError if it is not now."""
    try:
        return _ready(task, operation, variables, logged=logged)
    except (DocumentError, GraphQLError, BulkDocumentError):
        raise StoppedError(BulkError.REFUSED) from None


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


def split_page(text: bytes) -> tuple[bytes, Any]:
    """The rows of a page, each on a line of its own, and its `PageInfo`. The rows are not read: they are as sent."""
    rows, _, page = text.rpartition(b'],"%s":' % PAGE.encode())
    lines = rows.partition(b"[")[2].replace(BETWEEN.encode(), b"\n")
    return lines + b"\n" if lines else b"", orjson.loads(page.removesuffix(b"}"))


def _subject(number: int, text: bytes, told: dict[int, Any]) -> Any:
    """The subject on a line; of a line that holds none, what is said of that stands in `told`."""
    try:
        found = read_json(text)
    except BodyError:
        found = None
    if not isinstance(found, dict):
        told[number] = _line_error(number, "BAD_JSON", "This line is no JSON object.")
        return None
    return found


def _refused(number: int, error: DocumentError | GraphQLError) -> dict[str, Any]:
    first = error.errors[0] if isinstance(error, DocumentError) else error
    return _line_error(number, str((first.extensions or {}).get("code", "BAD_INPUT")), first.message)


async def _still_allowed(
    connection: AsyncConnection, principal: Principal, kind: BulkKind, text: str
) -> tuple[Principal, BulkDocument]:
    """The caller, held to the purposes of its document, and that. Raises StoppedError where it may not send it now."""
    if kind == BulkKind.BATCH_WATCH:
        if principal.scopes >= NEEDED:
            return principal, BulkDocument("", "")
        raise StoppedError(BulkError.REFUSED)
    held = await trusted_document(connection, principal, text)
    if held is None:
        raise StoppedError(BulkError.REFUSED)
    try:
        return held, documented(kind, text, held.scopes)
    except (DocumentError, ForbiddenError, BulkDocumentError):
        raise StoppedError(BulkError.REFUSED) from None


def _line_error(number: int, code: str, message: str) -> dict[str, Any]:
    return {"line": number, "error": {"code": code, "message": message}}


async def _principal(connection: AsyncConnection, row: Any) -> Principal | None:
    """Who began an operation, with what is left of its rights; None for a client or a person who is gone."""
    gone = sa.select(Staff.id).where(Staff.id == row.staff_id, Staff.left_at.is_not(None))
    query = sa.select(Client.client_id, Client.name, Client.audience, Client.scopes, Client.purposes, Client.village_id)
    query = query.add_columns(Client.documents)
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
        registered=frozenset(map(Purpose, row.registered)),
        documents=client.documents,
    )
