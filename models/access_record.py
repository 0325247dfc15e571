"""The access log (访问日志) as it is read (R19): an entry for each subject of each answer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, LargeBinary, Text, Uuid
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from models.audience import Audience, Purpose
from models.base import DatabaseView, choice
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


class AccessRecord(DatabaseView):
    """An entry of the access log: what one answer says of one subject, or that it was about nobody.

    id: the answer's, with the place of the subject in its lowest 16 bits. A view of `models.access_answer`.
    """

    __tablename__ = "access_record"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    answer_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    request_id: Mapped[UUID] = mapped_column(Uuid)
    client_key: Mapped[int] = mapped_column(BigInteger)
    audience: Mapped[Audience] = mapped_column(choice(Audience))
    operator: Mapped[str | None] = mapped_column(Text)
    branch: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    relation: Mapped[BorrowerRelation | None] = mapped_column(choice(BorrowerRelation))
    purpose: Mapped[Purpose] = mapped_column(choice(Purpose))
    consent_id: Mapped[int | None] = mapped_column(BigInteger)
    share_code_id: Mapped[int | None] = mapped_column(BigInteger)
    party_id: Mapped[int | None] = mapped_column(BigInteger)
    subject_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    operation: Mapped[bytes] = mapped_column(LargeBinary)
    field: Mapped[str] = mapped_column(Text)
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    result: Mapped[AccessResult] = mapped_column(choice(AccessResult))

    client: Mapped[Client] = relationship(
        primaryjoin=lambda: foreign(AccessRecord.client_key) == Client.id, viewonly=True, lazy="raise"
    )
