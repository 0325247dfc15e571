"""Format `households`: a line is the membership of a person in a household, with its authorisation letter (R15)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Date, Text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.households import LONGEST_TEXT, follow_members
from ingest.merge.staging import define_lines
from ingest.records import Format, LineRecord, Merged
from ingest.report import LineError
from ingest.subjects import read_text, refuse_number
from ingest.versions import EXPORTED, Source
from models.dates import parse_date
from models.household import Household, HouseholdMember, Village
from models.identifiers import compact
from models.party import PartyKind

staged_member = define_lines(
    "staged_member",
    Column("household_key", Text),
    Column("village", Text),
    Column("relation", Text),
    Column("consent_number", Text),
    Column("consented_on", Date),
    Column("enrolled_on", Date),
    Column("left_on", Date),
)
staged = staged_member.c
IDENTITY_CARDS = ("", "居民身份证", "身份证")


class Households(Format):
    """Members of households. A line does not disclose the person to anyone else (R16)."""

    columns = (
        "户号", "村社区", "姓名", "证件类型", "证件号码", "与户主关系", "授权书号", "授权日期", "入册日期", "迁出日期",
    )  # fmt: skip
    blank = (
        "证件类型",
        "与户主关系",
        "迁出日期",
    )
    staged = staged_member

    def read(self, cells: Sequence[str]) -> LineRecord:
        key, village, name, kind, number, relation, letter, consented, enrolled, left = cells
        household = read_text(compact(key), "HOUSEHOLD", required=True, limit=LONGEST_TEXT)
        refuse_number(village, "VILLAGE")
        place = read_text(" ".join(village.split()), "VILLAGE", required=True, limit=LONGEST_TEXT)
        if compact(kind) not in IDENTITY_CARDS:
            raise LineError("ID_TYPE", "A villager is enrolled by the resident identity card: write 居民身份证.")
        subject = self.context.subjects.read(PartyKind.PERSON, name, number)
        consent_number, consented_on = _consent(letter, consented)
        enrolled_on = parse_date(enrolled)
        left_on = parse_date(left) if left else None
        if left_on and left_on < enrolled_on:
            raise LineError("DATE", "The person left before it was enrolled: correct the dates.")
        if enrolled_on < consented_on:
            raise LineError("AUTHORISATION", "The person was enrolled before it signed: correct 授权日期 or 入册日期.")
        for day in (consented_on, enrolled_on, left_on or date.min):
            refuse_future(day, self.context.today)
        tie = read_text(relation, "TEXT", limit=LONGEST_TEXT)
        own = (household, place, tie, consent_number, consented_on, enrolled_on, left_on)
        return LineRecord(subject, (), "", own)

    async def merge(self, connection: AsyncConnection, source: Source, silent: bool) -> Merged:
        for statement in PLACES:
            await connection.execute(statement)
        bound = {"exported": source.exported_on}
        outdated = (await connection.execute(OUTDATED, bound)).scalar_one()
        left = (await connection.execute(LEAVE, bound)).scalars().all()
        written = (await connection.execute(WRITE, bound)).all()
        await connection.execute(REFRESH, bound)
        changed = [row.party_id for row in written]
        await follow_members(connection, {*changed, *left}, source.at)
        lines = (await connection.execute(STAGED)).scalar_one()
        new = sum(row.fresh for row in written)
        unchanged = lines - len(written) - outdated
        return Merged(new=new, changed=len(written) - new, unchanged=unchanged, outdated=outdated)


def refuse_future(day: date, today: date) -> None:
    """Raise LineError DATE for a day in the future."""
    if day > today:
        raise LineError("DATE", "A day has not come yet: correct the dates, or import the line when it has.")


def _consent(letter: str, day: str) -> tuple[str, date]:
    """Number and day of the letter, on which conversions depend (R15). Raises LineError AUTHORISATION if one is
    missing.
    """
    number = compact(letter)
    if not number or not day:
        raise LineError("AUTHORISATION", "The authorisation letter is missing: write 授权书号 and 授权日期.")
    return read_text(number, "AUTHORISATION", limit=LONGEST_TEXT), parse_date(day)


STAGED = sa.select(sa.func.count()).select_from(staged_member)

# --- from staged lines to rows ----------------------------------------------------------------------------------------

LINES = (
    sa.select(staged_member)
    .ext(distinct_on(staged.party_id, staged.household_key))
    .where(staged.party_id.is_not(None))
    .order_by(staged.party_id, staged.household_key, staged.enrolled_on.desc(), staged.left_on.desc().nulls_last())
    .subquery("line")
)
"""The latest enrolment for each person and household."""

NEXT = sa.func.lead(LINES.c.enrolled_on).over(
    partition_by=LINES.c.party_id, order_by=(LINES.c.enrolled_on, LINES.c.household_key)
)
SETTLED = (
    sa.select(LINES, Household.id.label("household_id"), sa.func.coalesce(LINES.c.left_on, NEXT).label("gone_on"))
    .join(Household, Household.key == LINES.c.household_key)
    .subquery("settled")
)
"""Lines with the day on which the membership ends: as stated, or the next enrolment of the person in the file."""

PLACES = (
    insert(Village)
    .from_select(["name"], sa.select(staged.village).distinct().order_by(staged.village))
    .on_conflict_do_nothing(),
    (
        arriving := insert(Household).from_select(
            ["key", "village_id"],
            sa.select(staged.household_key, Village.id)
            .ext(distinct_on(staged.household_key))
            .join(Village, Village.name == staged.village)
            .order_by(staged.household_key, staged.enrolled_on.desc(), Village.id),
        )
    ).on_conflict_do_update(
        index_elements=[Household.key],
        set_={"village_id": arriving.excluded.village_id},
        where=Household.village_id != arriving.excluded.village_id,
    ),
)

NEWER = sa.func.coalesce(HouseholdMember.exported_on > EXPORTED, sa.false())
"""Whether a newer export wrote the membership."""

_later = sa.select(sa.func.max(SETTLED.c.enrolled_on)).where(
    SETTLED.c.party_id == HouseholdMember.party_id,
    SETTLED.c.household_id != HouseholdMember.household_id,
    SETTLED.c.gone_on.is_(None),
    SETTLED.c.enrolled_on >= HouseholdMember.enrolled_on,
)
LEAVE = (
    sa.update(HouseholdMember)
    .values(left_on=_later.scalar_subquery())
    .where(HouseholdMember.left_on.is_(None), _later.scalar_subquery().is_not(None), ~NEWER)
    .returning(HouseholdMember.party_id)
)
"""Ends memberships of persons who are enrolled in another household."""


COMPARED = ("relation", "consent_number", "consented_on", "enrolled_on", "left_on")


def _differs(line: Any) -> sa.ColumnElement[bool]:
    return sa.or_(*(getattr(HouseholdMember, name).is_distinct_from(line[name]) for name in COMPARED))


def _stands(enrolled_on: Any, left_on: Any) -> sa.ColumnElement[bool]:
    """Whether a row is kept: a newer export wrote it, or the moral bank ended it and the line does not."""
    ended = sa.and_(HouseholdMember.exported_on.is_(None), HouseholdMember.left_on.is_not(None))
    return sa.or_(NEWER, sa.and_(ended, left_on.is_(None), enrolled_on == HouseholdMember.enrolled_on))


MET = sa.and_(
    HouseholdMember.party_id == SETTLED.c.party_id,
    HouseholdMember.household_id == SETTLED.c.household_id,
    SETTLED.c.enrolled_on >= HouseholdMember.enrolled_on,
)
STANDS = _stands(SETTLED.c.enrolled_on, SETTLED.c.gone_on)
OUTDATED = sa.select(sa.func.count()).where(
    MET, STANDS, _differs({**{name: SETTLED.c[name] for name in COMPARED}, "left_on": SETTLED.c.gone_on})
)
REFRESH = sa.update(HouseholdMember).values(exported_on=EXPORTED).where(MET, ~STANDS)
"""Rows without difference get the day of this export."""


def _write() -> sa.Insert:
    """Insert new members and update changed ones, unless the row has a later enrolment."""
    names = ["household_id", "party_id", "relation", "consent_number", "consented_on", "enrolled_on"]
    other = sa.select(HouseholdMember.enrolled_on).where(
        HouseholdMember.party_id == SETTLED.c.party_id,
        HouseholdMember.household_id != SETTLED.c.household_id,
        HouseholdMember.left_on.is_(None),
        HouseholdMember.enrolled_on > SETTLED.c.enrolled_on,
    )
    ended = sa.func.coalesce(SETTLED.c.gone_on, other.limit(1).scalar_subquery())
    lines = sa.select(*(SETTLED.c[name] for name in names), ended).order_by(SETTLED.c.party_id, SETTLED.c.household_id)
    arriving = insert(HouseholdMember).from_select([*names, "left_on", "exported_on"], lines.add_columns(EXPORTED))
    new, row = arriving.excluded, HouseholdMember
    written = arriving.on_conflict_do_update(
        index_elements=[row.household_id, row.party_id],
        set_={name: new[name] for name in (*COMPARED, "exported_on")},
        where=sa.and_(_differs(new), new.enrolled_on >= row.enrolled_on, ~_stands(new.enrolled_on, new.left_on)),
    )
    return written.returning(row.party_id, sa.literal_column("xmax = 0", sa.Boolean).label("fresh"))


WRITE = _write()
