"""Measures (措施), recognised mutually by the court and the city's credit platform."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.code_record import CodeRecord


class MeasureStatus(StrEnum):
    """PUBLISHED to the platform, RECOGNISED by it, or WITHDRAWN by the court."""

    PUBLISHED = "PUBLISHED"
    RECOGNISED = "RECOGNISED"
    WITHDRAWN = "WITHDRAWN"


class Measure(Keyed):
    """A code record that was given to the platform."""

    __tablename__ = "measure"
    __table_args__ = (
        Index("ix_measure_published", "published_on", "id"),
        CheckConstraint("(status = 'WITHDRAWN') = (withdrawn_on IS NOT NULL)", name="withdrawn_on_a_day"),
    )

    code_record_id: Mapped[int] = mapped_column(ForeignKey("code_record.id"), unique=True)
    status: Mapped[MeasureStatus]
    published_on: Mapped[date]
    recognised_on: Mapped[date | None]
    withdrawn_on: Mapped[date | None]

    code_record: Mapped[CodeRecord] = link()
