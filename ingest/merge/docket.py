"""Merge staged cases, with the consequences for the records of these cases (R16, R23)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import Items, Visible, find_visible, follow
from casework.events import update_colours
from casework.matters import MATTERS, Matter
from ingest.merge.links import UNTIED
from ingest.merge.staging import staged_case
from ingest.records import STRICTNESS
from ingest.versions import Kept, Source
from models.catalogue import Stage
from models.code_record import CodeRecord
from models.court import Division
from models.court_case import CourtCase, Participation, Role

case: Any = CourtCase.__table__
CASES = sa.any_(sa.bindparam("cases", type_=sa.ARRAY(sa.BigInteger)))


def _strictness(column: Any) -> sa.ColumnElement[int]:
    return sa.func.array_position(sa.literal(list(STRICTNESS), sa.ARRAY(sa.Text)), sa.cast(column, sa.Text))


def _stricter(staged: Any, row: Any) -> Any:
    return sa.case(
        (_strictness(staged.confidentiality) > _strictness(row.confidentiality), staged.confidentiality),
        else_=row.confidentiality,
    )


def _closed(staged: Any, row: Any) -> Any:
    """The closing day is kept if a line has none, and is never before the filing day."""
    closed_on = sa.func.coalesce(staged.closed_on, row.closed_on)
    return sa.case((closed_on < staged.filed_on, row.closed_on), else_=closed_on)


def _filed(staged: Any, row: Any) -> Any:
    return sa.case((staged.filed_on > row.closed_on, row.filed_on), else_=staged.filed_on)


def _division(staged: Any, row: Any) -> Any:
    """The division is kept if a line has none."""
    return sa.func.coalesce(staged.division, row.division)


KEPT = Kept(
    table=case,
    staged=staged_case,
    key=("number",),
    content={
        "court_code": None,
        "cause": None,
        "confidentiality": _stricter,
        "filed_on": _filed,
        "closed_on": _closed,
        "division": _division,
    },
    matter="case_id",
    turns=False,
)
"""The confidentiality of a case only becomes stricter (R16)."""

DEBTORS = (
    sa.select(Participation.party_id)
    .distinct()
    .join(CourtCase, CourtCase.id == Participation.case_id)
    .where(
        CourtCase.id == CASES,
        CourtCase.stage == Stage.ENFORCEMENT,
        Participation.role == Role.JUDGMENT_DEBTOR,
        sa.exists().where(CodeRecord.party_id == Participation.party_id),
    )
)
"""Debtors whose gold depends on these cases (R11)."""


@dataclass(frozen=True)
class Docket:
    """The numbers of new and changed cases."""

    new: int
    changed: int


def _touched(matter: Matter) -> Any:
    """The items of a matter that the staged cases link, make secret or date differently."""
    staged = staged_case.c
    altered = sa.and_(
        ~KEPT.is_older(),
        sa.or_(
            _strictness(staged.confidentiality) > _strictness(CourtCase.confidentiality),
            _filed(staged, CourtCase) != CourtCase.filed_on,
        ),
    )
    known = (
        sa.select(matter.model.id)
        .join(CourtCase, CourtCase.id == matter.model.case_id)
        .join(staged_case, staged.number == CourtCase.number)
        .where(altered)
    )
    waiting = [
        sa.select(matter.model.id)
        .join(staged_case, getattr(matter.model, UNTIED[matter]) == staged.number)
        .where(matter.model.case_id.is_(None))
        for one in UNTIED
        if one is matter
    ]
    return sa.union(known, *waiting)


TOUCHED = {matter: _touched(matter) for matter in MATTERS}


async def find_touched(connection: AsyncConnection, exported_on: date) -> Items:
    """The items whose visibility the staged cases change, as of an export of this day."""
    bound = {"exported": exported_on}
    found = {matter: (await connection.execute(query, bound)).scalars().all() for matter, query in TOUCHED.items()}
    return {matter: keys for matter, keys in found.items() if keys}


DIVISIONS = (
    insert(Division)
    .from_select(
        ["court_code", "name"],
        sa.select(staged_case.c.court_code, _division(staged_case.c, case.c))
        .distinct()
        .select_from(staged_case.outerjoin(case, case.c.number == staged_case.c.number))
        .where(_division(staged_case.c, case.c).is_not(None)),
    )
    .on_conflict_do_nothing()
)
"""Creates the divisions that the cases will name."""


async def merge_cases(
    connection: AsyncConnection, items: Items, source: Source, silent: bool, wait: Callable[[], Awaitable[None]]
) -> Docket:
    """Write the staged cases, with their consequences. items: those affected. wait: awaited before colours change."""
    before: Visible = await find_visible(connection, items, source.at)

    await connection.execute(DIVISIONS)
    written = await KEPT.write(connection, source, 0)
    if items:
        await follow(connection, items, before, source.at, silent=silent)
    if debtors := await _debtors(connection, written.changed):
        await wait()
        await update_colours(connection, debtors, source.at, silent=silent)
    return Docket(len(written.new), len(written.changed))


async def _debtors(connection: AsyncConnection, cases: Sequence[int]) -> Sequence[int]:
    if not cases:
        return ()
    found = await connection.execute(DEBTORS, {"cases": list(cases)})
    return [key for key in found.scalars() if key is not None]
