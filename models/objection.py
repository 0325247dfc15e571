"""Objections (异议) to deductions, answered within a month (R8)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.deduction import Deduction


class ObjectionOutcome(StrEnum):
    """The outcome of an objection (R8)."""

    UPHELD_AS_PUBLISHED = "UPHELD_AS_PUBLISHED"
    AMENDED = "AMENDED"
    WITHDRAWN = "WITHDRAWN"


class Objection(Keyed):
    """An objection, open until it has an outcome. Meanwhile the deduction is annotated, not suspended.

    answered_by: not the member who passed the item, which a trigger enforces. Null if the item was withdrawn with the
    decision it rests on (R25), and in older answers.
    """

    __tablename__ = "objection"
    __table_args__ = (
        Index("ix_objection_due", "due_on", "id"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided_with_outcome"),
        CheckConstraint("(outcome IS NULL) = (reasons IS NULL)", name="decided_with_reasons"),
        CheckConstraint("answered_by IS NULL OR outcome IS NOT NULL", name="answered_with_outcome"),
        CheckConstraint("due_on > filed_on AND due_on <= filed_on + interval '1 month'", name="due_in_a_month"),
        index_where("uq_objection_open", "deduction_id", where="outcome IS NULL", unique=True),
        Index("ix_objection_deduction", "deduction_id"),
    )

    deduction_id: Mapped[int] = mapped_column(ForeignKey("deduction.id"))
    statement: Mapped[str]
    filed_on: Mapped[date]
    due_on: Mapped[date]
    outcome: Mapped[ObjectionOutcome | None]
    reasons: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    deduction: Mapped[Deduction] = link()
