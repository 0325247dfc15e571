"""Statements that a standby runs. It can insert nothing, so they return the log entry for the primary to insert, and a
fingerprint of what the answer depends on. The primary confirms the answer if its own fingerprint is the same."""

import re
from typing import Any

import sqlalchemy as sa

from engine.declare.facts import Facts
from engine.declare.sql import SQL
from engine.statement.compilation import Statement, compile_statement

READ = re.compile(
    r"""\b(?:FROM|JOIN|INTO)\s+(\w+)\b(?!\s*[.(])|\b(?:FROM|JOIN|INTO)\s+("[^"]*")"""
    r"""|,\s+(\w+)\s+AS\s+\w+\b|,\s+("[^"]*")\s+AS\s+\w+\b"""
)
"""What may be the name of a table. A word too many is harmless: the statement is then run by the primary."""

CONSTANTS = frozenset({"true", "false"})  # of IS DISTINCT FROM
WORD = re.compile(r"\w+")
DEFINED = re.compile(r"(?:\bWITH|,)\s+(\w+) AS\s+(?:MATERIALIZED\s+)?\(")
"""A common table expression."""


def compile_standby(value: SQL, rows: sa.Select[Any] | None, facts: Facts) -> Statement | None:
    """Compile the statement of a standby: the answer, the entry as JSON, and the fingerprint. The last two are NULL if
    the primary must answer. Return None if it always must.

    value: the answer. rows: of the access log for it.
    """
    if rows is None:
        return None
    logged = rows.subquery("logged")
    one = sa.select(sa.literal(1).label("one")).subquery("one")
    entry = sa.cast(sa.func.to_json(sa.literal_column("logged")), sa.Text)
    chosen = sa.select(value, entry, facts.fingerprint(logged)).select_from(one.outerjoin(logged, sa.true()))
    made = compile_statement(chosen)
    return made if _may_be_late(made.text, facts) else None


def _may_be_late(text: str, facts: Facts) -> bool:
    """Return whether the primary notices every change by which the answer of a statement would be another one."""
    return list_tables(text) <= facts.tables and facts.timely.isdisjoint(WORD.findall(text))


def list_tables(text: str) -> set[str]:
    """Return the names of all tables that a statement reads, and perhaps other words."""
    found = {name for names in READ.findall(text) for name in names if name}
    return found - set(DEFINED.findall(text)) - CONSTANTS
