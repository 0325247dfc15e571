"""Conversions (积分转换) into moral points, and notices to villages (DOMAIN 5)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.catalogue import ItemKind, MoralBankItem
from models.household import Household


class ConversionStatus(StrEnum):
    """COURT_ASSESSED → CONFIRMED → VILLAGE_NOTIFIED, or RETURNED with a reason."""

    COURT_ASSESSED = "COURT_ASSESSED"
    CONFIRMED = "CONFIRMED"
    VILLAGE_NOTIFIED = "VILLAGE_NOTIFIED"
    RETURNED = "RETURNED"


class PointConversion(Keyed):
    """An entry of moral points of a household. A reversal is a separate entry."""

    __tablename__ = "point_conversion"
    __table_args__ = (
        Index("ix_point_conversion_assessed", "assessed_at", "id"),
        index_where("ix_point_conversion_confirmed", "id", where="status = 'CONFIRMED'"),
        CheckConstraint("points BETWEEN -10 AND 10", name="at_most_ten"),
        CheckConstraint("extract(day FROM month) = 1", name="month_is_its_first_day"),
        CheckConstraint("(status = 'RETURNED') = (return_reason IS NOT NULL)", name="returned_with_reason"),
        CheckConstraint("num_nonnulls(deduction_id, code_record_id, settlement_id, listing_id) = 1", name="one_source"),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("moral_bank_item.id"))
    points: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[date]
    status: Mapped[ConversionStatus]
    assessed_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    return_reason: Mapped[str | None]
    deduction_id: Mapped[int | None] = mapped_column(ForeignKey("deduction.id"), index=True)
    code_record_id: Mapped[int | None] = mapped_column(ForeignKey("code_record.id"), index=True)
    settlement_id: Mapped[int | None] = mapped_column(ForeignKey("settlement.id"), index=True)
    listing_id: Mapped[int | None] = mapped_column(ForeignKey("listing.id"), index=True)
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("point_conversion.id"), unique=True)

    household: Mapped[Household] = link()
    item: Mapped[MoralBankItem] = link()


class VillageNotice(Keyed):
    """A notice to a village: category, points and month only (PIPL 6)."""

    __tablename__ = "village_notice"

    conversion_id: Mapped[int] = mapped_column(ForeignKey("point_conversion.id"), unique=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"), index=True)
    category: Mapped[ItemKind]
    points: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[date]
    sent_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
