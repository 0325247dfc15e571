"""Risk reports (预警反馈): what a bank tells the court of a record about its customer, and the court's answer."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.code_record import CodeRecord
from models.court import Court
from models.court_case import CourtCase


class RiskKind(StrEnum):
    """What a bank has noticed."""

    OVERDUE = "OVERDUE"
    ASSETS_MOVED = "ASSETS_MOVED"
    ASSETS_FOUND = "ASSETS_FOUND"
    OUT_OF_REACH = "OUT_OF_REACH"
    OTHER = "OTHER"


class RiskResponse(StrEnum):
    """What the court makes of it."""

    ACTED_ON = "ACTED_ON"
    NOTED = "NOTED"
    NOT_RELATED = "NOT_RELATED"


class RiskReport(Keyed):
    """A report on the subject of a code record, to the court of that record.

    reference: the bank's own. noticed_on: the day on which the bank noticed it. response, reply: the court's answer.
    """

    __tablename__ = "risk_report"
    __table_args__ = (
        UniqueConstraint("client_key", "reference"),
        CheckConstraint("num_nulls(response, reply, answered_at, answered_by) IN (0, 4)", name="answered_with_reply"),
        CheckConstraint("answered_at >= reported_at", name="answered_later"),
        index_where("ix_risk_report_open", "court_code", "reported_at", where="response IS NULL"),
    )

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    code_record_id: Mapped[int] = mapped_column(ForeignKey("code_record.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("court_case.id"))
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    reference: Mapped[str]
    kind: Mapped[RiskKind]
    statement: Mapped[str]
    noticed_on: Mapped[date]
    reported_at: Mapped[datetime]
    response: Mapped[RiskResponse | None]
    reply: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    code_record: Mapped[CodeRecord] = link()
    case: Mapped[CourtCase | None] = link()
    court: Mapped[Court] = link()
