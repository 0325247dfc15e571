"""Objections (异议) against a deduction: filed in writing, answered within a month (R8)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Keyed, choice
from models.deduction import Deduction


class ObjectionOutcome(StrEnum):
    """How an objection ended (R8)."""

    UPHELD_AS_PUBLISHED = "UPHELD_AS_PUBLISHED"
    AMENDED = "AMENDED"
    WITHDRAWN = "WITHDRAWN"


class Objection(Keyed):
    """An objection; open until it has an outcome. While open the deduction is annotated, not suspended."""

    __tablename__ = "objection"
    __table_args__ = (
        Index("ix_objection_due", "due_on", "id"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided_with_outcome"),
        CheckConstraint("(outcome IS NULL) = (reasons IS NULL)", name="decided_with_reasons"),
        CheckConstraint("due_on > filed_on AND due_on <= filed_on + interval '1 month'", name="due_in_a_month"),
        Index("uq_objection_open", "deduction_id", unique=True, postgresql_where=text("outcome IS NULL")),
        Index("ix_objection_deduction", "deduction_id"),
    )

    deduction_id: Mapped[int] = mapped_column(ForeignKey("deduction.id"))
    statement: Mapped[str] = mapped_column(Text)
    filed_on: Mapped[date]
    due_on: Mapped[date]
    outcome: Mapped[ObjectionOutcome | None] = mapped_column(choice(ObjectionOutcome))
    reasons: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    deduction: Mapped[Deduction] = relationship(viewonly=True, lazy="raise")
