"""The access log (访问日志): every answer about a person or organization (R19). Monthly partitions, rows only added."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column

from models.audience import Audience, Purpose
from models.base import Base, link, partial_index
from models.client import Client


class BorrowerRelation(StrEnum):
    """How a subject stands to the loan that it is looked up for."""

    MAIN_BORROWER = "MAIN_BORROWER"
    CO_BORROWER = "CO_BORROWER"
    GUARANTOR = "GUARANTOR"
    LEGAL_REPRESENTATIVE = "LEGAL_REPRESENTATIVE"
    OTHER = "OTHER"


class MatchOutcome(StrEnum):
    """How a partner's look-up of a subject by name and number ended (R15, R17)."""

    MATCHED = "MATCHED"
    NAME_MISMATCH = "NAME_MISMATCH"
    NOT_FOUND = "NOT_FOUND"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    INVALID_NUMBER = "INVALID_NUMBER"


class AccessResult(StrEnum):
    """What kind of answer was given: to a look-up, its outcome."""

    GIVEN = "GIVEN"
    EMPTY = "EMPTY"
    MATCHED = MatchOutcome.MATCHED.value
    NAME_MISMATCH = MatchOutcome.NAME_MISMATCH.value
    NOT_FOUND = MatchOutcome.NOT_FOUND.value
    CONSENT_REQUIRED = MatchOutcome.CONSENT_REQUIRED.value
    INVALID_NUMBER = MatchOutcome.INVALID_NUMBER.value


class AccessRecord(Base):
    """One answer: who, for whom, why, when, what kind of fields and of result. Neither names nor numbers.

    A known party is found by its key, a number that is nobody's yet by its hash. Keys without foreign keys: an entry is
    written by the statement that read the rows it names, and outlives them.
    """

    __tablename__ = "access_record"
    __table_args__ = (
        PrimaryKeyConstraint("at", "id"),
        partial_index("ix_access_record_subject", "subject_index", "at", where="party_id IS NULL"),
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
