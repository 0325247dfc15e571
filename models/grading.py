"""Grading (风险等级): which record makes which grade. Rules are data, in the edition that is in force."""

from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.catalogue import CatalogueVersion


class RiskGrade(StrEnum):
    """A grade, best first. The worst of the rules that apply decides."""

    AA = "AA"
    A = "A"
    B = "B"
    C = "C"
    D = "D"


ORDINARY = RiskGrade.A
"""The grade where no rule applies."""


class RuleSource(StrEnum):
    """What a rule looks at."""

    CODE_RECORD = "CODE_RECORD"
    DEDUCTION = "DEDUCTION"
    LISTING = "LISTING"
    CERTIFICATE = "CERTIFICATE"


class GradingRule(Keyed):
    """Who has a record of this kind is graded so, or worse.

    value: the record's colour, the deduction's tier, the list; blank for certificates.
    """

    __tablename__ = "grading_rule"
    __table_args__ = (UniqueConstraint("version_id", "code"), UniqueConstraint("version_id", "source", "value"))

    version_id: Mapped[int] = mapped_column(ForeignKey("catalogue_version.id"))
    code: Mapped[str]
    source: Mapped[RuleSource]
    value: Mapped[str]
    grade: Mapped[RiskGrade]
    name: Mapped[str]
    english_name: Mapped[str]
    basis: Mapped[str]

    version: Mapped[CatalogueVersion] = link()
