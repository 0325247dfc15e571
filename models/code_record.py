"""Code records (信用码记录), their versions, and the periods of colour that follow from them (R11-R14)."""

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

from models.base import Base, Keyed, index_where, link, map_enum
from models.catalogue import CodeType, Colour
from models.certificate import Certificate
from models.court import Court
from models.court_case import CourtCase
from models.deduction import Deduction
from models.listing import Listing
from models.publicity import Public
from models.sanction import Sanction


class CloseReason(StrEnum):
    """The reason for which a record ended before its term."""

    REVOKED = "REVOKED"
    WITHDRAWN = "WITHDRAWN"
    SHIELDED = "SHIELDED"
    DELISTED = "DELISTED"
    PERFORMED = "PERFORMED"
    BREACHED = "BREACHED"
    CLEARED = "CLEARED"
    CONFIRMED = "CONFIRMED"


VANISHING = (CloseReason.REVOKED, CloseReason.WITHDRAWN, CloseReason.SHIELDED)
"""Reasons with which a record vanishes outside the court (R10)."""

ANNULLED = (CloseReason.REVOKED, CloseReason.WITHDRAWN)
"""Reasons that declare a record wrong from its first day, so that it colours no day (R25, R26)."""


class CodeRecord(Public, Keyed):
    """A reason for a colour: active from `effective_on` through `ends_on`, or until the day before `closed_on`.

    A blue record repairs one yellow record (R11).
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
    repaired_colour: Mapped[Colour | None] = mapped_column(map_enum(Colour, "repairedcolour"))
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
    """A former or current version of a code record, with the time during which it was `known` (R26).

    Written by a trigger. An unbounded `known` is the current version. Its bounds are values of `recorded_at()`.
    """

    __tablename__ = "code_record_version"
    __table_args__ = (
        CheckConstraint("NOT isempty(known)", name="was_known"),
        index_where("ix_code_record_version_today", "code_record_id", where="upper_inf(known)", unique=True),
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
    """The reading of a past day: by today's knowledge, or by the knowledge of that day (R26)."""

    VALID = "VALID"
    KNOWN = "KNOWN"


class Perspective(StrEnum):
    """The viewer of a colour. Suspicions and non-public records count for the court only (R13, R16)."""

    COURT = "COURT"
    OUTSIDE = "OUTSIDE"


class CodePeriod(Base):
    """A colour and its days, past and certain ones, so that "as of" needs one look-up (R13, R14).

    A party without periods is green. Written by `casework.colour` in the transaction of the records. Outdated periods
    are closed, not deleted: `known` is the time during which a period was the service's knowledge; unbounded for the
    present (R26). Periods of a party that are known at the same time do not overlap.
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
        index_where("ix_code_period_today", "party_id", "perspective", "during", where="upper_inf(known)", unique=True),
        index_where("ix_code_period_begins", text("lower(during)"), where="upper_inf(known)"),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), primary_key=True)
    perspective: Mapped[Perspective] = mapped_column(primary_key=True)
    during: Mapped[Range[date]] = mapped_column(primary_key=True)
    known: Mapped[Range[datetime]] = mapped_column(
        primary_key=True, server_default=text("tstzrange(recorded_at(), NULL)")
    )
    colour: Mapped[Colour]


def is_known_today(period: Any) -> ColumnElement[bool]:
    """Test whether a period or version is current. Matches the partial indexes."""
    return func.upper_inf(period.known)
