"""The interface of what answers depend on. The service defines how it is found."""

from typing import Protocol

import sqlalchemy as sa

from engine.declare.sql import SQL


class Facts(Protocol):
    """What an answer depends on. It lets the primary confirm an answer that a standby has read.

    tables: names of the tables that such an answer may read: those whose changes alter the fingerprint of the answers
    that show them, and those that may be read late. timely: names of columns of the latter that decide what somebody
    may see; a statement that names one is for the primary. confirmation: the statement of the primary, with the
    parameters text[] and bigint[] for the entries as JSON and their fingerprints. It inserts the entries of those
    answers whose fingerprint is the same now, and returns a row for each answer in order: whether it is, and the
    timeline and the position of the write-ahead log.
    """

    tables: frozenset[str]
    timely: frozenset[str]
    confirmation: str

    def fingerprint(self, rows: sa.FromClause) -> SQL:
        """Return the fingerprint of an answer as bigint, NULL if it has none. rows: its entry (`Audit.select_rows`)."""
