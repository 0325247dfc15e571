"""The tables of the transparency log. Rows are added and never changed."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.access_answer import Snapshot
from models.base import Base


class LogLeaf(Base):
    """A leaf: the entry of an answer of the access log. It outlives the answer.

    index: its place in the tree. at, answer_id, client_key: the key of the answer. entry: what is hashed
    (`models.transparency.entries`): the time and commitments.
    """

    __tablename__ = "log_leaf"
    __table_args__ = (
        sa.UniqueConstraint("at", "answer_id", "client_key"),
        sa.CheckConstraint("index >= 0", name="index"),
        sa.CheckConstraint("octet_length(entry) = 105", name="entry"),
    )

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    answer_id: Mapped[int] = mapped_column(BigInteger)
    client_key: Mapped[int] = mapped_column(BigInteger)
    entry: Mapped[bytes]


class LogNode(Base):
    """The root of a full tile: a hash of the tiles above it. level: of the tile that has the hash, from 1."""

    __tablename__ = "log_node"
    __table_args__ = (
        sa.CheckConstraint("level > 0", name="level"),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash"),
    )

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class LogCheckpoint(Base):
    """A state of the log, signed by it. note: the signed note.

    epoch, snapshot: the log contains the answers whose transactions were complete in this snapshot of the cluster that
    `AccessIndexState.epoch` numbers. The first checkpoint after a restore into another cluster may have the size of the
    last one before.
    """

    __tablename__ = "log_checkpoint"
    __table_args__ = (
        sa.CheckConstraint("size > 0", name="size"),
        sa.CheckConstraint("octet_length(root) = 32", name="root"),
    )

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    signed_at: Mapped[datetime]
    note: Mapped[str]
    epoch: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    snapshot: Mapped[str] = mapped_column(Snapshot)


class LogCosignature(Base):
    """A cosignature of a checkpoint (C2SP `tlog-cosignature`).

    size: of the checkpoint. witness: its public key. line: of the signed note. seen_at: when the witness says that it
    saw the checkpoint.
    """

    __tablename__ = "log_cosignature"
    __table_args__ = (
        sa.CheckConstraint("size > 0", name="size"),
        sa.CheckConstraint("line ~ '^— [^ +[:cntrl:]]+ [A-Za-z0-9+/]+=*$'", name="line"),
    )

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    witness: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[str]
    seen_at: Mapped[datetime]


class LogRotation(Base):
    """A change of the log's key, signed by the old key and by the new one (`models.transparency.rotations`).

    number: from 1 on, in order.
    """

    __tablename__ = "log_rotation"
    __table_args__ = (sa.CheckConstraint("number > 0", name="number"),)

    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    note: Mapped[str]


class LogDeletion(Base):
    """The deletion of a month of the access log after ten years (R19).

    month: such as 2016-11. answers: their number. entries: SHA-256 of their entries in the order of the log, which
    keeps them. archive: SHA-256 of the file in which they were kept; NULL if they were erased. deleted_by: who ran
    the command; login: the user of the database. note: the same, signed by the log (`models.transparency.archives`);
    NULL if erased.
    """

    __tablename__ = "log_deletion"
    __table_args__ = (
        sa.CheckConstraint("month ~ '^[0-9]{4}-[0-9]{2}$'", name="month"),
        sa.CheckConstraint("answers >= 0", name="answers"),
        sa.CheckConstraint("octet_length(entries) = 32 AND octet_length(archive) = 32", name="hashes"),
        sa.CheckConstraint("(archive IS NULL) = (note IS NULL)", name="signed"),
    )

    month: Mapped[str] = mapped_column(primary_key=True)
    answers: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[bytes]
    archive: Mapped[bytes | None]
    deleted_by: Mapped[str]
    login: Mapped[str] = mapped_column(server_default=sa.text("session_user"))
    deleted_at: Mapped[datetime] = mapped_column(server_default=sa.text("now()"))
    note: Mapped[str | None]
