"""The entries of the access log (访问日志, R19): one for each subject of an answer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, foreign, mapped_column

from models.audience import Audience, Purpose
from models.base import DatabaseView, link
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


class AccessRecord(DatabaseView):
    """An entry: what an answer says of one subject, or that it has none. A view of `models.access_answer`.

    id: the key of the answer, with the position of the subject in the lowest 16 bits.
    """

    __tablename__ = "access_record"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    answer_id: Mapped[int] = mapped_column(BigInteger)
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
