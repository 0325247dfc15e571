"""The names of parties over time (R22)."""

from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.base import Keyed, partial_index
from models.names import fold_default
from models.party import Party


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
        partial_index("uq_party_name_current", "party_id", where="standing = 'CURRENT'", unique=True),
        partial_index("ix_party_name_former", "folded", where="standing = 'FORMER'"),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(default=fold_default("name"))
    begins_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    latest_on: Mapped[date | None]
    exported_on: Mapped[date | None]
    standing: Mapped[NameStanding]


def is_known_as(party: type[Party], folded: Any) -> sa.ColumnElement[bool]:
    """Whether a party has this name or had it: the one comparison of names (R17, R21, R22). A slip is no name.

    Other names are looked up only where the current one differs.
    """
    former = aliased(PartyName)
    had = sa.select(former.id).where(
        former.party_id == party.id, former.folded == folded, former.standing == NameStanding.FORMER
    )
    return sa.or_(party.folded == folded, had.exists())


def select_bearers(folded: Any) -> sa.CompoundSelect[int]:
    """The keys of the parties of which `known_as` holds: where the name is all that is given."""
    party, former = aliased(Party), aliased(PartyName)
    have = sa.select(party.id).where(party.folded == folded)
    had = sa.select(former.party_id).where(former.folded == folded, former.standing == NameStanding.FORMER)
    return sa.union_all(have, had)
