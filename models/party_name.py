"""Names of parties over time (R22)."""

from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.base import Keyed, index_where
from models.names import fold_default
from models.party import Party


class NameStanding(StrEnum):
    """The standing of a name: current, former (曾用名), or misspelt, which is not matched outside the courts."""

    CURRENT = "CURRENT"
    FORMER = "FORMER"
    MISSPELT = "MISSPELT"


class PartyName(Keyed):
    """A name of a party.

    latest_on: latest court day of a line with the name; exported_on: day of its export. The newest name of an
    organization by these two is the current one. begins_on, ends_on: first and last day in the files; a current name
    has no end.
    """

    __tablename__ = "party_name"
    __table_args__ = (
        UniqueConstraint("party_id", "folded"),
        CheckConstraint("standing <> 'CURRENT' OR ends_on IS NULL", name="current_has_no_end"),
        CheckConstraint("ends_on >= begins_on", name="ordered"),
        index_where("uq_party_name_current", "party_id", where="standing = 'CURRENT'", unique=True),
        index_where("ix_party_name_former", "folded", where="standing = 'FORMER'"),
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
    """Test whether a party has or had a name (R17, R21, R22). Misspelt names do not count.

    Former names are only looked up if the current one differs.
    """
    former = aliased(PartyName)
    had = sa.select(former.id).where(
        former.party_id == party.id, former.folded == folded, former.standing == NameStanding.FORMER
    )
    return sa.or_(party.folded == folded, had.exists())


def select_resembling(part: Any) -> sa.CompoundSelect[int]:
    """Select the keys of the parties whose name, or a former one, contains a folded text; of none for a blank one."""
    party, former = aliased(Party), aliased(PartyName)
    have = sa.select(party.id).where(part != "", sa.func.strpos(party.folded, part) > 0)
    has = (part != "", sa.func.strpos(former.folded, part) > 0, former.standing == NameStanding.FORMER)
    return sa.union_all(have, sa.select(former.party_id).where(*has))


def select_bearers(folded: Any) -> sa.CompoundSelect[int]:
    """Select the keys of the parties for which `is_known_as` holds, for a search by name only."""
    party, former = aliased(Party), aliased(PartyName)
    have = sa.select(party.id).where(party.folded == folded)
    had = sa.select(former.party_id).where(former.folded == folded, former.standing == NameStanding.FORMER)
    return sa.union_all(have, had)
