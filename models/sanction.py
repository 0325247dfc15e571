"""Sanctions (司法制裁): fines, detentions, admonitions, orders to leave, convictions (R12)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, SmallInteger, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Keyed, choice
from models.catalogue import Behaviour
from models.court import Court
from models.court_case import CourtCase
from models.deduction import FindingKind
from models.party import Party


class SanctionKind(StrEnum):
    """The kinds of sanctions; the first three make red, whatever the behaviour (R12)."""

    FINE = "FINE"
    DETENTION = "DETENTION"
    CONVICTION = "CONVICTION"
    ADMONITION = "ADMONITION"
    ORDERED_OUT = "ORDERED_OUT"


RED_TYPES = {SanctionKind.DETENTION: "R02", SanctionKind.FINE: "R03"}
"""The red code types of what a court itself imposes (R12)."""

FOUNDED = {
    SanctionKind.FINE: FindingKind.FINE_DECISION,
    SanctionKind.DETENTION: FindingKind.DETENTION_DECISION,
    SanctionKind.ADMONITION: FindingKind.ADMONITION,
    SanctionKind.CONVICTION: FindingKind.CRIMINAL_JUDGMENT,
}
"""The finding that a deduction founded on a sanction names (R25)."""

LONGEST_DETENTION = 15
"""Days (CPL 118)."""

SANCTION_CASES = "司惩"
"""Decisions under this case type make red; a fine or detention not decided so does not (R12)."""


class Sanction(Keyed):
    """One sanction on one party under one decision. `amount` in CNY for fines, `days` for detentions (CPL 118)."""

    __tablename__ = "sanction"
    __table_args__ = (
        UniqueConstraint("decision_number", "party_id", "kind"),
        CheckConstraint(
            "CASE WHEN kind = 'FINE' THEN amount IS NOT NULL AND amount > 0 ELSE amount IS NULL END",
            name="fine_has_amount",
        ),
        CheckConstraint(
            "CASE WHEN kind = 'DETENTION' THEN days IS NOT NULL "
            f"AND days BETWEEN 1 AND {LONGEST_DETENTION} ELSE days IS NULL END",
            name="detention_has_days",
        ),
        CheckConstraint("effective_on >= decided_on", name="effective_after_decision"),
    )

    decision_number: Mapped[str] = mapped_column(Text)
    related_number: Mapped[str] = mapped_column(Text)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("court_case.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    behaviour_id: Mapped[int | None] = mapped_column(ForeignKey("behaviour.id"))
    kind: Mapped[SanctionKind] = mapped_column(choice(SanctionKind))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    days: Mapped[int | None] = mapped_column(SmallInteger)
    decided_on: Mapped[date]
    effective_on: Mapped[date]
    revoked_on: Mapped[date | None]
    protected: Mapped[bool]

    court: Mapped[Court] = relationship(viewonly=True, lazy="raise")
    case: Mapped[CourtCase | None] = relationship(viewonly=True, lazy="raise")
    party: Mapped[Party] = relationship(viewonly=True, lazy="raise")
    behaviour: Mapped[Behaviour | None] = relationship(viewonly=True, lazy="raise")
