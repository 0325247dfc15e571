"""Risk grades (风险等级) and the rules of an edition that determine them."""

from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.catalogue import CatalogueVersion


class RiskGrade(StrEnum):
    """A grade, best first. The worst of the applicable rules decides."""

    AA = "AA"
    A = "A"
    B = "B"
    C = "C"
    D = "D"


ORDINARY = RiskGrade.A
"""The grade without applicable rules."""


class RuleSource(StrEnum):
    """The kind of record to which a rule applies."""

    CODE_RECORD = "CODE_RECORD"
    DEDUCTION = "DEDUCTION"
    LISTING = "LISTING"
    CERTIFICATE = "CERTIFICATE"


class GradingRule(Keyed):
    """A rule: a subject with such a record has this grade or a worse one.

    value: colour of the record, tier of the deduction, or list; empty for certificates.
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
