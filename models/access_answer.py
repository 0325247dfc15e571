"""The tables of the access log (R19): one row for each answer, and an index by subject that the worker maintains."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ARRAY, BigInteger, DateTime, Index, Integer, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import BYTEA, array
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from models.audience import Audience, Purpose
from models.base import Base, DatabaseView, map_enum
from models.number_hashes import NumberHash


class EarlierHash(Base):
    """A hash of before a new key by which the log names an unknown subject, and the hash that it has now.

    Rows of the log never change; so who asks by the hash of now finds them by the earlier one.
    """

    __tablename__ = "earlier_hash"
    __table_args__ = (
        sa.CheckConstraint("octet_length(index) = 21", name="keyed_hash"),
        sa.CheckConstraint("octet_length(earlier) = 21", name="earlier_hash"),
        Index("ix_earlier_hash_index", "index"),
    )

    earlier: Mapped[bytes] = mapped_column(primary_key=True)
    index: Mapped[bytes] = mapped_column(NumberHash)


def is_named_by(logged: Any, index: Any) -> sa.ColumnElement[bool]:
    """Test whether the hash in a row of the log is that of a number, or was before a new key."""
    earlier = sa.select(EarlierHash.earlier).where(EarlierHash.index == index)
    return sa.or_(logged == index, logged.in_(earlier))


def get_present_name(logged: Any) -> sa.ColumnElement[bytes]:
    """Return the hash that the subject of a row of the log has now."""
    now = sa.select(EarlierHash.index).where(EarlierHash.earlier == logged).scalar_subquery()
    return sa.func.coalesce(now, logged)


class Xid8(UserDefinedType[int]):
    """A transaction number with its epoch."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        """The type's name in SQL."""
        return "xid8"


class Snapshot(UserDefinedType[str]):
    """A snapshot of transactions."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        """The type's name in SQL."""
        return "pg_snapshot"


class AccessShape(Base):
    """The values that all answers to a root field of a document share. id: 64 bits of their hash."""

    __tablename__ = "access_shape"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    operation: Mapped[bytes]
    field: Mapped[str]
    types: Mapped[list[str]]


class AccessAnswer(Base):
    """An answer: who, why and when; subjects, results and rights in arrays; no names or numbers.

    subjects: their number. An array has a value for each subject, or is NULL if all are NULL; a single result applies
    to all subjects. A known party is identified by its key, an unknown one by the hash of its number. There are no
    foreign keys, since the row is inserted by the statement that reads the rows, and outlives them. salt: for the
    commitment to the row. is_audience, is_purpose: functions, since a list of words in a CHECK is read anew in each
    INSERT. xid, epoch: the inserting transaction, and the cluster that numbered it.
    """

    __tablename__ = "access_answer"
    __table_args__ = (
        sa.PrimaryKeyConstraint("at", "id", "client_key"),
        Index("ix_access_answer_tail", "epoch", "xid"),
        Index("ix_access_answer_id", "id", postgresql_using="brin"),
        sa.CheckConstraint("is_audience(audience)", name="audience"),
        sa.CheckConstraint("is_purpose(purpose)", name="purpose"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, sa.Identity())
    at: Mapped[datetime]
    client_key: Mapped[int] = mapped_column(BigInteger)
    request_id: Mapped[UUID]
    audience: Mapped[Audience] = mapped_column(map_enum(Audience, checked=False))
    operator: Mapped[str | None]
    branch: Mapped[str | None]
    purpose: Mapped[Purpose] = mapped_column(map_enum(Purpose, checked=False))
    shape_id: Mapped[int] = mapped_column(BigInteger)
    subjects: Mapped[int] = mapped_column(Integer)
    results: Mapped[list[str]]
    parties: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger))
    indexes: Mapped[list[bytes | None] | None] = mapped_column(ARRAY(BYTEA))
    consents: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger))
    share_codes: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger))
    refs: Mapped[list[str | None] | None] = mapped_column(ARRAY(Text))
    relations: Mapped[list[str | None] | None] = mapped_column(ARRAY(Text))
    salt: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    epoch: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))


class AccessIndex(Base):
    """The answers about each subject, except those in `AccessTail`.

    subject: the key of a party as eight bytes, or the hash of the number of an unknown one.
    """

    __tablename__ = "access_index"
    __table_args__ = (
        sa.PrimaryKeyConstraint("subject", "at", "answer_id"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    subject: Mapped[bytes]
    at: Mapped[datetime]
    answer_id: Mapped[int] = mapped_column(BigInteger)
    client_key: Mapped[int] = mapped_column(BigInteger)


class AccessIndexState(Base):
    """The state of the index, in one row: it contains the answers whose transactions are complete in `snapshot`.

    snapshot: NULL if the index has to be built. system: the identifier of the cluster that numbers the transactions
    of `epoch`; it differs after a restore from a dump.
    """

    __tablename__ = "access_index_state"
    __table_args__ = (sa.CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(sa.Boolean, primary_key=True, server_default=text("true"))
    epoch: Mapped[int] = mapped_column(SmallInteger)
    system: Mapped[int] = mapped_column(BigInteger)
    snapshot: Mapped[str | None] = mapped_column(Snapshot)


class AccessLogClosing(Base):
    """Until when the access log was closed: nothing is inserted into earlier months any more. xid, epoch: of the
    transaction that closed it, and the cluster that numbered it."""

    __tablename__ = "access_log_closing"

    until: Mapped[datetime] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(SmallInteger)
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))


class AccessTail(DatabaseView):
    """The answers that the index does not contain yet."""

    __tablename__ = "access_tail"

    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    parties: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger))
    indexes: Mapped[list[bytes | None] | None] = mapped_column(ARRAY(BYTEA))


def encode_subject(party_key: Any, index: Any = None) -> sa.ColumnElement[Any]:
    """Return the `subject` of the index for a party, or else for the hash of the number of an unknown one."""
    by_party: sa.ColumnElement[Any] = sa.func.int8send(party_key, type_=LargeBinary)
    return by_party if index is None else sa.func.coalesce(by_party, index)


def join_answers(subjects: sa.FromClause) -> sa.Subquery:
    """Select the answers about each subject: the columns of `subjects`, which has `subject`, and `at`, `answer_id`.

    A subject is also found by its hashes of before a new key; `subject` is then the earlier one.
    """
    subjects = _add_earlier(subjects)
    tail, one = AccessTail, sa.func.unnest(AccessTail.parties, AccessTail.indexes)
    named = one.table_valued(sa.column("party", BigInteger), sa.column("index", LargeBinary)).render_derived("named")
    subject = encode_subject(named.c.party, named.c.index).label("about")
    left = (
        sa.select(tail.at, tail.id.label("answer_id"), subject).distinct().join(named, sa.true()).subquery("left_over")
    )
    return sa.union_all(
        sa.select(*subjects.c, AccessIndex.at, AccessIndex.answer_id).join(
            AccessIndex, AccessIndex.subject == subjects.c.subject
        ),
        sa.select(*subjects.c, left.c.at, left.c.answer_id).join(left, left.c.about == subjects.c.subject),
    ).subquery("answers")


def _add_earlier(subjects: sa.FromClause) -> sa.Subquery:
    """Add a row for each earlier hash of a subject."""
    others = [column for column in subjects.c if column.key != "subject"]
    earlier = sa.select(EarlierHash.earlier.label("subject"), *others)
    known = earlier.join(subjects, EarlierHash.index == subjects.c.subject)
    return sa.select(subjects.c.subject, *others).union_all(known).subquery("subjects")


def is_among(entry: Any, answers: sa.FromClause) -> sa.ColumnElement[bool]:
    """Test whether an entry of the log belongs to an answer and a subject of `join_answers`."""
    answer = sa.and_(entry.at == answers.c.at, entry.answer_id == answers.c.answer_id)
    return sa.and_(answer, encode_subject(entry.party_id, entry.subject_index) == answers.c.subject)


def is_at_answers_about(at: Any, party_key: Any, index: Any) -> sa.ColumnElement[bool]:
    """Test whether an answer of this time is about a party, or about an unknown subject with this hash. By an array of
    times, months are read from the newest on, until a page is full; joined, the whole log may be read."""
    answers = select_answers_about(party_key, index).subquery()
    found: sa.ColumnElement[bool] = at == sa.any_(sa.func.array(sa.select(answers.c.at).scalar_subquery()))
    return found


def select_answers_about(party_key: Any, index: Any) -> sa.Select[Any]:
    """Select time and id of the answers about a party, and about an unknown subject with this hash."""
    one = sa.func.unnest(array([encode_subject(party_key), index], type_=LargeBinary)).table_valued("subject")
    answers = join_answers(one.render_derived("asked_subject"))
    return sa.select(answers.c.at, answers.c.answer_id)
