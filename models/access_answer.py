"""The access log as it is kept (R19): one row an answer, found by subject through an index that the worker writes.

`models.access_record` reads it as one entry for each subject.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ARRAY, BigInteger, DateTime, Index, Integer, LargeBinary, SmallInteger, Text, Uuid, text
from sqlalchemy.dialects.postgresql import BYTEA, array
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from models.audience import Audience, Purpose
from models.base import Base, DatabaseView, choice


class Xid8(UserDefinedType[int]):
    """The number of a transaction, with its epoch."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        """The type's name in SQL."""
        return "xid8"


class Snapshot(UserDefinedType[str]):
    """Which transactions had ended at a moment."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        """The type's name in SQL."""
        return "pg_snapshot"


class AccessShape(Base):
    """What answers of one root field of one document have in common. id: 64 bits of the hash of the rest."""

    __tablename__ = "access_shape"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    operation: Mapped[bytes] = mapped_column(LargeBinary)
    field: Mapped[str] = mapped_column(Text)
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))


class AccessAnswer(Base):
    """One answer: who, why, when once; subjects, results and rights as arrays. Neither names nor numbers.

    subjects: how many. Arrays are as long, or NULL where nothing is said of any subject; one result stands for all.
    A known party is found by its key, a number that is nobody's yet by its hash. There are no foreign keys: the row is
    written by the statement that read what it names, and outlives it. salt: for the commitment to its content. xid,
    epoch: the transaction that wrote it, and the database cluster in which that number counts.
    """

    __tablename__ = "access_answer"
    __table_args__ = (
        sa.PrimaryKeyConstraint("at", "id", "client_key"),
        Index("ix_access_answer_tail", "epoch", "xid"),
        Index("ix_access_answer_id", "id", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, sa.Identity())
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    client_key: Mapped[int] = mapped_column(BigInteger)
    request_id: Mapped[UUID] = mapped_column(Uuid)
    audience: Mapped[Audience] = mapped_column(choice(Audience))
    operator: Mapped[str | None] = mapped_column(Text)
    branch: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[Purpose] = mapped_column(choice(Purpose))
    shape_id: Mapped[int] = mapped_column(BigInteger)
    subjects: Mapped[int] = mapped_column(Integer)
    results: Mapped[list[str]] = mapped_column(ARRAY(Text))
    parties: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger))
    indexes: Mapped[list[bytes | None] | None] = mapped_column(ARRAY(BYTEA))
    consents: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger))
    share_codes: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger))
    refs: Mapped[list[str | None] | None] = mapped_column(ARRAY(Text))
    relations: Mapped[list[str | None] | None] = mapped_column(ARRAY(Text))
    salt: Mapped[UUID] = mapped_column(Uuid, server_default=text("gen_random_uuid()"))
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    epoch: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))


class AccessIndex(Base):
    """The answers about one subject, as far as the worker has come; `AccessTail` has the others.

    subject: the octets of a party's key, or the hash of a number that was nobody's.
    """

    __tablename__ = "access_index"
    __table_args__ = (
        sa.PrimaryKeyConstraint("subject", "at", "answer_id"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    subject: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answer_id: Mapped[int] = mapped_column(BigInteger)
    client_key: Mapped[int] = mapped_column(BigInteger)


class AccessIndexState(Base):
    """How far the index has come, in one row: every answer whose transaction had ended in `snapshot` is in it.

    snapshot: NULL if the index has to be built. system: the cluster whose transactions `epoch` counts; another one
    means that the database was restored or copied.
    """

    __tablename__ = "access_index_state"
    __table_args__ = (sa.CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(sa.Boolean, primary_key=True, server_default=text("true"))
    epoch: Mapped[int] = mapped_column(SmallInteger)
    system: Mapped[int] = mapped_column(BigInteger)
    snapshot: Mapped[str | None] = mapped_column(Snapshot)


class AccessTail(DatabaseView):
    """The answers that are not in the index yet."""

    __tablename__ = "access_tail"

    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    parties: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger))
    indexes: Mapped[list[bytes | None] | None] = mapped_column(ARRAY(BYTEA))


def is_among(entry: Any, answers: Any, party_key: Any) -> sa.ColumnElement[bool]:
    """Whether an entry is of one of the answers that `answers_about` found, and about this party."""
    return sa.and_(entry.at == answers.c.at, entry.answer_id == answers.c.answer_id, entry.party_id == party_key)


def answers_about(party_key: Any, index: Any | None = None) -> sa.CompoundSelect[Any]:
    """The moment and the id of each answer about a party, or about the hash of a number, indexed or not."""
    tail, by_party = AccessTail, sa.func.int8send(party_key)
    subjects = [by_party] if index is None else [by_party, index]
    about: sa.ColumnElement[bool] = tail.parties.bool_op("@>")(array([party_key]))
    if index is not None:
        about = sa.or_(about, tail.indexes.bool_op("@>")(array([index])))
    indexed = AccessIndex.subject == sa.any_(array(subjects, type_=LargeBinary))
    return sa.union_all(
        sa.select(AccessIndex.at, AccessIndex.answer_id).where(indexed),
        sa.select(tail.at, tail.id.label("answer_id")).where(about),
    )
