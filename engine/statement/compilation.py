"""Compilation of SQL for PostgreSQL: text with numbered parameters."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg


@dataclass(frozen=True)
class Statement:
    """The text of a statement and the names of its parameters in order."""

    text: str
    parameters: tuple[str, ...]


class StatementCompiler(PGDialect_asyncpg.statement_compiler):  # type: ignore[misc,valid-type]  # a class attribute
    """Writes constants as literals, so that the planner can see them."""

    def visit_bindparam(self, bindparam: Any, literal_binds: bool = False, **options: Any) -> str:
        written: str = super().visit_bindparam(
            bindparam, literal_binds=literal_binds or not bindparam.required, **options
        )
        return written


class Dialect(PGDialect_asyncpg):
    """The dialect of plans."""

    statement_compiler = StatementCompiler
    supports_statement_cache = False


DIALECT = Dialect()  # type: ignore[no-untyped-call]


def compile_statement(select: sa.Executable) -> Statement:
    """Compile a statement. Its parameters are the bind parameters without a value."""
    found: Any = select.compile(dialect=DIALECT)  # type: ignore[attr-defined]  # executables have it
    return Statement(str(found), tuple(found.positiontup or ()))
