"""The names of parties over time (R22)."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, choice
from models.names import folded_from


class NameStanding(StrEnum):
    """What a name is to its party: the one it has, one it had (曾用名), or a slip that nobody outside is to match."""

    CURRENT = "CURRENT"
    FORMER = "FORMER"
    MISSPELT = "MISSPELT"


class PartyName(Keyed):
    """One name of one party.

    latest_on: the latest court day of a line that bears it; exported_on: the day of the export that brought it.
    By these two, in this order, an organization's newest name is its current one. begins_on, ends_on: the days between
    which courts' files bear it; a current name has no end.
    """

    __tablename__ = "party_name"
    __table_args__ = (
        UniqueConstraint("party_id", "folded"),
        CheckConstraint("standing <> 'CURRENT' OR ends_on IS NULL", name="current_has_no_end"),
        CheckConstraint("ends_on >= begins_on", name="ordered"),
        Index("uq_party_name_current", "party_id", unique=True, postgresql_where=text("standing = 'CURRENT'")),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    name: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text, default=folded_from("name"))
    begins_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    latest_on: Mapped[date | None]
    exported_on: Mapped[date | None]
    standing: Mapped[NameStanding] = mapped_column(choice(NameStanding))
