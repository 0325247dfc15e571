"""Cards: what is read most often about a party, copied from the tables (ADR 26).

A card is made by the SQL function `make_cards`. Triggers withdraw it in the transaction that changes what it says.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, DatabaseView
from models.catalogue import Colour
from models.code_record import CodePeriod
from models.court_case import CourtCase
from models.deduction import Deduction
from models.number_hashes import NumberHash
from models.party import Identity, Party

OF_CASE = "case_"
"""The prefix of the columns that are those of the case."""

COURT_OF_CASE = OF_CASE + "court_code"
COLUMNS = (
    "party_id", "id", "case_id", "behaviour_id", "points", "published_at", "expires_on", "case_disclosed", "status",
    "publicity", "case_court_code", "case_number", "case_cause", "role", "stage", "tier", "version", "conduct_on",
    "finding_kind", "finding_document", "batch_id", "proposed_at", "notified_at", "determined_on", "case_year",
    "case_type_characters", "case_stage", "case_confidentiality", "case_filed_on", "case_closed_on",
)  # fmt: skip
"""What is copied of a deduction and its case. The columns that are read most are first, where rows are read fastest."""

CASE_COLUMNS = tuple(name.removeprefix(OF_CASE) for name in COLUMNS if name.startswith(OF_CASE) and name != "case_id")
KEY = ("party_id", "id")


PARTY_COLUMNS = (
    "kind", "disclosed", "held", "folded", "name", "of_age_from", "merged_id", "village_id", "household_id",
    "created_at",
)  # fmt: skip
"""What is copied of a party beside its key: all its columns."""


def _find_origin(name: str) -> sa.Column[Any]:
    """Return the column that is copied."""
    columns: Any = Deduction.__table__.c
    found: Any = columns[name] if name in columns else CourtCase.__table__.c[name.removeprefix(OF_CASE)]
    return found  # type: ignore[no-any-return]  # a column


def _copy_type(type_: Any) -> Any:
    """Return the type of a copy. The constraint of an enum is that of the column that is copied."""
    if not isinstance(type_, sa.Enum) or type_.enum_class is None:
        return type_
    values = type_.values_callable
    return sa.Enum(type_.enum_class, native_enum=False, create_constraint=False, length=40, values_callable=values)


def _copy() -> list[sa.Column[Any]]:
    origins = {name: _find_origin(name) for name in COLUMNS}
    copies = [
        sa.Column(name, _copy_type(origin.type), primary_key=name in KEY, nullable=origin.nullable)
        for name, origin in origins.items()
    ]
    return [*copies, sa.Column("has_repairs", sa.Boolean, nullable=False)]


def _copy_party() -> list[sa.Column[Any]]:
    origins: Any = Party.__table__.c
    copies = [
        sa.Column(name, _copy_type(origins[name].type), nullable=origins[name].nullable) for name in PARTY_COLUMNS
    ]
    return [
        sa.Column("index", Identity.__table__.c.index.type, primary_key=True),
        sa.Column("party_id", sa.BigInteger, nullable=False),
        *copies,
        sa.Column("indexes", ARRAY(NumberHash)),
    ]


class PartyCard(Base):
    """A party's colour for its courts, and the days on which it holds by today's knowledge (R13, R14).

    during: unbounded for a party without periods, NULL if the table must be read. remake_on: the first day on which the
    colour does not hold any more. copied: whether its deductions are copied; false if there are too many.
    """

    __tablename__ = "party_card"

    party_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    colour: Mapped[Colour | None] = mapped_column(_copy_type(CodePeriod.__table__.c.colour.type))
    during: Mapped[Range[date] | None] = mapped_column(DATERANGE)
    remake_on: Mapped[date | None] = mapped_column(sa.Computed("upper(during)", persisted=True), index=True)
    copied: Mapped[bool]


class CardedDeduction(Base):
    """A deduction of a party that has a card, with the facts of its case and whether it has applications for repair.

    Without a valid card its rows must not be read.
    """

    __table__ = sa.Table(
        "carded_deduction",
        Base.metadata,
        *_copy(),
        sa.ForeignKeyConstraint(["party_id"], ["party_card.party_id"], ondelete="CASCADE"),
    )


class CardedIdentity(Base):
    """A document of a party that has a card: the party, found by the keyed hash of the number.

    indexes: of all documents of a person. colour, during, remake_on: as in `PartyCard`, outside the courts.
    Without a valid card the row must not be read.
    """

    __table__ = sa.Table(
        "carded_identity",
        Base.metadata,
        *_copy_party(),
        sa.Column("colour", _copy_type(CodePeriod.__table__.c.colour.type)),
        sa.Column("during", DATERANGE),
        sa.Column("remake_on", sa.Date, sa.Computed("upper(during)", persisted=True), index=True),
        sa.ForeignKeyConstraint(["party_id"], ["party_card.party_id"], ondelete="CASCADE"),
        sa.Index("ix_carded_identity_party_id", "party_id"),
    )


class CardWithdrawal(Base):
    """A card that is not valid any more. Rows are only inserted, so that writers do not wait for each other."""

    __tablename__ = "card_withdrawal"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    party_id: Mapped[int] = mapped_column(sa.BigInteger, index=True)


class DeductionFacts(DatabaseView):
    """What `CardedDeduction` is copied from."""

    __table__ = sa.Table("deduction_facts", DatabaseView.metadata, *_copy())


class IdentityFacts(DatabaseView):
    """What `CardedIdentity` is copied from, apart from the colour."""

    __table__ = sa.Table("identity_facts", DatabaseView.metadata, *_copy_party())
