"""Columns with keyed hashes of identity numbers (R18): declared by their type, and found by it when the keys change."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

SEALED = "sealed"
"""The entry of a column's `info` that names the column with what is sealed to the hash."""


COPIED = ("carded_identity", "issued_token", "subject_notice")
"""Tables that may hold hashes of before a change for a while: what is copied within the database, and tokens, which say
their own hash and end in minutes."""

CLAIM = sa.text("SELECT claim_form(:newest, :earlier)")
"""Returns the form in which a subject is stored, and keeps it so until the transaction ends."""


class NumberHash(sa.LargeBinary):
    """The type of a keyed hash (`models.keyring`): the version of the key, and 20 bytes."""


class EarlierForm(Base):
    """A subject whose rows bear the hash of before the change to SM (ADR 41): all of them or none, in each snapshot.

    The table is filled once, when a database changes, and its rows go with the rows that are changed. Whoever writes a
    hash holds the row of its subject, if there is one, by `claim_form`.
    """

    __tablename__ = "earlier_form"
    __table_args__ = (sa.CheckConstraint("octet_length(earlier) = 21", name="keyed_hash"),)

    earlier: Mapped[bytes] = mapped_column(primary_key=True)


def find_stored(newest: Any, earlier: Any) -> sa.ColumnElement[Any]:
    """Return the form of a hash in which its subject is stored, in SQL. earlier: null unless the ring has changed."""
    return sa.func.stored_form(newest, earlier, type_=sa.LargeBinary)


def list_hashes(metadata: sa.MetaData) -> Iterator[sa.Column[bytes]]:
    """Find the columns with keyed hashes, and with arrays of them."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(get_item_type(column.type), NumberHash):
                yield column


def get_item_type(type_: sa.types.TypeEngine[bytes]) -> sa.types.TypeEngine[bytes]:
    """Return the type of the items of an array, or the type itself."""
    return type_.item_type if isinstance(type_, sa.ARRAY) else type_


def select_marks(metadata: sa.MetaData) -> sa.Select[int | None, int | None]:
    """Select the marks of the newest and of the oldest hash that is stored, copies aside; null if nothing is."""
    both = [
        sa.select(sa.func.get_byte(column, 0).label("mark")).where(column.is_not(None)).order_by(order).limit(1)
        for column in list_hashes(metadata)
        if isinstance(column.type, NumberHash) and column.table.name not in COPIED
        for order in (column, column.desc())
    ]
    found = sa.union_all(*(sa.select(one.subquery().c.mark) for one in both)).subquery()
    return sa.select(sa.func.max(found.c.mark), sa.func.min(found.c.mark))
