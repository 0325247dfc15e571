"""Sanctions, listings and certificates that came before their case: tie them to it once it is there."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.certificate import Certificate
from models.code_record import CodeRecord
from models.court_case import NEVER_DISCLOSED, CourtCase
from models.deduction import Deduction
from models.listing import Listing
from models.sanction import Sanction

SOURCES = (
    (Sanction.__table__, "related_number", CodeRecord.sanction_id),
    (Listing.__table__, "case_number", CodeRecord.listing_id),
    (Certificate.__table__, "case_number", CodeRecord.certificate_id),
)


async def link_cases(connection: AsyncConnection) -> set[int]:
    """Tie records to cases by number, and protect what belongs to a case that is never disclosed (R16).

    Returns the parties whose colour may have changed.
    """
    changed: set[int] = set()
    for table, number, source in SOURCES:
        await connection.execute(_tie(table, number))
        changed |= set(await connection.scalars(_follow(table, source)))
    await connection.execute(PROTECT_DEDUCTIONS)
    return changed | set(await connection.scalars(PROTECT))


PROTECT = (
    sa.update(CodeRecord)
    .values(protected=True)
    .where(CodeRecord.case_id == CourtCase.id, CourtCase.confidentiality.in_(NEVER_DISCLOSED), ~CodeRecord.protected)
    .returning(CodeRecord.party_id)
)
"""Records of a case that was sealed after they were made."""


PROTECT_DEDUCTIONS = (
    sa.update(Deduction)
    .values(protected=True)
    .where(Deduction.case_id == CourtCase.id, CourtCase.confidentiality.in_(NEVER_DISCLOSED), ~Deduction.protected)
)
"""Deductions of such a case: nothing more is told of them."""


def _tie(table: sa.FromClause, number: str) -> sa.Update:
    """Set the case, and protect; never the other way."""
    never = CourtCase.confidentiality.in_(NEVER_DISCLOSED)
    protected = table.c.protected | never
    return (
        sa.update(table)  # type: ignore[arg-type]
        .values(case_id=CourtCase.id, protected=protected)
        .where(CourtCase.number == table.c[number])
        .where(table.c.case_id.is_(None) | (protected != table.c.protected))
    )


def _follow(table: sa.FromClause, source: sa.orm.InstrumentedAttribute[int | None]) -> sa.Update:
    """Let code records follow their source."""
    differs = CodeRecord.case_id.is_distinct_from(table.c.case_id) | (CodeRecord.protected != table.c.protected)
    return (
        sa.update(CodeRecord)
        .values(case_id=table.c.case_id, protected=table.c.protected)
        .where(source == table.c.id, differs)
        .returning(CodeRecord.party_id)
    )
