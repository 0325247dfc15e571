"""Write the periods of colour that follow from the records of a party (R11-R14)."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from models.catalogue import CodeType, Stage
from models.code_record import CodePeriod, CodeRecord, Perspective
from models.colour import Record, Span, periods
from models.court_case import CourtCase, Participation, Role
from models.party import Party

KEYS = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger))

CLEAR = sa.delete(CodePeriod).where(CodePeriod.party_id == sa.any_(KEYS))

RECORDS = (
    sa.select(
        CodeRecord.party_id,
        CodeRecord.id,
        CodeRecord.colour,
        CodeType.code,
        CodeRecord.effective_on,
        sa.func.least(CodeRecord.ends_on + 1, CodeRecord.closed_on).label("ended_on"),
        CodeRecord.repaired_id,
        sa.func.isempty(CodeRecord.publicity).label("inside"),
        sa.func.lower(CodeRecord.publicity, type_=sa.Date).label("public_from"),
        sa.func.upper(CodeRecord.publicity, type_=sa.Date).label("public_until"),
    )
    .join(CodeType, CodeType.id == CodeRecord.code_type_id)
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
        (CourtCase.disclosed & (CourtCase.filed_on >= Party.of_age_from) & ~Party.held).label("outside"),
    )
    .join(Party, Party.id == Participation.party_id)
    .join(CourtCase, CourtCase.id == Participation.case_id)
    .where(
        Participation.party_id == sa.any_(KEYS),
        Participation.role == Role.JUDGMENT_DEBTOR,
        CourtCase.stage == Stage.ENFORCEMENT,
    )
)


LOCK = sa.select(Party.id).where(Party.id == sa.any_(KEYS)).order_by(Party.id).with_for_update(key_share=True)
"""Whoever colours a party waits for whoever is colouring it."""

Seen = tuple[Record, Record | None]
"""A record, and as it counts outside the court, on the days of its publicity."""

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
        record = Record(row.id, row.colour, row.code, Span(row.effective_on, row.ended_on), row.repaired_id)
        outside = None if row.inside else replace(record, active=Span(row.public_from, row.public_until))
        found[row.party_id].append((record, outside))
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
            counted = [record for pair in seen if (record := pair[0] if court else pair[1])]
            open_cases = [span for span, outside in enforcements.get(party, []) if outside or court]
            for period in periods(counted, open_cases):
                during: Range[date] = Range(period.start, period.end)
                yield {"party_id": party, "perspective": perspective, "during": during, "colour": period.colour}
