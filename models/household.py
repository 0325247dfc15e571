"""Villages, households and their members; moral points belong to households (DOMAIN 5)."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link


class Village(Keyed):
    """A village or community (村社区), named with its township."""

    __tablename__ = "village"

    name: Mapped[str] = mapped_column(unique=True)


class Household(Keyed):
    """A household (农户家庭). key: as the moral bank identifies it."""

    __tablename__ = "household"

    key: Mapped[str] = mapped_column(unique=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"), index=True)

    village: Mapped[Village] = link()


class HouseholdMember(Keyed):
    """A member of a household, enrolled on a letter of consent (R15), until `left_on`.

    left_on: the first day after the membership. A person has one open membership at most. The trigger `settle_member`
    copies it to `party.household_id` and `party.village_id`.
    """

    __tablename__ = "household_member"
    __table_args__ = (
        UniqueConstraint("household_id", "party_id"),
        index_where("uq_household_member_open", "party_id", where="left_on IS NULL", unique=True),
        Index("ix_household_member_party_id", "party_id"),
        CheckConstraint("left_on >= enrolled_on", name="left_after_enrolment"),
        CheckConstraint("consent_number <> ''", name="consented"),
    )

    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    relation: Mapped[str]
    consent_number: Mapped[str]
    consented_on: Mapped[date]
    enrolled_on: Mapped[date]
    left_on: Mapped[date | None]
    exported_on: Mapped[date | None]

    household: Mapped[Household] = link()
