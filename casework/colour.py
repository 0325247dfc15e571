"""Write the periods of colour that follow from the records of a party (R11-R14)."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from models.catalogue import CodeType, Stage
from models.code_record import VANISHING, CodePeriod, CodeRecord, Perspective
from models.colour import Record, Span, periods
from models.court_case import NEVER_DISCLOSED, CourtCase, Participation, Role
from models.party import Party

KEYS = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger))

CLEAR = sa.delete(CodePeriod).where(CodePeriod.party_id == sa.any_(KEYS))

VANISHED = sa.func.coalesce(CodeRecord.close_reason.in_(VANISHING), sa.false())
"""Records that nobody outside the court may tell from ones that never were (R10)."""

DISCLOSED = sa.func.coalesce(CourtCase.confidentiality.not_in(NEVER_DISCLOSED), sa.true())
"""Matters that may be known outside the court (R16)."""

RECORDS = (
    sa.select(
        CodeRecord.party_id,
        CodeRecord.id,
        CodeRecord.colour,
        CodeType.code,
        CodeRecord.effective_on,
        sa.func.least(CodeRecord.ends_on, CodeRecord.closed_on).label("ended_on"),
        CodeRecord.repaired_id,
        (CodeType.partner_visible & ~CodeRecord.protected & ~VANISHED & DISCLOSED).label("outside"),
    )
    .join(CodeType, CodeType.id == CodeRecord.code_type_id)
    .outerjoin(CourtCase, CourtCase.id == CodeRecord.case_id)
    .where(
        CodeRecord.party_id == sa.any_(KEYS),
        CodeRecord.closed_on.is_(None) | (CodeRecord.effective_on < CodeRecord.closed_on),
    )
)

ENFORCEMENTS = (
    sa.select(
        Participation.party_id,
        CourtCase.filed_on,
        CourtCase.closed_on,
        (~Participation.protected & DISCLOSED).label("outside"),
    )
    .join(CourtCase, CourtCase.id == Participation.case_id)
    .where(
        Participation.party_id == sa.any_(KEYS),
        Participation.role == Role.JUDGMENT_DEBTOR,
        CourtCase.stage == Stage.ENFORCEMENT,
    )
)


LOCK = sa.select(Party.id).where(Party.id == sa.any_(KEYS)).order_by(Party.id).with_for_update(key_share=True)
"""Whoever colours a party waits for whoever is colouring it."""

Seen = tuple[Record, bool]
"""A record, and whether it counts outside the court."""

Enforced = tuple[Span, bool]
"""The days of an enforcement case, and whether it may be known outside the court."""


async def recolour(connection: AsyncConnection, party_keys: Collection[int]) -> None:
    """Replace the code periods of these parties by what their records say, from both perspectives.

    A party without records has no periods: it has always been green. Runs in the caller's transaction, so that no
    colour is ever older than its records.
    """
    keys = sorted(set(party_keys))
    if not keys:
        return
    await connection.execute(LOCK, {"keys": keys})
    await connection.execute(CLEAR, {"keys": keys})
    records = await _records(connection, keys)
    if records:
        rows = list(_rows(records, await _enforcements(connection, list(records))))
        await connection.execute(sa.insert(CodePeriod), rows)


async def _records(connection: AsyncConnection, keys: list[int]) -> dict[int, list[Seen]]:
    found: dict[int, list[Seen]] = defaultdict(list)
    for row in await connection.execute(RECORDS, {"keys": keys}):
        span = Span(row.effective_on, row.ended_on)
        found[row.party_id].append((Record(row.id, row.colour, row.code, span, row.repaired_id), row.outside))
    return found


async def _enforcements(connection: AsyncConnection, keys: list[int]) -> dict[int, list[Enforced]]:
    found: dict[int, list[Enforced]] = defaultdict(list)
    for row in await connection.execute(ENFORCEMENTS, {"keys": keys}):
        found[row.party_id].append((Span(row.filed_on, row.closed_on), row.outside))
    return found


def _rows(records: Mapping[int, list[Seen]], enforcements: Mapping[int, list[Enforced]]) -> Iterator[dict[str, object]]:
    for party, seen in records.items():
        for perspective in Perspective:
            court = perspective is Perspective.COURT
            counted = [record for record, outside in seen if outside or court]
            open_cases = [span for span, outside in enforcements.get(party, []) if outside or court]
            for period in periods(counted, open_cases):
                during: Range[date] = Range(period.start, period.end)
                yield {"party_id": party, "perspective": perspective, "during": during, "colour": period.colour}
