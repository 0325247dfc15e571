"""Incentive loans (诚信履行贷), as banks report them (DOMAIN 1, 4)."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.certificate import Certificate


class LoanOutcome(StrEnum):
    """The end of a loan."""

    REPAID = "REPAID"
    DEFAULTED = "DEFAULTED"
    CANCELLED = "CANCELLED"


class IncentiveLoan(Keyed):
    """A loan granted on a certificate. reference: the bank's own. amount: in CNY."""

    __tablename__ = "incentive_loan"
    __table_args__ = (
        UniqueConstraint("client_key", "reference"),
        CheckConstraint("amount > 0", name="lent"),
        CheckConstraint("(closed_on IS NULL) = (outcome IS NULL)", name="closed"),
        CheckConstraint("closed_on >= granted_on", name="ordered"),
        Index("ix_incentive_loan_party_id", "party_id"),
        Index("ix_incentive_loan_certificate_id", "certificate_id"),
    )

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"))
    reference: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    granted_on: Mapped[date]
    closed_on: Mapped[date | None]
    outcome: Mapped[LoanOutcome | None]
    recorded_at: Mapped[datetime]

    certificate: Mapped[Certificate] = link()
