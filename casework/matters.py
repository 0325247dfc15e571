"""The kinds of rows on which code records rest, and the record that each row makes (R11, R12).

The record follows from the row alone, for entries by hand and by file.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, aliased

from casework.catalogue import is_in_force
from models.catalogue import Behaviour, CatalogueVersion, CodeType, Stage
from models.certificate import GOLD_TYPE, Certificate
from models.code_record import CodeRecord
from models.court_case import CourtCase
from models.deduction import Deduction
from models.event import EventKind
from models.listing import Listing, ListingKind
from models.sanction import CONVICTED, CONVICTED_IN_ENFORCEMENT, RED_TYPES, SANCTION_CASES, Sanction, SanctionKind

LISTING_TYPES = {ListingKind.DISHONEST_DEBTOR: "Y18", ListingKind.PROFESSIONAL_LENDER: "Y01"}
"""The code type of an entry's record, by list. A dishonest litigant is coloured by the deduction it is listed for."""

COLUMNS = ("party_id", "code_type_id", "colour", "court_code", "case_id", "effective_on", "ends_on")
"""The columns of a code record that follow from its row."""


@dataclass(frozen=True)
class Matter:
    """A kind of rows.

    model: its table. source: the column of a code record that refers to a row. described: the records that rows make,
    as `COLUMNS` and the row's key; None if they are entered elsewhere. entered, vanished: the events of rows that
    become visible outside, or vanish. revoked: the column with the day of revocation, if there is one.
    """

    model: Any
    source: InstrumentedAttribute[int | None]
    described: sa.Select[Any] | None
    entered: EventKind
    vanished: EventKind
    revoked: InstrumentedAttribute[date | None] | None = None


def _described(row: Any, code: Any, start: Any, end: Any, court: Any, conditions: Any) -> sa.Select[Any]:
    """Select the record of type `code` of each row, from the catalogue in force on its first day."""
    return (
        sa.select(
            row.id,
            row.party_id,
            CodeType.id.label("code_type_id"),
            CodeType.colour,
            court.label("court_code"),
            row.case_id,
            start.label("effective_on"),
            end.label("ends_on"),
        )
        .select_from(conditions)
        .join(CatalogueVersion, is_in_force(start))
        .join(CodeType, sa.and_(CodeType.version_id == CatalogueVersion.id, CodeType.code == code))
    )


def _term(start: Any) -> Any:
    """Return the last day of the code type's term; null without a term."""
    return sa.cast(start + sa.func.make_interval(0, CodeType.term_months), sa.Date)


def _sanctions() -> sa.Select[Any]:
    """Red for convictions, and for fines and detentions with 司惩 numbers; else the behaviour's code type (R12)."""
    row, behaviour, case = Sanction, aliased(Behaviour), aliased(CourtCase)
    enforced = sa.func.coalesce(case.stage == Stage.ENFORCEMENT, row.related_number.contains("执"))
    convicted = sa.case((enforced, CONVICTED_IN_ENFORCEMENT), else_=CONVICTED)
    red = [
        (sa.and_(row.kind == kind, row.decision_number.contains(SANCTION_CASES)), code)
        for kind, code in RED_TYPES.items()
    ]
    code = sa.case((row.kind == SanctionKind.CONVICTION, convicted), *red, else_=behaviour.code_type)
    start = row.effective_on
    end = _term(sa.func.greatest(row.sentence_ends_on, start))
    joined = sa.outerjoin(sa.outerjoin(row, behaviour, behaviour.id == row.behaviour_id), case, case.id == row.case_id)
    return _described(row, code, start, end, row.court_code, joined)


def _listings() -> sa.Select[Any]:
    """From publication to the end of the entry, or without an end. During grace there is no record: the day on which
    a colour will change is told outside (R13)."""
    row = Listing
    code = sa.case({kind.value: code for kind, code in LISTING_TYPES.items()}, value=row.kind)
    published = sa.and_(
        row.published_on <= sa.func.court_day(sa.func.recorded_at()),
        sa.or_(row.removed_on.is_(None), row.removed_on > row.published_on),
    )
    described = _described(row, code, row.published_on, row.ends_on, row.court_code, row)
    return described.where(sa.or_(row.grace_ends_on.is_(None), published))


def _certificates() -> sa.Select[Any]:
    """Gold from the day of issue (R11). The court is that of the case, or of the case number."""
    row, case = Certificate, aliased(CourtCase)
    named = sa.func.substring(row.case_number, r"\)(.[0-9]*)")
    joined = sa.outerjoin(row, case, case.id == row.case_id)
    return _described(
        row,
        sa.literal(GOLD_TYPE),
        row.issued_on,
        _term(row.issued_on),
        sa.func.coalesce(case.court_code, named),
        joined,
    )


SANCTIONS = Matter(
    Sanction,
    CodeRecord.sanction_id,
    _sanctions(),
    EventKind.ENTRY_PUBLISHED,
    EventKind.ENTRY_WITHDRAWN,
    Sanction.revoked_on,
)
LISTINGS = Matter(Listing, CodeRecord.listing_id, _listings(), EventKind.LIST_ADDED, EventKind.LIST_REMOVED)
CERTIFICATES = Matter(
    Certificate,
    CodeRecord.certificate_id,
    _certificates(),
    EventKind.CERTIFICATE_ISSUED,
    EventKind.CERTIFICATE_REVOKED,
    Certificate.revoked_on,
)
DEDUCTIONS = Matter(Deduction, CodeRecord.deduction_id, None, EventKind.ENTRY_PUBLISHED, EventKind.ENTRY_WITHDRAWN)
MATTERS = (SANCTIONS, LISTINGS, CERTIFICATES, DEDUCTIONS)
