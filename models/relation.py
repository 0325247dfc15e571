"""Relations (关联关系): legal representatives and affiliates of organizations."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.party import Party


class RelationKind(StrEnum):
    """The relation of a party to an organization."""

    LEGAL_REPRESENTATIVE = "LEGAL_REPRESENTATIVE"
    AFFILIATE = "AFFILIATE"


class PartyRelation(Keyed):
    """A party's relation to an organization. ends_on: the last day."""

    __tablename__ = "relation"
    __table_args__ = (
        UniqueConstraint("organization_id", "kind", "party_id", "begins_on"),
        CheckConstraint("ends_on >= begins_on", name="ends_after_it_begins"),
        CheckConstraint("organization_id <> party_id", name="two_parties"),
    )

    organization_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[RelationKind]
    begins_on: Mapped[date]
    ends_on: Mapped[date | None]
    exported_on: Mapped[date | None]

    organization: Mapped[Party] = link(foreign_keys=[organization_id])
    party: Mapped[Party] = link(foreign_keys=[party_id])
