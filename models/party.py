"""Parties (当事人) and their identities. The number itself is sealed; the keyed hash finds it (R18)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Keyed, choice
from models.household import Household, Village


class PartyKind(StrEnum):
    """A natural person or an organization: consent binds the first only (R15)."""

    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"


class IdentityType(StrEnum):
    """The kind of number that identifies a party."""

    RESIDENT_ID = "RESIDENT_ID"
    UNIFIED_SOCIAL_CREDIT_CODE = "UNIFIED_SOCIAL_CREDIT_CODE"


class Party(Keyed):
    """A person or organization that took part in a case.

    `disclosed` is false for a party known only from matters that never leave the court (R16): a minor's, a private
    case's. For everyone outside, such a party does not exist; the database keeps it. The village is the one that the
    court's files name; the household, where there is one, is the moral bank's.

    of_age_from: the earliest day on which a person is established to have been of age; infinity while nothing is
    established, -infinity of an organization. Only `casework.majority` lowers it. What was done before it is a minor's.
    held: the provisional party of a name conflict; nothing of it is public (R22).
    """

    __tablename__ = "party"
    __table_args__ = (
        Index("ix_party_household_id", "household_id", postgresql_where=text("household_id IS NOT NULL")),
        CheckConstraint("kind <> 'ORGANIZATION' OR of_age_from = '-infinity'", name="organizations_are_of_age"),
        CheckConstraint("NOT (held AND disclosed)", name="held_is_not_disclosed"),
    )

    kind: Mapped[PartyKind] = mapped_column(choice(PartyKind))
    name: Mapped[str] = mapped_column(Text, index=True)
    disclosed: Mapped[bool] = mapped_column(Boolean)
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    of_age_from: Mapped[date] = mapped_column(server_default="infinity")
    held: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    village: Mapped[Village | None] = relationship(viewonly=True, lazy="raise")
    household: Mapped[Household | None] = relationship(viewonly=True, lazy="raise")
    identity: Mapped["Identity | None"] = relationship(viewonly=True, lazy="raise", uselist=False)


class Identity(Base):
    """The number of a party: sealed, indexed by keyed hash, and in masked form.

    `sealed` is bound to `index`, so that it opens in this row only. `index` starts with the version of its key.
    """

    __tablename__ = "identity"
    __table_args__ = (
        CheckConstraint("octet_length(index) = 21", name="keyed_hash"),
        CheckConstraint("masked LIKE '%*%'", name="masked_form"),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), primary_key=True)
    type: Mapped[IdentityType] = mapped_column(choice(IdentityType))
    index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    masked: Mapped[str] = mapped_column(Text)
