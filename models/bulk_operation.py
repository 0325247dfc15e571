"""Bulk operations (批量作业): a document that runs in the background, page by page, into a file of JSON lines."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, index_where
from models.sealed_octets import BOUND


class BulkKind(StrEnum):
    """The kind of a bulk operation."""

    EXPORT = "EXPORT"
    BATCH_CHECK = "BATCH_CHECK"
    BATCH_WATCH = "BATCH_WATCH"


class BulkState(StrEnum):
    """The state of a bulk operation."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class BulkError(StrEnum):
    """The reason for which a bulk operation failed."""

    VANISHED = "VANISHED"
    TOO_LARGE = "TOO_LARGE"
    REFUSED = "REFUSED"
    INTERNAL = "INTERNAL"


class BulkUpload(Keyed):
    """An upload of lines to be checked. They hold identity numbers (R18), so its pieces are sealed."""

    __tablename__ = "bulk_upload"
    __table_args__ = (CheckConstraint("lines > 0", name="lines"),)

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    lines: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class BulkUploadPiece(Base):
    """A thousand lines of an upload, sealed."""

    __tablename__ = "bulk_upload_piece"

    upload_id: Mapped[int] = mapped_column(ForeignKey("bulk_upload.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(info={BOUND: "bulk/upload/{upload_id}/{number}"})


class BulkOperation(Keyed):
    """An operation of a client. Its rights at the start are intersected with the client's current rights.

    registered: the purposes of its client. request: the document and its variables, sealed; null after the end.
    request_id: of its entries in the access log. page_size: rows or lines of a page. pages: completed; cursor: of the
    next one. attempts: since the last completed page; retry_at: of the next attempt. objects: lines written; total:
    lines to be read. size, sha256: of the compressed file.
    """

    __tablename__ = "bulk_operation"
    __table_args__ = (
        CheckConstraint("(state IN ('QUEUED', 'RUNNING')) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(state = 'FAILED') = (error IS NOT NULL)", name="failed"),
        CheckConstraint("state <> 'COMPLETED' OR (sha256 IS NOT NULL AND expires_at IS NOT NULL)", name="completed"),
        CheckConstraint("(kind = 'EXPORT') = (total IS NULL)", name="total"),
        CheckConstraint("(ended_at IS NULL) = (request IS NOT NULL)", name="sealed"),
        index_where("ix_bulk_operation_open", "id", where="ended_at IS NULL"),
        index_where("ix_bulk_operation_expires_at", "expires_at", where="state = 'COMPLETED'"),
    )

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    jurisdiction: Mapped[str | None]
    kind: Mapped[BulkKind]
    state: Mapped[BulkState] = mapped_column(server_default=BulkState.QUEUED)
    scopes: Mapped[list[str]]
    purposes: Mapped[list[str]]
    registered: Mapped[list[str]]
    reference: Mapped[str | None]
    request: Mapped[bytes | None] = mapped_column(info={BOUND: "bulk/request/{id}"})
    request_id: Mapped[UUID]
    upload_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    page_size: Mapped[int] = mapped_column(SmallInteger)
    pages: Mapped[int] = mapped_column(server_default=text("0"))
    cursor: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    retry_at: Mapped[datetime | None]
    objects: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    total: Mapped[int | None]
    size: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    sha256: Mapped[bytes | None]
    error: Mapped[BulkError | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class BulkChunk(Base):
    """The lines of a page as a gzip member, sealed. Concatenated members are a gzip file (RFC 1952, 2.2).

    size: of the member in clear.
    """

    __tablename__ = "bulk_chunk"

    operation_id: Mapped[int] = mapped_column(ForeignKey("bulk_operation.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(info={BOUND: "bulk/chunk/{operation_id}/{number}"})
