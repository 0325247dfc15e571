"""Bulletins (通报) of a court about a month, without personal data."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.court import Court


class BulletinKind(StrEnum):
    """A monthly report or a set of typical cases."""

    MONTHLY = "MONTHLY"
    TYPICAL_CASES = "TYPICAL_CASES"


class Bulletin(Keyed):
    """A bulletin of a court about a month."""

    __tablename__ = "bulletin"
    __table_args__ = (
        UniqueConstraint("court_code", "month", "kind"),
        CheckConstraint("extract(day FROM month) = 1", name="month_is_its_first_day"),
    )

    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    kind: Mapped[BulletinKind]
    month: Mapped[date]
    title: Mapped[str]
    body: Mapped[str]
    published_at: Mapped[datetime]

    court: Mapped[Court] = link()
