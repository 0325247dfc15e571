"""The catalogue: behaviours, code types, moral-bank items and benefits, by edition (R1, R6, R12).

No court has published its table, so each entry states its evidence, and a court can load its own edition.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, SmallInteger, UniqueConstraint, func, literal_column
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, link


class Stage(StrEnum):
    """A stage of a case, with a base of ten points (R2)."""

    FILING = "FILING"
    TRIAL = "TRIAL"
    ENFORCEMENT = "ENFORCEMENT"


class Tier(StrEnum):
    """The gravity of a behaviour (R1)."""

    T1 = "T1"
    T2 = "T2"
    T3 = "T3"


class Colour(StrEnum):
    """The colours of a credit code (R11)."""

    RED = "RED"
    YELLOW = "YELLOW"
    BLUE = "BLUE"
    GOLD = "GOLD"
    GREEN = "GREEN"


class ItemKind(StrEnum):
    """The kinds of moral-bank items (DOMAIN 5)."""

    BONUS = "BONUS"
    DEDUCT = "DEDUCT"
    VETO = "VETO"
    REPAIR = "REPAIR"


class BenefitKind(StrEnum):
    """The kinds of benefits linked to moral points (关爱礼遇)."""

    FINANCE = "FINANCE"
    MEDICAL = "MEDICAL"
    TRANSPORT = "TRANSPORT"
    EDUCATION = "EDUCATION"
    ELDERLY_CARE = "ELDERLY_CARE"


POINTS = {Tier.T1: (1, 5), Tier.T2: (6, 8), Tier.T3: (9, 10)}
"""The range of points of each tier (R1)."""


def limit_points(*columns: str) -> str:
    """Return an SQL condition that limits columns to the range of the row's tier."""
    bands = (
        f"(tier = '{tier}' AND {' AND '.join(f'{column} BETWEEN {low} AND {high}' for column in columns)})"
        for tier, (low, high) in POINTS.items()
    )
    return " OR ".join(bands)


class CatalogueVersion(Keyed):
    """An edition of the catalogue (目录版本). Only one is in force on a day."""

    __tablename__ = "catalogue_version"
    __table_args__ = (
        ExcludeConstraint(
            (func.daterange(literal_column("effective_from"), literal_column("effective_to")), "&&"),
            using="gist",
            name="one_in_force",
        ),
    )

    label: Mapped[str] = mapped_column(unique=True)
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    note: Mapped[str]


class Behaviour(Keyed):
    """A dishonest behaviour (失信行为), for which points are deducted."""

    __tablename__ = "behaviour"
    __table_args__ = (
        UniqueConstraint("version_id", "code"),
        UniqueConstraint("id", "stage", "tier"),
        CheckConstraint("points_min <= points_max", name="points_ordered"),
        CheckConstraint(limit_points("points_min", "points_max"), name="points_within_tier"),
    )

    version_id: Mapped[int] = mapped_column(ForeignKey("catalogue_version.id"))
    code: Mapped[str]
    stage: Mapped[Stage]
    tier: Mapped[Tier]
    name: Mapped[str]
    english_name: Mapped[str]
    legal_basis: Mapped[str]
    points_min: Mapped[int] = mapped_column(SmallInteger)
    points_max: Mapped[int] = mapped_column(SmallInteger)
    code_type: Mapped[str | None]
    evidence: Mapped[str]

    version: Mapped[CatalogueVersion] = link()


class CodeType(Keyed):
    """A type of code record (信用码类型)."""

    __tablename__ = "code_type"
    __table_args__ = (
        UniqueConstraint("version_id", "code"),
        UniqueConstraint("id", "colour"),
        CheckConstraint("term_months > 0 AND term_months <= 60", name="term_within_five_years"),
    )

    version_id: Mapped[int] = mapped_column(ForeignKey("catalogue_version.id"))
    code: Mapped[str]
    colour: Mapped[Colour]
    name: Mapped[str]
    english_name: Mapped[str]
    legal_basis: Mapped[str]
    term_months: Mapped[int | None] = mapped_column(SmallInteger)
    term_note: Mapped[str]
    exit_rule: Mapped[str]
    partner_visible: Mapped[bool]
    evidence: Mapped[str]

    version: Mapped[CatalogueVersion] = link()


class MoralBankItem(Keyed):
    """An item into which litigation credit is converted (道德银行项目)."""

    __tablename__ = "moral_bank_item"
    __table_args__ = (UniqueConstraint("version_id", "code"),)

    version_id: Mapped[int] = mapped_column(ForeignKey("catalogue_version.id"))
    code: Mapped[str]
    kind: Mapped[ItemKind]
    name: Mapped[str]
    english_name: Mapped[str]
    grounded_in: Mapped[str]
    rule: Mapped[str]
    value: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    note: Mapped[str]


class Benefit(Keyed):
    """A benefit (关爱礼遇) for households with at least `least_points` points and no veto."""

    __tablename__ = "benefit"
    __table_args__ = (UniqueConstraint("version_id", "code"),)

    version_id: Mapped[int] = mapped_column(ForeignKey("catalogue_version.id"))
    code: Mapped[str]
    kind: Mapped[BenefitKind]
    name: Mapped[str]
    english_name: Mapped[str]
    least_points: Mapped[int] = mapped_column(SmallInteger)
    note: Mapped[str]
    evidence: Mapped[str]


class CaseType(Base):
    """The characters of a case type in a case number (案件类型代字), such as 民初."""

    __tablename__ = "case_type"

    characters: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    codes: Mapped[str]
    stage: Mapped[Stage]
