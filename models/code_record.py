"""Code records (信用码记录): what colours a code, and the periods of colour that follow from them (R11-R14)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, choice, link, partial_index
from models.catalogue import CodeType, Colour
from models.certificate import Certificate
from models.court import Court
from models.court_case import CourtCase
from models.deduction import Deduction
from models.listing import Listing
from models.publicity import Public
from models.sanction import Sanction


class CloseReason(StrEnum):
    """Why a record ended before its term."""

    REVOKED = "REVOKED"
    WITHDRAWN = "WITHDRAWN"
    SHIELDED = "SHIELDED"
    DELISTED = "DELISTED"
    PERFORMED = "PERFORMED"
    BREACHED = "BREACHED"
    CLEARED = "CLEARED"


VANISHING = (CloseReason.REVOKED, CloseReason.WITHDRAWN, CloseReason.SHIELDED)
"""Ends after which a record has never been there, for everyone outside the court (R10)."""

ANNULLED = (CloseReason.REVOKED, CloseReason.WITHDRAWN)
"""Ends that say that a record was wrong from its first day: by today's knowledge it colours no day (R25, R26)."""


class CodeRecord(Public, Keyed):
    """One reason for a colour, active from `effective_on` through `ends_on`, or until it is closed before `closed_on`.

    A blue record repairs the one yellow record that it names, and nothing else (R11).
    """

    __tablename__ = "code_record"
    __table_args__ = (
        UniqueConstraint("id", "colour"),
        ForeignKeyConstraint(["code_type_id", "colour"], ["code_type.id", "code_type.colour"]),
        ForeignKeyConstraint(["repaired_id", "repaired_colour"], ["code_record.id", "code_record.colour"]),
        CheckConstraint("(colour = 'BLUE') = (repaired_id IS NOT NULL)", name="blue_repairs_a_record"),
        CheckConstraint("(repaired_id IS NULL) = (repaired_colour IS NULL)", name="repaired_has_colour"),
        CheckConstraint("repaired_colour = 'YELLOW'", name="only_yellow_is_repaired"),
        CheckConstraint("colour <> 'GREEN'", name="green_needs_no_record"),
        CheckConstraint("ends_on >= effective_on", name="ends_after_effect"),
        CheckConstraint("closed_on >= effective_on", name="closed_after_effect"),
        CheckConstraint("(closed_on IS NULL) = (close_reason IS NULL)", name="closed_for_a_reason"),
        CheckConstraint("num_nonnulls(sanction_id, listing_id, certificate_id, deduction_id) <= 1", name="one_source"),
        Index("ix_code_record_party", "party_id", "effective_on"),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    code_type_id: Mapped[int]
    colour: Mapped[Colour]
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("court_case.id"), index=True)
    effective_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(index=True)
    closed_on: Mapped[date | None]
    close_reason: Mapped[CloseReason | None]
    repaired_id: Mapped[int | None] = mapped_column(index=True)
    repaired_colour: Mapped[Colour | None] = mapped_column(choice(Colour, "repairedcolour"))
    sanction_id: Mapped[int | None] = mapped_column(ForeignKey("sanction.id"), unique=True)
    listing_id: Mapped[int | None] = mapped_column(ForeignKey("listing.id"), unique=True)
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id"), unique=True)
    deduction_id: Mapped[int | None] = mapped_column(ForeignKey("deduction.id"), unique=True)

    code_type: Mapped[CodeType] = link(primaryjoin="foreign(CodeRecord.code_type_id) == CodeType.id")
    court: Mapped[Court] = link()
    case: Mapped[CourtCase | None] = link()
    repaired: Mapped["CodeRecord | None"] = link(
        primaryjoin="foreign(CodeRecord.repaired_id) == remote(CodeRecord.id)", uselist=False
    )
    sanction: Mapped[Sanction | None] = link()
    listing: Mapped[Listing | None] = link()
    certificate: Mapped[Certificate | None] = link()
    deduction: Mapped[Deduction | None] = link()


class CodeRecordVersion(Base):
    """What a code record said while it was `known` to say so; an open upper bound is today's knowledge (R26).

    Kept by the database for every way in, dated by its function `recorded_at()`.
    """

    __tablename__ = "code_record_version"
    __table_args__ = (
        CheckConstraint("NOT isempty(known)", name="was_known"),
        partial_index("ix_code_record_version_today", "code_record_id", where="upper_inf(known)", unique=True),
        Index("ix_code_record_version_party", "party_id", "effective_on"),
    )

    code_record_id: Mapped[int] = mapped_column(ForeignKey("code_record.id"), primary_key=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    code_type_id: Mapped[int]
    colour: Mapped[Colour]
    effective_on: Mapped[date]
    ends_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    close_reason: Mapped[CloseReason | None]
    known: Mapped[Range[datetime]] = mapped_column(primary_key=True)


class Reading(StrEnum):
    """Which answer about a day is meant: the one that is right by today's knowledge, or the one given then (R26)."""

    VALID = "VALID"
    KNOWN = "KNOWN"


class Perspective(StrEnum):
    """Whose colour it is: suspicions and what is not public colour the court's only (R13, R16)."""

    COURT = "COURT"
    OUTSIDE = "OUTSIDE"


class CodePeriod(Base):
    """A colour and the days it lasts, past and already certain: answers "as of" by one look-up (R13, R14).

    A party without periods never had a record, and has always been green. Written by `casework.colour` in the
    transaction that writes the records. What is no longer so is closed and not deleted: `known` says from when until
    when this was the service's knowledge, with an open upper bound today's (R26). Of what is known at one moment, the
    periods of a party never overlap.
    """

    __tablename__ = "code_period"
    __table_args__ = (
        ExcludeConstraint(
            ("party_id", "="),
            ("perspective", "="),
            ("during", "&&"),
            ("known", "&&"),
            using="gist",
            name="one_colour_a_day",
        ),
        CheckConstraint("NOT isempty(during)", name="lasts"),
        CheckConstraint("NOT isempty(known)", name="was_known"),
        partial_index(
            "ix_code_period_today", "party_id", "perspective", "during", where="upper_inf(known)", unique=True
        ),
        partial_index("ix_code_period_begins", text("lower(during)"), where="upper_inf(known)"),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), primary_key=True)
    perspective: Mapped[Perspective] = mapped_column(primary_key=True)
    during: Mapped[Range[date]] = mapped_column(primary_key=True)
    known: Mapped[Range[datetime]] = mapped_column(
        primary_key=True, server_default=text("tstzrange(recorded_at(), NULL)")
    )
    colour: Mapped[Colour]


def is_known_today(period: Any) -> ColumnElement[bool]:
    """Whether a period, or a version of a record, is today's knowledge; what the partial indexes hold."""
    return func.upper_inf(period.known)
