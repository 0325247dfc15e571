"""Repairs (信用修复): applications of subjects, and decisions of the court (R9)."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.catalogue import Tier
from models.code_record import CodeRecord
from models.deduction import Deduction

MINIMUM_MONTHS = {Tier.T1: 3, Tier.T2: 6, Tier.T3: 12}
"""Months from the determination until a repair may be granted (R9)."""


class RepairGround(StrEnum):
    """The grounds of a repair (R9)."""

    FULL_PERFORMANCE = "FULL_PERFORMANCE"
    SETTLEMENT_KEPT = "SETTLEMENT_KEPT"
    CO_OPERATION = "CO_OPERATION"
    REMORSE = "REMORSE"
    RESTITUTION = "RESTITUTION"


EVIDENCED = (RepairGround.FULL_PERFORMANCE, RepairGround.SETTLEMENT_KEPT)
"""Grounds that require a document: the receipt or the settlement; a full performance also an amount (R9)."""


class RepairOutcome(StrEnum):
    """The outcome of a repair (R9)."""

    SHORTENED = "SHORTENED"
    SHIELDED = "SHIELDED"
    REFUSED = "REFUSED"


class Repair(Keyed):
    """An application for repair of a deduction or a code record, open until it has an outcome.

    evidence_document, evidence_digest: number of the receipt or settlement, and SHA-256 of the file; null if the ground
    requires none, and in older applications.
    """

    __tablename__ = "repair"
    __table_args__ = (
        Index("ix_repair_applied", "applied_on", "id"),
        Index("ix_repair_party", "party_id", "id"),
        CheckConstraint("num_nonnulls(deduction_id, code_record_id) = 1", name="of_one_item"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided_with_outcome"),
        CheckConstraint("(outcome = 'SHORTENED') = (new_end IS NOT NULL)", name="shortened_to_a_date"),
        CheckConstraint("outcome <> 'REFUSED' OR reasons IS NOT NULL", name="refused_with_reasons"),
        CheckConstraint("amount_performed >= 0", name="amount_not_negative"),
        CheckConstraint(
            "num_nonnulls(evidence_document, evidence_digest) <> 1 AND octet_length(evidence_digest) = 32",
            name="evidence_whole",
        ),
        CheckConstraint(
            "outcome IS NOT NULL OR ground NOT IN ('FULL_PERFORMANCE', 'SETTLEMENT_KEPT')"
            " OR (evidence_document IS NOT NULL AND (ground <> 'FULL_PERFORMANCE' OR amount_performed > 0))",
            name="evidence_shown",
        ),
        index_where("uq_repair_open_deduction", "deduction_id", where="outcome IS NULL", unique=True),
        index_where("uq_repair_open_record", "code_record_id", where="outcome IS NULL", unique=True),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    deduction_id: Mapped[int | None] = mapped_column(ForeignKey("deduction.id"), index=True)
    code_record_id: Mapped[int | None] = mapped_column(ForeignKey("code_record.id"), index=True)
    ground: Mapped[RepairGround]
    commitment: Mapped[str]
    amount_performed: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    evidence_document: Mapped[str | None]
    evidence_digest: Mapped[bytes | None]
    applied_on: Mapped[date]
    outcome: Mapped[RepairOutcome | None]
    new_end: Mapped[date | None]
    reasons: Mapped[str | None]
    decided_at: Mapped[datetime | None]

    deduction: Mapped[Deduction | None] = link()
    code_record: Mapped[CodeRecord | None] = link()
