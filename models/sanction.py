"""Sanctions (司法制裁): fines, detentions, admonitions, orders to leave, convictions (R12)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.catalogue import Behaviour
from models.court import Court
from models.court_case import CourtCase
from models.deduction import FindingKind
from models.party import Party
from models.publicity import Public


class SanctionKind(StrEnum):
    """The kinds of sanctions. The first three make red, whatever the behaviour (R12)."""

    FINE = "FINE"
    DETENTION = "DETENTION"
    CONVICTION = "CONVICTION"
    ADMONITION = "ADMONITION"
    ORDERED_OUT = "ORDERED_OUT"


RED_TYPES = {SanctionKind.DETENTION: "R02", SanctionKind.FINE: "R03"}
"""The red code types of a court's own sanctions (R12)."""

CONVICTED, CONVICTED_IN_ENFORCEMENT = "R01", "R04"
"""The red code types of convictions (R12)."""

FOUNDED = {
    SanctionKind.FINE: FindingKind.FINE_DECISION,
    SanctionKind.DETENTION: FindingKind.DETENTION_DECISION,
    SanctionKind.ADMONITION: FindingKind.ADMONITION,
    SanctionKind.CONVICTION: FindingKind.CRIMINAL_JUDGMENT,
}
"""The kind of finding of deductions that are founded on a sanction (R25)."""

LONGEST_DETENTION = 15
"""Days (CPL 118)."""

LONGEST_SENTENCE_MONTHS = 12 * 50
"""The limit of plausible ends of sentences, in months."""

SANCTION_CASES = "司惩"
"""The case type of decisions that make red. Other fines and detentions do not (R12)."""


class Sanction(Public, Keyed):
    """A sanction on a party. amount: of a fine, in CNY. days: of a detention; null if unknown (CPL 118).

    conduct_on: day of the conduct, if the decision names it. crime (罪名), sentence_ends_on (刑期止): of convictions.
    exported_on: day of the newest export.
    """

    __tablename__ = "sanction"
    __table_args__ = (
        index_where("ix_sanction_untied", "related_number", where="case_id IS NULL AND related_number <> ''"),
        UniqueConstraint("decision_number", "party_id", "kind"),
        CheckConstraint(
            "CASE WHEN kind = 'FINE' THEN amount IS NOT NULL AND amount > 0 ELSE amount IS NULL END",
            name="fine_has_amount",
        ),
        CheckConstraint(
            f"days IS NULL OR (kind = 'DETENTION' AND days BETWEEN 1 AND {LONGEST_DETENTION})", name="days_of_detention"
        ),
        CheckConstraint("effective_on >= decided_on", name="effective_after_decision"),
        CheckConstraint(
            "kind = 'CONVICTION' OR (sentence_ends_on IS NULL AND crime IS NULL)", name="only_convicts_are_sentenced"
        ),
    )

    decision_number: Mapped[str]
    related_number: Mapped[str]
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("court_case.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    behaviour_id: Mapped[int | None] = mapped_column(ForeignKey("behaviour.id"))
    kind: Mapped[SanctionKind]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    days: Mapped[int | None] = mapped_column(SmallInteger)
    conduct_on: Mapped[date | None]
    decided_on: Mapped[date]
    effective_on: Mapped[date]
    sentence_ends_on: Mapped[date | None]
    crime: Mapped[str | None]
    revoked_on: Mapped[date | None]
    exported_on: Mapped[date | None]

    court: Mapped[Court] = link()
    case: Mapped[CourtCase | None] = link()
    party: Mapped[Party] = link()
    behaviour: Mapped[Behaviour | None] = link()
