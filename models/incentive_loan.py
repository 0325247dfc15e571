"""Incentive loans (诚信履行贷) and their credit lines, as banks report them (DOMAIN 1, 4)."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.base import Keyed, link
from models.certificate import Certificate


class LoanOutcome(StrEnum):
    """The end of a loan."""

    REPAID = "REPAID"
    DEFAULTED = "DEFAULTED"
    CANCELLED = "CANCELLED"


class CreditLine(Keyed):
    """A credit line granted on a certificate. reference: the bank's own. amount: in CNY. expires_on: the last day on
    which it can be drawn on.

    What is drawn are its loans that are neither repaid nor cancelled; the trigger `keep_credit_line` holds their sum to
    the amount of the line.
    """

    __tablename__ = "credit_line"
    __table_args__ = (
        UniqueConstraint("client_key", "reference"),
        UniqueConstraint("id", "client_key"),
        CheckConstraint("amount > 0", name="granted"),
        CheckConstraint("expires_on >= granted_on AND closed_on >= granted_on", name="ordered"),
        Index("ix_credit_line_party_id", "party_id"),
        Index("ix_credit_line_certificate_id", "certificate_id"),
    )

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"))
    reference: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    granted_on: Mapped[date]
    expires_on: Mapped[date]
    closed_on: Mapped[date | None]
    recorded_at: Mapped[datetime]

    certificate: Mapped[Certificate] = link()


class IncentiveLoan(Keyed):
    """A loan granted on a certificate. reference: the bank's own. amount: in CNY. line_id: the credit line of the same
    bank that it is drawn on, if there is one.
    """

    __tablename__ = "incentive_loan"
    __table_args__ = (
        UniqueConstraint("client_key", "reference"),
        CheckConstraint("amount > 0", name="lent"),
        CheckConstraint("(closed_on IS NULL) = (outcome IS NULL)", name="closed"),
        CheckConstraint("closed_on >= granted_on", name="ordered"),
        Index("ix_incentive_loan_party_id", "party_id"),
        ForeignKeyConstraint(
            ["line_id", "client_key"], ["credit_line.id", "credit_line.client_key"], name="fk_incentive_loan_line_id"
        ),
        Index("ix_incentive_loan_certificate_id", "certificate_id"),
        Index("ix_incentive_loan_line_id", "line_id"),
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
    line_id: Mapped[int | None] = mapped_column(sa.BigInteger)

    certificate: Mapped[Certificate] = link()
    line: Mapped[CreditLine | None] = link(
        primaryjoin="CreditLine.id == IncentiveLoan.line_id", foreign_keys="IncentiveLoan.line_id"
    )


def sum_loans(line: Any, outcomes: Collection[LoanOutcome], *, open_too: bool) -> sa.ColumnElement[Decimal]:
    """Return the sum of the loans of a credit line that ended in one of these ways, or that run."""
    loan = aliased(IncentiveLoan)
    ended = loan.outcome.in_(sorted(outcomes))
    counted = sa.or_(ended, loan.outcome.is_(None)) if open_too else ended
    total = sa.select(sa.func.sum(loan.amount)).where(loan.line_id == line.id, counted).scalar_subquery()
    return sa.func.coalesce(total, sa.literal_column("0.00"))


def sum_lent(line: Any) -> sa.ColumnElement[Decimal]:
    """Return what was lent on a credit line, ever: its loans, except those that were cancelled."""
    return sum_loans(line, (LoanOutcome.REPAID, LoanOutcome.DEFAULTED), open_too=True)


def sum_drawn(line: Any) -> sa.ColumnElement[Decimal]:
    """Return what is drawn on a credit line: its loans that run, and those that were not repaid."""
    return sum_loans(line, (LoanOutcome.DEFAULTED,), open_too=True)


def sum_repaid(line: Any) -> sa.ColumnElement[Decimal]:
    """Return what was repaid on a credit line."""
    return sum_loans(line, (LoanOutcome.REPAID,), open_too=False)
