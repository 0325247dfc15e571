"""A statement that answers several requests in one call and one commit.

It is the statement of one request, with the columns of `asked`, a row for each request, in place of its scalar
parameters. Parameters that are arrays stay parameters: requests of one call agree on them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import CompileError

from engine.declare.sql import SQL
from engine.statement.compilation import Dialect, StatementCompiler

VALUE = "value"


@dataclass(frozen=True)
class BatchStatement:
    """The text of a statement. shared: names of the parameters that requests agree on. by_row: of those that are sent
    as arrays with a value for each request."""

    text: str
    shared: tuple[str, ...]
    by_row: tuple[str, ...]

    def arguments(self, requests: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return the arguments for the values of these requests."""
        first = requests[0]
        return [
            *(first[name] for name in self.shared),
            *([values[name] for values in requests] for name in self.by_row),
        ]


class _Compiler(StatementCompiler):
    """Writes scalar parameters as columns of `asked`, and keeps their types in `by_row`."""

    def visit_bindparam(self, bindparam: Any, literal_binds: bool = False, **options: Any) -> str:
        if not bindparam.required or isinstance(bindparam.type, sa.ARRAY):
            return super().visit_bindparam(bindparam, literal_binds=literal_binds, **options)
        by_row: dict[str, str] = self.__dict__.setdefault("by_row", {})
        by_row[bindparam.key] = bindparam.type.compile(dialect=self.dialect)
        return f"asked.{bindparam.key}"


class _Dialect(Dialect):
    statement_compiler = _Compiler


DIALECT = _Dialect()  # type: ignore[no-untyped-call]


def compile_batch(value: SQL, rows: sa.Select[Any] | None, table: Any) -> BatchStatement | None:
    """Compile the statement of a batch; None if a parameter has no type.

    value: the answer to one request. rows: the rows of the access log for it, if any. table: of the log.
    """
    answer = sa.select(sa.literal(1).label("one")).subquery("one")
    logged = None if rows is None else rows.subquery("logged")
    source = answer if logged is None else answer.outerjoin(logged, sa.true())
    columns = [] if logged is None else list(logged.c)
    try:
        made: Any = sa.select(value.label(VALUE), *columns).select_from(source).compile(dialect=DIALECT)
    except CompileError:
        return None
    shared, by_row = tuple(made.positiontup or ()), made.__dict__.get("by_row", {})
    if not by_row:
        return None
    return BatchStatement(_write(str(made), len(shared), by_row, columns, table), shared, tuple(by_row))


def _write(made: str, shared: int, by_row: Mapping[str, str], columns: Sequence[Any], table: Any) -> str:
    arrays = ", ".join(f"${place}::{type_}[]" for place, type_ in enumerate(by_row.values(), shared + 1))
    asked = f"unnest({arrays}) WITH ORDINALITY AS asked({', '.join(by_row)}, ordinal)"
    batch = f"batch AS MATERIALIZED (SELECT asked.ordinal, made.*\nFROM {asked} CROSS JOIN LATERAL (\n{made}) AS made)"
    chosen = f"SELECT DISTINCT ON (ordinal) {VALUE} FROM batch ORDER BY ordinal"  # noqa: S608 - names of the schema
    if not columns:
        return f"WITH {batch}\n{chosen}"
    names = ", ".join(column.name for column in columns)
    mapper = sa.inspect(table)
    present = next(column.name for column in columns if not mapper.columns[column.name].nullable)
    rows = f"SELECT {names} FROM batch WHERE {present} IS NOT NULL"  # noqa: S608 - names of the schema
    return f"WITH {batch},\nentries AS (INSERT INTO {mapper.local_table.name} ({names}) {rows})\n{chosen}"
