"""Deductions (扣分): states, steps and versions (R1-R7)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.batch import Batch
from models.catalogue import Behaviour, Stage, Tier, limit_points
from models.court import StaffRole
from models.court_case import CourtCase, Role
from models.party import Party
from models.publicity import Public


class DeductionStatus(StrEnum):
    """The states of a deduction (R4). EXPIRED is not stored; it follows from the date (R6)."""

    PROPOSED = "PROPOSED"
    CHIEF_APPROVED = "CHIEF_APPROVED"
    CHIEF_RETURNED = "CHIEF_RETURNED"
    IN_BATCH = "IN_BATCH"
    PANEL_APPROVED = "PANEL_APPROVED"
    PANEL_REJECTED = "PANEL_REJECTED"
    PUBLISHED = "PUBLISHED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"
    SHIELDED = "SHIELDED"


class FindingKind(StrEnum):
    """The kind of document in which a behaviour was found (R7)."""

    COURT_RECORD = "COURT_RECORD"
    RULING = "RULING"
    JUDGMENT = "JUDGMENT"
    ADMONITION = "ADMONITION"
    FINE_DECISION = "FINE_DECISION"
    DETENTION_DECISION = "DETENTION_DECISION"
    CRIMINAL_JUDGMENT = "CRIMINAL_JUDGMENT"


FINDINGS = {
    Tier.T1: tuple(FindingKind),
    Tier.T2: (
        FindingKind.RULING,
        FindingKind.JUDGMENT,
        FindingKind.ADMONITION,
        FindingKind.FINE_DECISION,
        FindingKind.DETENTION_DECISION,
        FindingKind.CRIMINAL_JUDGMENT,
    ),
    Tier.T3: (
        FindingKind.FINE_DECISION,
        FindingKind.DETENTION_DECISION,
        FindingKind.CRIMINAL_JUDGMENT,
        FindingKind.JUDGMENT,
    ),
}
"""The kinds of documents that a tier requires (R7)."""

GRAVE_FINDINGS = (FindingKind.FINE_DECISION, FindingKind.DETENTION_DECISION, FindingKind.CRIMINAL_JUDGMENT)
"""Findings that are sanctions, whose record is red; the deduction makes no yellow record (R12)."""

PUBLICITY_MONTHS = {Tier.T1: 12, Tier.T2: 24, Tier.T3: 36}
"""Default publicity from the determination, in months (R6)."""

RED_PUBLICITY_MONTHS = 60
"""Publicity of a T3 item with a grave finding, and the maximum (R6)."""

AFTER_PUBLICATION = (DeductionStatus.PUBLISHED, DeductionStatus.WITHDRAWN, DeductionStatus.SHIELDED)


def _in(values: tuple[StrEnum, ...]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


_DOCUMENTED = " OR ".join(f"(tier = '{tier}' AND finding_kind IN {_in(kinds)})" for tier, kinds in FINDINGS.items())


PROPOSED_ONCE = "uq_deduction_proposed"
"""The unique index against duplicate proposals. The SQL function `document_key` normalizes the number of a document:
half width, no blanks, no leading zeros.
"""


class Deduction(Public, Keyed):
    """Points deducted from a subject in a stage of a case for a behaviour. version: number of its version (R5).

    exported_on: day of the newest export, for deductions imported as history.
    """

    __tablename__ = "deduction"
    __table_args__ = (
        Index("ix_deduction_proposed", "proposed_at", "id"),
        ForeignKeyConstraint(["behaviour_id", "stage", "tier"], ["behaviour.id", "behaviour.stage", "behaviour.tier"]),
        CheckConstraint(limit_points("points"), name="points_within_tier"),
        CheckConstraint(_DOCUMENTED, name="documented"),
        CheckConstraint("octet_length(finding_digest) = 32", name="finding_is_hashed"),
        CheckConstraint("status <> 'EXPIRED'", name="expiry_is_derived"),
        CheckConstraint("expires_on <= determined_on + interval '5 years'", name="five_years_at_most"),
        CheckConstraint(
            f"status NOT IN {_in(AFTER_PUBLICATION)} OR (notified_at < published_at AND determined_on IS NOT NULL "
            "AND expires_on IS NOT NULL AND num_nonnulls(batch_id, exported_on) > 0)",
            name="notified_before_publication",
        ),
        CheckConstraint(
            "proposed_by <> reviewed_by AND proposed_by <> decided_by AND reviewed_by <> decided_by",
            name="three_people",
        ),
        index_where(
            PROPOSED_ONCE,
            "case_id",
            "party_id",
            "behaviour_id",
            "conduct_on",
            text("document_key(finding_document)"),
            where="status NOT IN ('PANEL_REJECTED', 'WITHDRAWN')",
            unique=True,
        ),
        CheckConstraint("(status IN ('WITHDRAWN', 'SHIELDED')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("num_nonnulls(proposed_by, exported_on) > 0", name="proposed_or_imported"),
        index_where(
            "uq_deduction_imported",
            "case_id",
            "party_id",
            "behaviour_id",
            "conduct_on",
            "finding_document",
            where="exported_on IS NOT NULL",
            unique=True,
        ),
        Index("ix_deduction_party", "party_id", "id"),
    )

    case_id: Mapped[int] = mapped_column(ForeignKey("court_case.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    role: Mapped[Role]
    behaviour_id: Mapped[int] = mapped_column(index=True)
    stage: Mapped[Stage]
    tier: Mapped[Tier]
    points: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[DeductionStatus]
    version: Mapped[int] = mapped_column(SmallInteger)
    conduct_on: Mapped[date]
    finding_kind: Mapped[FindingKind]
    finding_document: Mapped[str | None]
    finding_issued_on: Mapped[date | None]
    finding_digest: Mapped[bytes | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"), index=True)
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    proposed_at: Mapped[datetime]
    notified_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None] = mapped_column(index=True)
    determined_on: Mapped[date | None]
    expires_on: Mapped[date | None] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    exported_on: Mapped[date | None]

    case: Mapped[CourtCase] = link()
    party: Mapped[Party] = link()
    behaviour: Mapped[Behaviour] = link(primaryjoin="foreign(Deduction.behaviour_id) == Behaviour.id")
    batch: Mapped[Batch | None] = link()
    steps: Mapped[list["DeductionStep"]] = link()
    versions: Mapped[list["DeductionVersion"]] = link()


class DeductionStep(Keyed):
    """A step of the procedure: who, when, why (R4). Append-only."""

    __tablename__ = "deduction_step"
    __table_args__ = (UniqueConstraint("deduction_id", "sequence"),)

    deduction_id: Mapped[int] = mapped_column(ForeignKey("deduction.id"))
    sequence: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[DeductionStatus]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    staff_role: Mapped[StaffRole | None]
    taken_at: Mapped[datetime]
    reason: Mapped[str]


class DeductionVersion(Keyed):
    """A version of a deduction's content (R5). Append-only."""

    __tablename__ = "deduction_version"
    __table_args__ = (UniqueConstraint("deduction_id", "version"),)

    deduction_id: Mapped[int] = mapped_column(ForeignKey("deduction.id"))
    version: Mapped[int] = mapped_column(SmallInteger)
    behaviour_id: Mapped[int] = mapped_column(ForeignKey("behaviour.id"))
    points: Mapped[int] = mapped_column(SmallInteger)
    expires_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    reason: Mapped[str]

    behaviour: Mapped[Behaviour] = link()
