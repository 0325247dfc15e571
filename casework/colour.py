"""Code periods, computed from the records of a party (R11-R14)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from casework.keys import KEYS
from models.catalogue import CodeType, Colour, Stage
from models.code_record import ANNULLED, CodePeriod, CodeRecord, Perspective, is_known_today
from models.colour import Record, Span, compute_periods
from models.court_case import CourtCase, Participation, Role
from models.party import Party

OPEN = sa.select(
    CodePeriod.party_id,
    CodePeriod.perspective,
    *(bound(CodePeriod.during, type_=sa.Date) for bound in (sa.func.lower, sa.func.upper)),
    CodePeriod.colour,
).where(CodePeriod.party_id == sa.any_(KEYS), is_known_today(CodePeriod))
"""The current periods. Bounds instead of ranges, since SQLAlchemy hashes equal ranges differently."""

RECORDS = (
    sa.select(
        CodeRecord.party_id,
        CodeRecord.id,
        CodeRecord.colour,
        CodeType.code,
        CodeRecord.effective_on,
        sa.func.least(CodeRecord.ends_on + 1, CodeRecord.closed_on).label("ended_on"),
        CodeRecord.repaired_id,
        CodeRecord.case_id,
        sa.func.isempty(CodeRecord.publicity).label("inside"),
        sa.func.lower(CodeRecord.publicity, type_=sa.Date).label("public_from"),
        sa.func.upper(CodeRecord.publicity, type_=sa.Date).label("public_until"),
    )
    .join(CodeType, CodeType.id == CodeRecord.code_type_id)
    .join(Party, sa.and_(Party.id == CodeRecord.party_id, ~Party.held))
    .where(
        CodeRecord.party_id == sa.any_(KEYS),
        CodeRecord.closed_on.is_(None) | (CodeRecord.effective_on < CodeRecord.closed_on),
        sa.func.coalesce(CodeRecord.close_reason.not_in(ANNULLED), sa.true()),
    )
)

ENFORCEMENTS = (
    sa.select(
        Participation.party_id,
        CourtCase.id.label("case_id"),
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
"""Lock parties, so that concurrent updates of one party's colours wait for each other."""

EARLIER = aliased(CodePeriod)

BOUNDS = (sa.func.max(bound(EARLIER.known)) for bound in (sa.func.lower, sa.func.upper))

MOMENT = (
    sa.select(sa.func.greatest(sa.func.recorded_at(), *BOUNDS))
    .where(EARLIER.party_id == sa.any_(KEYS))
    .scalar_subquery()
)
"""The time of this update: never earlier than the parties' last one, even if clocks differ."""

GIVEN = (
    sa.func.unnest(
        sa.bindparam("parties", type_=sa.ARRAY(sa.BigInteger)),
        sa.bindparam("perspectives", type_=sa.ARRAY(sa.Text)),
        sa.bindparam("starts", type_=sa.ARRAY(sa.Date)),
        sa.bindparam("ends", type_=sa.ARRAY(sa.Date)),
        sa.bindparam("colours", type_=sa.ARRAY(sa.Text)),
    )
    .table_valued("party_id", "perspective", "start", "end", "colour", name="given")
    .render_derived()
)

GIVEN_DURING = sa.func.daterange(GIVEN.c.start, GIVEN.c.end)

STALE = sa.and_(
    CodePeriod.party_id == GIVEN.c.party_id,
    CodePeriod.perspective == GIVEN.c.perspective,
    CodePeriod.during == GIVEN_DURING,
    is_known_today(CodePeriod),
)

UNSEEN = sa.delete(CodePeriod).where(STALE, sa.func.lower(CodePeriod.known) >= MOMENT).returning(CodePeriod.party_id)

CLOSE = (
    sa.update(CodePeriod)
    .where(STALE, sa.func.lower(CodePeriod.known) < MOMENT)
    .values(known=sa.func.tstzrange(sa.func.lower(CodePeriod.known), MOMENT))
    .add_cte(UNSEEN.cte("unseen"))
)
"""Close periods at the moment of the update. Periods that began at the same moment are deleted."""

ADD = sa.insert(CodePeriod).from_select(
    ["party_id", "perspective", "during", "colour", "known"],
    sa.select(
        GIVEN.c.party_id, GIVEN.c.perspective, GIVEN_DURING, GIVEN.c.colour, sa.func.tstzrange(MOMENT, sa.null())
    ),
)

Row = tuple[int, Perspective, date | None, date | None, Colour]
"""A party's colour, by perspective, from a day and before a day."""

Seen = tuple[Record, Record | None]
"""A record, and the record as it counts outside the court, on the days of its publicity."""

Enforced = tuple[Span, bool]
"""The days of an enforcement case, and whether it may be known outside the court."""


async def recolour(connection: AsyncConnection, party_keys: Collection[int]) -> None:
    """Make the code periods of parties agree with their records, for both perspectives.

    Outdated periods are closed at the transaction's time of recording (`casework.transaction.date_records`), new ones
    are known from then on, others stay unchanged (R26). A party without records has no periods and is green. Runs in
    the transaction that writes the records.
    """
    keys = sorted(set(party_keys))
    if not keys:
        return
    await connection.execute(LOCK, {"keys": keys})
    written = set[Row](tuple(found) for found in await connection.execute(OPEN, {"keys": keys}))
    records = await _records(connection, keys)
    wanted = set(_rows(records, await _enforcements(connection, list(records)))) if records else set()
    if stale := written - wanted:
        await connection.execute(CLOSE, _arrays(stale) | {"keys": keys})
    if fresh := wanted - written:
        await connection.execute(ADD, _arrays(fresh) | {"keys": keys})


def _arrays(rows: Collection[Row]) -> dict[str, list[Any]]:
    """The parameters of `GIVEN`."""
    ordered = sorted(rows, key=lambda row: (row[0], row[1], row[2] or date.min))
    names = ("parties", "perspectives", "starts", "ends", "colours")
    return {name: list(column) for name, column in zip(names, zip(*ordered, strict=True), strict=True)}


async def _records(connection: AsyncConnection, keys: list[int]) -> dict[int, list[Seen]]:
    found: dict[int, list[Seen]] = defaultdict(list)
    for row in (await connection.execute(RECORDS, {"keys": keys})).mappings():
        found[row["party_id"]].append(read_record(row))
    return found


def read_record(row: Mapping[Any, Any]) -> Seen:
    """Return the record of a row of `RECORDS`."""
    active = Span(row["effective_on"], row["ended_on"])
    record = Record(row["id"], row["colour"], row["code"], active, row["repaired_id"])
    public = Span(row["public_from"], row["public_until"])
    return record, None if row["inside"] else replace(record, active=public)


async def _enforcements(connection: AsyncConnection, keys: list[int]) -> dict[int, list[Enforced]]:
    found: dict[int, list[Enforced]] = defaultdict(list)
    for row in (await connection.execute(ENFORCEMENTS, {"keys": keys})).mappings():
        found[row["party_id"]].append(read_enforcement(row))
    return found


def read_enforcement(row: Mapping[Any, Any]) -> Enforced:
    """Return the enforcement case of a row of `ENFORCEMENTS`."""
    return Span(row["filed_on"], row["closed_on"]), row["outside"]


def _rows(records: Mapping[int, list[Seen]], enforcements: Mapping[int, list[Enforced]]) -> Iterator[Row]:
    for party, seen in records.items():
        for perspective in Perspective:
            for period in compute_periods(*count(seen, enforcements.get(party, []), perspective)):
                yield party, perspective, period.start, period.end, period.colour


def count(
    seen: Iterable[Seen], enforcements: Iterable[Enforced], perspective: Perspective
) -> tuple[list[Record], list[Span]]:
    """Return the records and the enforcement cases that count in a perspective."""
    court = perspective is Perspective.COURT
    counted = [record for pair in seen if (record := pair[0] if court else pair[1])]
    return counted, [span for span, outside in enforcements if outside or court]
