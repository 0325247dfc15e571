"""What a page of a bulk operation comes to: its lines, and where the next one begins."""

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
from engine.plan import runner
from engine.plan.plan import BoundStatement
from jobs.bulk_task import Place, StoppedError, Task
from jobs.bulk_watches import customer_of, watched
from models.bulk_operation import BulkError, BulkKind
from resolvers.partners.bulk_document import BETWEEN, BY, PAGE, SOMEBODY, BulkDocumentError, Paged


async def following(connection: AsyncConnection, task: Task) -> Place | None:
    """Where the page after this one should begin; None where none should. Nobody is told, so nothing is logged."""
    if task.row.kind != BulkKind.EXPORT:
        return _next_lines(task)
    ready = _allowed(task, task.document.ends(task.engine, task.caller.scopes), task.page(), logged=False)
    return _next_page(task.place, orjson.loads(await _answer(connection, task.document.field, ready))[PAGE])


async def page_of_lines(connection: AsyncConnection, task: Task) -> tuple[bytes, int, Place | None]:
    """The lines of a page, how many they are, and where the page after it begins; None after the last."""
    if task.row.kind != BulkKind.EXPORT:
        told = await _told(connection, task)
        text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in told)
        return text, len(told), _next_lines(task)
    ready = _allowed(task, task.document.operation(task.engine, task.caller.scopes), task.page())
    rows, page = split_page(await _answer(connection, task.document.field, ready))
    return rows, rows.count(b"\n"), _next_page(task.place, page)


async def _told(connection: AsyncConnection, task: Task) -> Sequence[Any]:
    """What is said of each line of a page."""
    size, start = task.row.page_size, task.place.pages * task.row.page_size
    answer = _watched if task.row.kind == BulkKind.BATCH_WATCH else _checked
    found = await bulk_uploads.lines_from(connection, task.caller.keyring, task.row.upload_id, start, size)
    lines, told = [line for line in found if line[1].strip()], dict[int, Any]()
    good = [(number, subject) for number, text in lines if (subject := _subject(number, text, told)) is not None]
    if good:
        told |= await answer(connection, task, good)
    return [told[number] for number, _ in lines]


async def _watched(connection: AsyncConnection, task: Task, subjects: Sequence[tuple[int, Any]]) -> dict[int, Any]:
    """What came of these customers. One that is none keeps nobody else from being watched."""
    told, customers = dict[int, Any](), dict[int, Customer]()
    for number, subject in subjects:
        try:
            customers[number] = customer_of(task.engine, task.caller, connection, subject)
        except Refusal as refusal:
            told[number] = _line_error(number, refusal.code.value, refusal.message)
    lines = await watched(task.engine, connection, task.caller, list(customers.values())) if customers else []
    data = zip(customers, lines, strict=True)
    return told | {number: {"line": number, "data": line} for number, line in data}


async def _checked(connection: AsyncConnection, task: Task, subjects: Sequence[tuple[int, Any]]) -> dict[int, Any]:
    """What is said of these subjects, for a purpose that is still allowed: what else fails is the lines' own."""
    operation = task.document.operation(task.engine, task.caller.scopes)
    _allowed(task, operation, {**task.variables, BY: [SOMEBODY]})
    return await _looked_up(connection, task, subjects)


async def _looked_up(connection: AsyncConnection, task: Task, subjects: Sequence[tuple[int, Any]]) -> dict[int, Any]:
    """What is said of these subjects. One that cannot be asked for keeps nobody else from an answer."""
    try:
        operation = task.document.operation(task.engine, task.caller.scopes)
        ready = _ready(task, operation, {**task.variables, BY: [subject for _, subject in subjects]})
    except (DocumentError, GraphQLError) as error:
        if len(subjects) == 1:
            return {subjects[0][0]: _refused(subjects[0][0], error)}
        one_by_one = [await _looked_up(connection, task, [one]) for one in subjects]
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


def _ready(task: Task, operation: Operation, variables: dict[str, Any], *, logged: bool = True) -> BoundStatement:
    """The statement for these variables. Raises DocumentError, GraphQLError."""
    values = coerce_variables(operation, variables)
    audience, size = task.caller.principal.audience, task.row.page_size
    paged = Paged.of(operation, audience, values, size, logged=logged)
    (found,) = paged.plan.bind(values, task.caller).values()
    assert isinstance(found, BoundStatement)  # noqa: S101 - it leads to rows
    return found


def _allowed(task: Task, operation: Operation, variables: dict[str, Any], *, logged: bool = True) -> BoundStatement:
    """The same for what was allowed when it was begun. Raises StoppedError if it is not now."""
    try:
        return _ready(task, operation, variables, logged=logged)
    except (DocumentError, GraphQLError, BulkDocumentError):
        raise StoppedError(BulkError.REFUSED) from None


async def _answer(connection: AsyncConnection, name: str, ready: BoundStatement) -> bytes:
    """The answer of a statement, in the transaction that `connection` is in."""
    await runner.compile_all([ready])
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None  # noqa: S101 - a statement has run on it
    return (await runner.fetch_answers(raw.driver_connection, {name: ready}))[name]


def split_page(text: bytes) -> tuple[bytes, Any]:
    """The rows of a page, each on a line of its own, and its `PageInfo`. The rows are not read: they are as sent."""
    rows, _, page = text.rpartition(b'],"%s":' % PAGE.encode())
    lines = rows.partition(b"[")[2].replace(BETWEEN.encode(), b"\n")
    return lines + b"\n" if lines else b"", orjson.loads(page.removesuffix(b"}"))


def _subject(number: int, text: bytes, told: dict[int, Any]) -> Any:
    """The subject on a line; of a line that holds none, what is said of that stands in `told`."""
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
