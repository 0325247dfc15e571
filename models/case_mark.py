"""Prompt marks (提示标记) of cases, and transfers of cases between the divisions of a court."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.catalogue import Colour
from models.court import Division, StaffRole
from models.court_case import CourtCase
from models.party import Party


class CaseMark(Keyed):
    """A prompt that a litigant of a case was not green when it was marked. colour: by the court's perspective (R13)."""

    __tablename__ = "case_mark"
    __table_args__ = (
        UniqueConstraint("case_id", "party_id", "colour"),
        CheckConstraint("colour <> 'GREEN'", name="not_green"),
        CheckConstraint("reason <> ''", name="reasoned"),
    )

    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("court_case.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    colour: Mapped[Colour]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    staff_role: Mapped[StaffRole]
    marked_at: Mapped[datetime]
    reason: Mapped[str]

    case: Mapped[CourtCase] = link()
    party: Mapped[Party] = link()


class CaseTransfer(Keyed):
    """A transfer of a case to a division. source_id: the division that had it, if any. Append-only."""

    __tablename__ = "case_transfer"
    __table_args__ = (
        CheckConstraint("source_id <> target_id", name="to_another"),
        CheckConstraint("reason <> ''", name="reasoned"),
        Index("ix_case_transfer_case", "case_id", "id"),
    )

    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("court_case.id"))
    source_id: Mapped[int | None] = mapped_column(ForeignKey("division.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("division.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    staff_role: Mapped[StaffRole]
    taken_at: Mapped[datetime]
    reason: Mapped[str]

    source: Mapped[Division | None] = link(primaryjoin=lambda: CaseTransfer.source_id == Division.id)
    target: Mapped[Division] = link(primaryjoin=lambda: CaseTransfer.target_id == Division.id)
