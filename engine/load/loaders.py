"""The loaders: they resolve fields one by one and read the rows of a relation in batches (aiodataloader).

Tests compare the answers of the plans with theirs.
"""

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from aiodataloader import DataLoader

from engine.declare.paging import Page
from engine.declare.relations import Relation, Root
from engine.load.context import Context, shield
from engine.load.rows import PagePlace, PlacedRow, RootAnswer, Row
from engine.load.statements import RelationQuery, get_query, name_argument_values, name_key_values

Key = tuple[Any, ...]


class Loader(DataLoader[Key, Any]):  # type: ignore[misc]  # aiodataloader has no types
    """A loader whose batches are shielded from cancellation. graphql-core cancels the siblings of a failed field."""

    def load(self, key: Key) -> "asyncio.Future[Any]":
        """Return the value of `key`. All keys of one turn of the event loop are read by one statement."""
        return shield(super().load(key))


class RelationLoader(Loader):
    """Maps the keys of parents to the rows of one relation, for one view and the same arguments."""

    def __init__(self, context: Context, relation: Relation, parent: Row, arguments: Mapping[str, Any]) -> None:
        super().__init__()
        self.context, self.relation, self.arguments = context, relation, arguments
        self.answer = parent.answer
        self.reading = get_query(context.engine, relation, parent.answer.view.audience)

    def values(self, keys: Sequence[Key]) -> dict[str, Any]:
        """Return the bind values of a batch."""
        return {
            **self.answer.view.parameters(),
            **name_argument_values(self.arguments),
            **name_key_values(self.relation, keys),
        }

    def statement(self) -> sa.Select[Any]:
        """Return the statement that reads the rows of a batch."""
        return self.reading.select_rows()

    async def batch_load_fn(self, keys: list[Key]) -> Sequence[Any]:
        """Return the rows of each key, in the order of the keys."""
        found = await self.context.fetch(self.statement(), self.values(keys))
        return group_rows(found, len(keys), self.reading, self.answer)


class PageLoader(RelationLoader):
    """Maps the keys of parents to one page of a relation, with one more row if another page follows."""

    def __init__(self, context: Context, relation: Relation, parent: Row, page: Page) -> None:
        super().__init__(context, relation, parent, {})
        self.page = page

    def statement(self) -> sa.Select[Any]:
        """Return the statement that reads the pages of a batch."""
        return self.reading.select_page(self.page)


class CountLoader(PageLoader):
    """Maps the keys of parents to the number of rows that match the filters of a page."""

    async def batch_load_fn(self, keys: list[Key]) -> Sequence[Any]:
        """Return the count for each key, in the order of the keys."""
        found = await self.context.fetch(self.reading.select_count(self.page), self.values(keys))
        counts = {row["_ordinal"]: row["_count"] for row in found}
        return [counts.get(ordinal, 0) for ordinal in range(1, len(keys) + 1)]


def group_rows(
    found: Sequence[Mapping[Any, Any]], parents: int, reading: RelationQuery, answer: RootAnswer
) -> list[list[Row]]:
    """Return rows grouped by the ordinal of their parent."""
    rows: defaultdict[int, list[Row]] = defaultdict(list)
    for values in found:
        rows[values["_ordinal"]].append(Row(reading.row_type, values, answer))
    return [rows[ordinal] for ordinal in range(1, parents + 1)]


async def load_relation(context: Context, relation: Relation, parent: Row, arguments: Mapping[str, Any]) -> Any:
    """Return the rows of an edge: a list, or one row or None."""
    arguments = {name: arguments.get(name) for name in relation.arguments}
    name: Hashable = (relation, parent.answer, tuple(arguments.items()))
    loader = context.get_loader(name, lambda: RelationLoader(context, relation, parent, arguments))
    rows = await loader.load(parent.get_keys(relation.keys))
    context.trail.meet(parent.answer, rows)
    return rows if relation.many else next(iter(rows), None)


async def load_page(context: Context, relation: Relation, parent: Row, page: Page) -> "LoadedPage":
    """Return one page of the rows of an edge."""

    async def count() -> int:
        counter = context.get_loader(
            (CountLoader, relation, parent.answer, page), lambda: CountLoader(context, relation, parent, page)
        )
        found: int = await counter.load(parent.get_keys(relation.keys))
        return found

    name: Hashable = (PageLoader, relation, parent.answer, page)
    loader = context.get_loader(name, lambda: PageLoader(context, relation, parent, page))
    connection = LoadedPage(await loader.load(parent.get_keys(relation.keys)), page, count)
    context.trail.meet(parent.answer, connection.nodes)
    return connection


class LoadedPage:
    """A page as GraphQL reads it."""

    def __init__(self, rows: Sequence[Row], page: Page, count: Any) -> None:
        self.nodes, self.page, self.count = list(rows[: page.first]), page, count
        self.more = len(rows) > page.first

    @property
    def edges(self) -> list[PlacedRow]:
        """The rows with their cursors."""
        return [PlacedRow(row._cursor, row) for row in self.nodes]

    @property
    def page_info(self) -> PagePlace:
        """The position of the page. Pages are read forward only."""
        cursors = [row._cursor for row in self.nodes]
        ends = (cursors[0], cursors[-1]) if cursors else (None, None)
        return PagePlace(self.more, self.page.after is not None, *ends)


async def answer_root(context: Context, field: str, root: Root, arguments: Mapping[str, Any], page: Page | None) -> Any:
    """Return the rows of a root field and note them for the access log: a page, a list, or one row or None."""
    prepared = root.prepare_values(arguments, context.caller)
    if prepared.before is not None:
        await context.fetch(prepared.before, name_argument_values(prepared.values) | dict(prepared.view.parameters()))
    return await load_root(context, root, prepared.values, RootAnswer(field, prepared.view), page)


async def load_root(
    context: Context, root: Root, values: Mapping[str, Any], answer: RootAnswer, page: Page | None = None
) -> Any:
    """Return the rows of a root for the values of its keys, as a part of `answer`."""
    view = answer.view
    reading = get_query(context.engine, root.relation, view.audience, root=True)
    binds = {**view.parameters(), **name_argument_values({key: values.get(key) for key in root.relation.keys})}
    statement = reading.select_page(page, root.about) if page else reading.select_rows(root.about)
    rows = [Row(reading.row_type, read, answer) for read in await context.fetch(statement, binds)]
    if root.about:
        shown, beyond = (rows[: page.first], page.after is not None) if page else (rows, False)
        context.trail.note(answer, shown, root.about.columns(reading.child), beyond=beyond)
    if page:
        return LoadedPage(rows, page, _counting(context, reading, page, binds))
    return rows if root.relation.many else next(iter(rows), None)


def _counting(context: Context, reading: RelationQuery, page: Page, binds: Mapping[str, Any]) -> Any:
    async def count() -> int:
        found: int = (await context.fetch(reading.select_count(page), binds))[0]["_count"]
        return found

    return count
