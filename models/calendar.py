"""Processed days, and reminders of courts."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, link
from models.batch import Batch
from models.code_record import CodeRecord
from models.court import Court
from models.objection import Objection


class CalendarDay(Base):
    """A court day that has been processed. The primary key prevents a second run."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    done_at: Mapped[datetime]


class ReminderKind(StrEnum):
    """The subject of a reminder."""

    OBJECTION_DUE = "OBJECTION_DUE"
    OBJECTION_OVERDUE = "OBJECTION_OVERDUE"
    REVIEW_DUE = "REVIEW_DUE"
    BATCH_DUE = "BATCH_DUE"


class Reminder(Keyed):
    """A reminder of one matter of a court, due on a day, inserted once."""

    __tablename__ = "reminder"
    __table_args__ = (
        CheckConstraint("num_nonnulls(objection_id, code_record_id, batch_id) = 1", name="of_one_matter"),
        UniqueConstraint("kind", "objection_id", name="uq_reminder_objection"),
        UniqueConstraint("kind", "code_record_id", "due_on", name="uq_reminder_code_record"),
        UniqueConstraint("kind", "batch_id", name="uq_reminder_batch"),
        Index("ix_reminder_due", "due_on", "id"),
    )

    kind: Mapped[ReminderKind]
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    due_on: Mapped[date]
    given_at: Mapped[datetime]
    objection_id: Mapped[int | None] = mapped_column(ForeignKey("objection.id"))
    code_record_id: Mapped[int | None] = mapped_column(ForeignKey("code_record.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))

    court: Mapped[Court] = link()
    objection: Mapped[Objection | None] = link()
    code_record: Mapped[CodeRecord | None] = link()
    batch: Mapped[Batch | None] = link()
