"""Objections (异议) to deductions, list entries, sanctions and code records, answered within a month (R8)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.code_record import CodeRecord
from models.court import StaffRole
from models.deduction import Deduction
from models.listing import Listing
from models.sanction import Sanction


class ObjectionOutcome(StrEnum):
    """The outcome of an objection (R8)."""

    UPHELD_AS_PUBLISHED = "UPHELD_AS_PUBLISHED"
    AMENDED = "AMENDED"
    WITHDRAWN = "WITHDRAWN"


class ReexaminingPart(StrEnum):
    """Who re-examines an objection before the panel: the Centre, and the division that proposed."""

    CENTRE = "CENTRE"
    DIVISION = "DIVISION"


TARGETS = ("deduction_id", "listing_id", "sanction_id", "code_record_id")
"""The columns of what an objection is to; one is set."""


class Objection(Keyed):
    """An objection, open until it has an outcome. Meanwhile its item is annotated, not suspended.

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
        CheckConstraint(f"num_nonnulls({', '.join(TARGETS)}) = 1", name="to_one_item"),
        Index(
            "uq_objection_open",
            *TARGETS,
            unique=True,
            postgresql_where=text("outcome IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_objection_deduction", "deduction_id"),
    )

    deduction_id: Mapped[int | None] = mapped_column(ForeignKey("deduction.id"))
    listing_id: Mapped[int | None] = mapped_column(ForeignKey("listing.id"), index=True)
    sanction_id: Mapped[int | None] = mapped_column(ForeignKey("sanction.id"), index=True)
    code_record_id: Mapped[int | None] = mapped_column(ForeignKey("code_record.id"), index=True)
    statement: Mapped[str]
    filed_on: Mapped[date]
    due_on: Mapped[date]
    outcome: Mapped[ObjectionOutcome | None]
    reasons: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    deduction: Mapped[Deduction | None] = link()
    listing: Mapped[Listing | None] = link()
    sanction: Mapped[Sanction | None] = link()
    code_record: Mapped[CodeRecord | None] = link()


class Reexamination(Keyed):
    """The opinion of the Centre, or of the proposing division, on an open objection (复核). Append-only.

    opinion: the outcome that it proposes to the panel.
    """

    __tablename__ = "reexamination"
    __table_args__ = (
        UniqueConstraint("objection_id", "part"),
        CheckConstraint("reason <> ''", name="reasoned"),
    )

    objection_id: Mapped[int] = mapped_column(ForeignKey("objection.id"))
    part: Mapped[ReexaminingPart]
    opinion: Mapped[ObjectionOutcome]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    staff_role: Mapped[StaffRole]
    taken_at: Mapped[datetime]
    reason: Mapped[str]
