"""The pages of bulk operations: their lines, and the start of the next page."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError
from sqlalchemy.ext.asyncio import AsyncConnection

from casework import bulk_uploads
from casework.refusal import Refusal
from casework.watches import Customer
from engine.document.document import DocumentError, Operation
from engine.document.json_values import JsonError, read_json
from engine.execution import coerce_variables
from engine.run import runner
from engine.statement.bound import BoundStatement
from jobs.bulk_task import Place, StoppedError, Task
from jobs.bulk_watches import customer_of, watch_customers
from models.bulk_operation import BulkError, BulkKind
from resolvers.partners.bulk_document import BETWEEN, BY, PAGE, SOMEBODY, BulkDocumentError, plan_pages


async def find_next(connection: AsyncConnection, task: Task) -> Place | None:
    """Return the place of the next page; None after the last. The access log has no entry: no data is returned."""
    if task.row.kind != BulkKind.EXPORT:
        return _next_lines(task)
    ready = _allowed(task, task.document.prepare_ends(task.engine, task.caller.scopes), task.bind_page(), logged=False)
    return _next_page(task.place, orjson.loads(await _answer(connection, task.document.field, ready))[PAGE])


async def read_page(connection: AsyncConnection, task: Task) -> tuple[bytes, int, Place | None]:
    """Return the lines of a page, their number, and the place of the next page; None after the last."""
    if task.row.kind != BulkKind.EXPORT:
        told = await _told(connection, task)
        text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in told)
        return text, len(told), _next_lines(task)
    ready = _allowed(task, task.document.prepare(task.engine, task.caller.scopes), task.bind_page())
    rows, page = split_page(await _answer(connection, task.document.field, ready))
    return rows, rows.count(b"\n"), _next_page(task.place, page)


async def _told(connection: AsyncConnection, task: Task) -> Sequence[Any]:
    """Return the results for the lines of a page."""
    size, start = task.row.page_size, task.place.pages * task.row.page_size
    answer = _watched if task.row.kind == BulkKind.BATCH_WATCH else _checked
    found = await bulk_uploads.read_lines(connection, task.caller.keyring, task.row.upload_id, start, size)
    lines, told = [line for line in found if line[1].strip()], dict[int, Any]()
    good = [(number, subject) for number, text in lines if (subject := _subject(number, text, told)) is not None]
    if good:
        told |= await answer(connection, task, good)
    return [told[number] for number, _ in lines]


async def _watched(connection: AsyncConnection, task: Task, subjects: Sequence[tuple[int, Any]]) -> dict[int, Any]:
    """Return the results for these customers. An invalid line does not affect the others."""
    told, customers = dict[int, Any](), dict[int, Customer]()
    for number, subject in subjects:
        try:
            customers[number] = await customer_of(task.engine, task.caller, connection, subject)
        except Refusal as refusal:
            told[number] = _line_error(number, refusal.code.value, refusal.message)
    lines = await watch_customers(task.engine, connection, task.caller, list(customers.values())) if customers else []
    data = zip(customers, lines, strict=True)
    return told | {number: {"line": number, "data": line} for number, line in data}


async def _checked(connection: AsyncConnection, task: Task, subjects: Sequence[tuple[int, Any]]) -> dict[int, Any]:
    """Return the results for these subjects. Raises StoppedError if the operation is no longer allowed."""
    operation = task.document.prepare(task.engine, task.caller.scopes)
    _allowed(task, operation, {**task.variables, BY: [SOMEBODY]})
    return await _looked_up(connection, task, subjects)


async def _looked_up(connection: AsyncConnection, task: Task, subjects: Sequence[tuple[int, Any]]) -> dict[int, Any]:
    """Look up these subjects. If the query fails, each is looked up alone, so that only its own line fails."""
    try:
        operation = task.document.prepare(task.engine, task.caller.scopes)
        ready = _ready(task, operation, {**task.variables, BY: [subject for _, subject in subjects]})
    except (DocumentError, GraphQLError) as error:
        if len(subjects) == 1:
            return {subjects[0][0]: _refused(subjects[0][0], error)}
        one_by_one = [await _looked_up(connection, task, [one]) for one in subjects]
        return {number: told for found in one_by_one for number, told in found.items()}
    answers = orjson.loads(await _answer(connection, task.document.field, ready))
    return {number: {"line": number, "data": data} for (number, _), data in zip(subjects, answers, strict=True)}


def _next_lines(task: Task) -> Place | None:
    """Return the place of the next page of lines."""
    done = task.place.pages + 1
    return Place(done) if done * task.row.page_size < task.row.total else None


def _next_page(place: Place, page: Mapping[str, Any]) -> Place | None:
    """Return the place of the next page of an export, from its `PageInfo`."""
    return Place(place.pages + 1, page["endCursor"]) if page["hasNextPage"] else None


def _ready(task: Task, operation: Operation, variables: dict[str, Any], *, logged: bool = True) -> BoundStatement:
    """Return the statement for these variables. logged: whether to write the access log. Raises DocumentError,
    GraphQLError, BulkDocumentError."""
    values = coerce_variables(operation, variables)
    audience, size = task.caller.principal.audience, task.row.page_size
    plan = plan_pages(operation, audience, values, size, logged=logged)
    (found,) = plan.bind(values, task.caller).values()
    assert isinstance(found, BoundStatement)  # noqa: S101 - it leads to rows
    return found


def _allowed(task: Task, operation: Operation, variables: dict[str, Any], *, logged: bool = True) -> BoundStatement:
    """Return the statement for these variables. Raises StoppedError if the operation is no longer allowed."""
    try:
        return _ready(task, operation, variables, logged=logged)
    except (DocumentError, GraphQLError, BulkDocumentError):
        raise StoppedError(BulkError.REFUSED) from None


async def _answer(connection: AsyncConnection, name: str, ready: BoundStatement) -> bytes:
    """Execute a statement in the transaction of `connection`."""
    await runner.compile_all([ready])
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None  # noqa: S101 - a statement has run on it
    await runner.declare(raw.driver_connection, [ready], set())
    return (await runner.fetch_answers(raw.driver_connection, {name: ready}))[name]


def split_page(text: bytes) -> tuple[bytes, Any]:
    """Return the rows of a page, one on each line, and its `PageInfo`. The rows are not parsed."""
    rows, _, page = text.rpartition(b'],"%s":' % PAGE.encode())
    lines = rows.partition(b"[")[2].replace(BETWEEN.encode(), b"\n")
    return lines + b"\n" if lines else b"", orjson.loads(page.removesuffix(b"}"))


def _subject(number: int, text: bytes, told: dict[int, Any]) -> Any:
    """Return the subject on a line; None, with an error in `told`, if the line has none."""
    try:
        found = read_json(text)
    except JsonError:
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
