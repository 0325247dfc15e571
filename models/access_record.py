"""The access log (访问日志): one entry for each answer about a subject (R19), append-only, in monthly partitions."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column

from models.audience import Audience, Purpose
from models.base import Base, index_where, link
from models.client import Client


class BorrowerRelation(StrEnum):
    """The relation of a subject to the loan for which it is looked up."""

    MAIN_BORROWER = "MAIN_BORROWER"
    CO_BORROWER = "CO_BORROWER"
    GUARANTOR = "GUARANTOR"
    LEGAL_REPRESENTATIVE = "LEGAL_REPRESENTATIVE"
    OTHER = "OTHER"


class MatchOutcome(StrEnum):
    """The outcome of a partner's look-up by name and number (R15, R17)."""

    MATCHED = "MATCHED"
    NAME_MISMATCH = "NAME_MISMATCH"
    NOT_FOUND = "NOT_FOUND"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    INVALID_NUMBER = "INVALID_NUMBER"


class AccessResult(StrEnum):
    """The kind of answer; for a look-up, its outcome."""

    GIVEN = "GIVEN"
    EMPTY = "EMPTY"
    MATCHED = MatchOutcome.MATCHED.value
    NAME_MISMATCH = MatchOutcome.NAME_MISMATCH.value
    NOT_FOUND = MatchOutcome.NOT_FOUND.value
    CONSENT_REQUIRED = MatchOutcome.CONSENT_REQUIRED.value
    INVALID_NUMBER = MatchOutcome.INVALID_NUMBER.value


class AccessRecord(Base):
    """An entry: who, for whom, why, when, which types, which result; no names or numbers.

    A known party is identified by its key, an unknown one by the hash of its number. There are no foreign keys, since
    an entry is written by the statement that reads the rows, and outlives them.
    """

    __tablename__ = "access_record"
    __table_args__ = (
        PrimaryKeyConstraint("at", "id"),
        index_where("ix_access_record_subject", "subject_index", "at", where="party_id IS NULL"),
        Index("ix_access_record_party", "party_id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity())
    at: Mapped[datetime]
    request_id: Mapped[UUID]
    client_key: Mapped[int] = mapped_column(BigInteger)
    audience: Mapped[Audience]
    operator: Mapped[str | None]
    branch: Mapped[str | None]
    reference: Mapped[str | None]
    relation: Mapped[BorrowerRelation | None]
    purpose: Mapped[Purpose]
    consent_id: Mapped[int | None] = mapped_column(BigInteger)
    share_code_id: Mapped[int | None] = mapped_column(BigInteger)
    party_id: Mapped[int | None] = mapped_column(BigInteger)
    subject_index: Mapped[bytes | None]
    operation: Mapped[bytes]
    field: Mapped[str]
    types: Mapped[list[str]]
    result: Mapped[AccessResult]

    client: Mapped[Client] = link(primaryjoin=lambda: foreign(AccessRecord.client_key) == Client.id)
