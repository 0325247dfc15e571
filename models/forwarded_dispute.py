"""Forwarded disputes (异议转交): what a customer disputes before a bank, sent by the bank to the court of the item."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.code_record import CodeRecord
from models.court import Court
from models.court_case import CourtCase
from models.deduction import Deduction


class DisputeResponse(StrEnum):
    """What the court makes of a forwarded dispute."""

    CORRECTED = "CORRECTED"
    UNFOUNDED = "UNFOUNDED"
    TO_BE_FILED = "TO_BE_FILED"


class ForwardedDispute(Keyed):
    """A dispute over a code record or a deduction, to the court that holds it.

    reference: the bank's own. disputed_on: the day on which the customer disputed it. response, reply: the answer.
    """

    __tablename__ = "forwarded_dispute"
    __table_args__ = (
        UniqueConstraint("client_key", "reference"),
        CheckConstraint("num_nonnulls(code_record_id, deduction_id) = 1", name="of_one_item"),
        CheckConstraint("num_nulls(response, reply, answered_at, answered_by) IN (0, 4)", name="answered_with_reply"),
        CheckConstraint("answered_at >= forwarded_at", name="answered_later"),
        index_where("ix_forwarded_dispute_open", "court_code", "forwarded_at", where="response IS NULL"),
    )

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    code_record_id: Mapped[int | None] = mapped_column(ForeignKey("code_record.id"), index=True)
    deduction_id: Mapped[int | None] = mapped_column(ForeignKey("deduction.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("court_case.id"))
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    reference: Mapped[str]
    statement: Mapped[str]
    disputed_on: Mapped[date]
    forwarded_at: Mapped[datetime]
    response: Mapped[DisputeResponse | None]
    reply: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    code_record: Mapped[CodeRecord | None] = link()
    deduction: Mapped[Deduction | None] = link()
    case: Mapped[CourtCase | None] = link()
    court: Mapped[Court] = link()
