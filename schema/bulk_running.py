"""Runs bulk operations: a page, its entries in the access log and its place in the file in one transaction (R19)."""

import asyncio
import gzip
import logging
from collections.abc import Callable, Mapping, Sequence
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

from auth.audiences import Purpose
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
from schema.bulk_document import AFTER, BY, FIRST, PAGE, BulkDocument, BulkDocumentError, Paged, bulk_document
from schema.document import DocumentError
from schema.execution import log_failure, variable_values

AT_ONCE = 2
"""Operations that run at a time, each of another client."""

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


@dataclass(frozen=True)
class Task:
    """An operation on its next page."""

    row: Any
    document: BulkDocument
    variables: Mapping[str, Any]
    caller: Caller

    def paged(self, values: Any) -> Paged:
        """The operation and its plan."""
        return planned(self.document, self.caller.principal, self.row.page_size, values)


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
            while await transact(self.engine, partial(self.step, key=key)):
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

    async def _fail(self, key: int, error: BulkError) -> None:
        self._failures.pop(key, None)
        await transact(self.engine, lambda connection: bulk_operations.fail(connection, key, error, self.now()))

    async def step(self, connection: AsyncConnection, key: int) -> bool:
        """Do one page; whether there is another. Raises StoppedError."""
        row = await bulk_operations.current(connection, key, self.now())
        if row is None:
            return False
        task = await self._task(connection, row)
        if row.kind == BulkKind.EXPORT:
            lines, cursor = await self._page(connection, task)
            more = cursor is not None
        else:
            lines, cursor = await self._checked(connection, task), None
            more = (row.pages + 1) * row.page_size < row.total
        member = await asyncio.to_thread(compressed, lines)
        await bulk_operations.append(connection, self.keyring, row, member, len(lines), cursor)
        if not more:
            await bulk_operations.complete(connection, self.keyring, key, row.pages + 1, self.now())
        return more

    async def _task(self, connection: AsyncConnection, row: Any) -> Task:
        """Who asks, with the rights that are left of what it began with, and for what. Raises StoppedError."""
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
        return Task(row, document, request["variables"], caller)

    async def _page(self, connection: AsyncConnection, task: Task) -> tuple[Sequence[Any], str | None]:
        """The rows of the next page, and where the one after it begins; None after the last."""
        variables = {**task.variables, FIRST: task.row.page_size, AFTER: task.row.cursor}
        ready = _ready(task, variables)
        found = orjson.loads(await _answer(connection, task.document.field, ready))
        page = found[PAGE]
        return found[task.document.rows], page["endCursor"] if page["hasNextPage"] else None

    async def _checked(self, connection: AsyncConnection, task: Task) -> Sequence[Any]:
        """What is said of each of the next lines."""
        row = task.row
        start = row.pages * row.page_size
        lines = await bulk_operations.lines_from(connection, self.keyring, row.upload_id, start, row.page_size)
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
            ready = _ready(task, {**task.variables, BY: [subject for _, subject in subjects]})
        except (DocumentError, GraphQLError) as error:
            if len(subjects) == 1:
                return {subjects[0][0]: _refused(subjects[0][0], error)}
            one_by_one = [await self._looked_up(connection, task, [one]) for one in subjects]
            return {number: told for found in one_by_one for number, told in found.items()}
        answers = orjson.loads(await _answer(connection, task.document.field, ready))
        return {number: {"line": number, "data": data} for (number, _), data in zip(subjects, answers, strict=True)}


def _ready(task: Task, variables: dict[str, Any]) -> Ready:
    """The statement for these variables. Raises DocumentError, GraphQLError."""
    principal = task.caller.principal
    values = variable_values(task.document.operation(principal.scopes), variables)
    (found,) = task.paged(values).plan.ready(values, task.caller).values()
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


def planned(document: BulkDocument, principal: Principal, page_size: int, values: Any) -> Paged:
    """The plan of a document for a caller, made once for a while."""
    key = document, principal.audience, principal.scopes, page_size
    if key not in PLANS:
        if len(PLANS) >= MOST_PLANS:
            PLANS.clear()
        PLANS[key] = Paged.of(document.operation(principal.scopes), principal.audience, values, page_size)
    return PLANS[key]


def compressed(lines: Sequence[Any]) -> bytes:
    """JSON lines as a gzip member, the same for the same lines."""
    text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
    return gzip.compress(text, FASTEST, mtime=0)


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
