"""Monthly batches (批次), decided by the panel item by item and published by the court at once (R5)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.court import Court


class BatchStatus(StrEnum):
    """OPEN collects items, DECIDED waits for publication, PUBLISHED is final (R5)."""

    OPEN = "OPEN"
    DECIDED = "DECIDED"
    PUBLISHED = "PUBLISHED"


class Batch(Keyed):
    """The batch of a court and month. month: its first day."""

    __tablename__ = "batch"
    __table_args__ = (
        UniqueConstraint("court_code", "month"),
        CheckConstraint("extract(day FROM month) = 1", name="month_is_its_first_day"),
        CheckConstraint(
            "(published_at AT TIME ZONE 'Asia/Shanghai')::date >= month + interval '1 month'",
            name="over_when_published",
        ),
        CheckConstraint("(status = 'PUBLISHED') = (published_at IS NOT NULL)", name="published_once"),
    )

    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    month: Mapped[date]
    status: Mapped[BatchStatus]
    published_at: Mapped[datetime | None]

    court: Mapped[Court] = link()
