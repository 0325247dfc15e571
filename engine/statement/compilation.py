"""Compilation of SQL for PostgreSQL: text with numbered parameters."""

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

PARAMETER = re.compile(r"%%|%\((\w+)\)s")
"""A doubled percent sign, or a parameter by name, as psycopg2 writes them."""


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


class NamingCompiler(StatementCompiler):
    """Writes parameters without their types."""

    def render_bind_cast(self, type_: Any, dbapi_type: Any, sqltext: str) -> str:
        return sqltext


class NamingDialect(PGDialect_psycopg2):
    """Writes parameters by name."""

    statement_compiler = NamingCompiler
    supports_statement_cache = False


NAMING_DIALECT = NamingDialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
DIALECT = Dialect()  # type: ignore[no-untyped-call]


def compile_statement(select: sa.Executable) -> Statement:
    """Compile a statement. Its parameters are the bind parameters without a value."""
    found: Any = select.compile(dialect=DIALECT)  # type: ignore[attr-defined]  # executables have it
    return Statement(str(found), tuple(found.positiontup or ()))


def precompile(select: sa.Select[Any]) -> sa.TextualSelect:
    """Return a select with the same columns and parameters whose text is written already: a statement that contains it
    is compiled in a tenth of the time. Its text reads no table that another part of the statement names."""
    compiled = select.compile(dialect=NAMING_DIALECT)
    types = {bound.key: bound.type for bound in compiled.bind_names}
    escaped = str(compiled).replace(":", "\\:")  # as `sa.text` reads it
    text = sa.text(PARAMETER.sub(lambda found: f":{found[1]}" if found[1] else "%", escaped))
    names = {found[1] for found in PARAMETER.finditer(escaped) if found[1]}
    binds = [sa.bindparam(name, type_=types[name], required=True) for name in sorted(names)]
    columns = [sa.column(column.name, column.type) for column in select.selected_columns]
    return text.bindparams(*binds).columns(*columns)
