"""What a performance would change of a colour: computed by the rule that computes the colour itself (R11, R13)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from casework.colour import ENFORCEMENTS, RECORDS, count, read_enforcement, read_record
from casework.keys import KEYS
from casework.policy_profiles import profile_on
from casework.terms import compute_first_repair
from casework.transparency.tree import Fetch
from models.catalogue import Behaviour, CodeType, Colour
from models.code_record import CodeRecord, Perspective
from models.colour import Record, compute_periods, end_on, find_ended
from models.deduction import Deduction
from models.listing import Listing
from models.policy_profile import PolicyProfile
from models.sanction import Sanction


class PerformanceEffect(StrEnum):
    """What a performance does to a record."""

    ENDS = "ENDS"
    REPAIRABLE = "REPAIRABLE"
    STAYS = "STAYS"


@dataclass(frozen=True)
class RecordEffect:
    """What the performance does to the record with a key. repair_from: of REPAIRABLE, the first day of repair (R9)."""

    key: int
    effect: PerformanceEffect
    repair_from: date | None = None


@dataclass(frozen=True)
class Outlook:
    """The colour on the day of the performance, its next change that is certain then, and what becomes of records."""

    performed_on: date
    colour: Colour
    changes_on: date | None
    changes_to: Colour | None
    effects: Sequence[RecordEffect]


REPAIRS = (
    sa.select(
        CodeRecord.id,
        sa.func.coalesce(Deduction.tier, Behaviour.tier).label("tier"),
        sa.func.coalesce(Deduction.determined_on, CodeRecord.effective_on).label("since"),
        Deduction.points,
        Listing.grade,
        profile_on(CodeRecord.court_code, sa.bindparam("day", type_=sa.Date)).label("profile"),
    )
    .join(CodeType, CodeType.id == CodeRecord.code_type_id)
    .outerjoin(Listing, Listing.id == CodeRecord.listing_id)
    .outerjoin(Deduction, Deduction.id == CodeRecord.deduction_id)
    .outerjoin(Sanction, Sanction.id == CodeRecord.sanction_id)
    .outerjoin(Behaviour, Behaviour.id == Sanction.behaviour_id)
    .where(CodeRecord.id == sa.any_(KEYS), CodeRecord.colour == Colour.YELLOW, CodeType.partner_visible)
)
"""What the minimum period of a repair runs from, of records that can be repaired (R9)."""


async def foresee(
    fetch: Fetch, party_key: int, perspective: Perspective, performed: Collection[int], day: date
) -> Outlook:
    """Return what changes if what records of a party ask for is performed on a day.

    A list entry ends, and a yellow record under repair with its blue one; the enforcement case of an ended record
    counts as closed. Other yellow records can be repaired from a day on; red ones stay (R12). Nothing is written.
    """
    rows = await fetch(RECORDS, {"keys": [party_key]})
    seen = [read_record(row) for row in rows]
    ended = find_ended((record for record, _ in seen), performed, day)
    closed = {row["case_id"] for row in rows if row["id"] in ended}
    enforced = await fetch(ENFORCEMENTS, {"keys": [party_key]})
    open_ = [read_enforcement(row) for row in enforced if row["case_id"] not in closed]
    over = [read_enforcement(row) for row in enforced if row["case_id"] in closed]
    open_ += [(end_on(span, day), outside) for span, outside in over]
    left = [tuple(one and _end(one, ended, day) for one in pair) for pair in seen]
    periods = compute_periods(*count(left, open_, perspective))  # type: ignore[arg-type]  # pairs stay pairs
    place = next(place for place, one in enumerate(periods) if one.end is None or day < one.end)
    following = periods[place + 1].colour if place + 1 < len(periods) else None
    effects = await _list_effects(fetch, {record.key: record for record, _ in seen}, performed, ended, day)
    return Outlook(day, periods[place].colour, periods[place].end, following, effects)


def _end(record: Record, ended: Collection[int], day: date) -> Record:
    if record.key not in ended:
        return record
    return Record(record.key, record.colour, record.code_type, end_on(record.active, day), record.repaired)


async def _list_effects(
    fetch: Fetch, records: Mapping[int, Record], performed: Collection[int], ended: Collection[int], day: date
) -> list[RecordEffect]:
    """Return the effect on each performed record, and on those that end with one."""
    keys = list(dict.fromkeys([*performed, *sorted(ended)]))
    first = {row["id"]: _find_first(row) for row in await fetch(REPAIRS, {"keys": keys, "day": day})}
    found = []
    for key in keys:
        from_ = max(first[key], day) if key in first else None
        if key in ended:
            found.append(RecordEffect(key, PerformanceEffect.ENDS))
        elif from_ and from_ in records[key].active:
            found.append(RecordEffect(key, PerformanceEffect.REPAIRABLE, from_))
        else:
            found.append(RecordEffect(key, PerformanceEffect.STAYS))
    return found


def _find_first(row: Mapping[Any, Any]) -> date:
    """Return the first day of repair of a record, by the profile of its court."""
    profile = row["profile"] or PolicyProfile.LOCAL_2021
    return compute_first_repair(profile, row["tier"], row["points"], row["since"], row["grade"])
