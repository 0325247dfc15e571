"""Policy profiles: how long items of a court are public, and when they may be repaired. A court's profile has a date.

LOCAL_2021 is the default (R6, R9). NDRC_36 is the national rule of 2026 (信用修复管理办法, NDRC Order 36): minor items
are public for three months at most, ordinary ones for twelve, serious ones for 36, from their determination.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed
from models.catalogue import Tier
from models.listing import ListingGrade


class PolicyProfile(StrEnum):
    """A profile: the rules of 2021, or those of NDRC Order 36."""

    LOCAL_2021 = "LOCAL_2021"
    NDRC_36 = "NDRC_36"


IN_FORCE_FROM: Mapping[PolicyProfile, date] = {
    PolicyProfile.LOCAL_2021: date(2021, 1, 1),
    PolicyProfile.NDRC_36: date(2026, 4, 1),
}
"""The earliest day on which a court may begin a profile."""

MOST_MONTHS: Mapping[PolicyProfile, Mapping[ListingGrade, int]] = {
    PolicyProfile.LOCAL_2021: {},
    PolicyProfile.NDRC_36: {ListingGrade.MINOR: 3, ListingGrade.ORDINARY: 12, ListingGrade.SERIOUS: 36},
}
"""The longest publicity by grade, where a profile bounds it."""

LEAST_MONTHS: Mapping[PolicyProfile, Mapping[ListingGrade, int]] = {
    PolicyProfile.LOCAL_2021: {},
    PolicyProfile.NDRC_36: {ListingGrade.MINOR: 0, ListingGrade.ORDINARY: 3, ListingGrade.SERIOUS: 12},
}
"""The months before a repair by grade, where a profile sets them."""

MINOR_POINTS = 2
"""The most points of a minor item of tier T1."""


def grade_item(tier: Tier, points: int | None) -> ListingGrade:
    """Return the grade of a deduction: T3 is serious, T1 with one or two points minor, all others ordinary. Records of
    a behaviour have a tier and no points."""
    if tier is Tier.T3:
        return ListingGrade.SERIOUS
    minor = tier is Tier.T1 and points is not None and points <= MINOR_POINTS
    return ListingGrade.MINOR if minor else ListingGrade.ORDINARY


@dataclass(frozen=True)
class ProfileStart:
    """The beginning of a profile of a court."""

    court_code: str
    profile: PolicyProfile
    begins_on: date


class CourtProfile(Keyed):
    """The profile of a court from a day on, until the next one begins."""

    __tablename__ = "court_profile"
    __table_args__ = (
        UniqueConstraint("court_code", "begins_on"),
        CheckConstraint("profile <> 'NDRC_36' OR begins_on >= '2026-04-01'", name="not_before_the_law"),
    )

    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    profile: Mapped[PolicyProfile]
    begins_on: Mapped[date]
    declared_at: Mapped[datetime]
