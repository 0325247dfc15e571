"""Amounts that were performed after a blue repair."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where

LARGEST_AMOUNT = Decimal("9999999999999.99")
"""CNY."""


class RepairPerformance(Keyed):
    """An amount in CNY that the party of a blue record has performed. document: number of the receipt."""

    __tablename__ = "repair_performance"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_above_zero"),
        CheckConstraint("document <> ''", name="documented"),
        CheckConstraint("revoked_on >= performed_on", name="revoked_after_performed"),
        index_where(
            "uq_repair_performance_document", "code_record_id", "document", where="revoked_on IS NULL", unique=True
        ),
    )

    code_record_id: Mapped[int] = mapped_column(ForeignKey("code_record.id"), index=True)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    performed_on: Mapped[date]
    document: Mapped[str]
    revoked_on: Mapped[date | None]
