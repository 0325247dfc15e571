"""Merge staged cases and subjects: a few statements for a whole chunk."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from ingest.linking import UNTIED
from ingest.records import STRICTNESS
from ingest.staging import resolved_subject, staged_case, staged_mention, staged_subject
from models.catalogue import Stage
from models.code_record import CodeRecord
from models.court_case import CourtCase, Participation, Role
from models.household import Village
from models.party import Identity, Party

subject, resolved = staged_subject.c, resolved_subject.c


def _strictness(column: Any) -> sa.ColumnElement[int]:
    return sa.func.array_position(sa.literal(list(STRICTNESS), sa.ARRAY(sa.Text)), sa.cast(column, sa.Text))


def _merge_cases() -> sa.Select[int, int, Sequence[int] | None]:
    """Insert new cases; take over causes and closing days, and what makes a case stricter. Filing days stay."""
    arriving = insert(CourtCase).from_select(
        staged_case.columns.keys(), sa.select(staged_case).order_by(staged_case.c.number)
    )
    new = arriving.excluded
    closed_on = sa.func.coalesce(new.closed_on, CourtCase.closed_on)
    stricter = _strictness(new.confidentiality) > _strictness(CourtCase.confidentiality)
    differs = (new.cause != CourtCase.cause) | closed_on.is_distinct_from(CourtCase.closed_on) | stricter
    written = (
        arriving.on_conflict_do_update(
            index_elements=[CourtCase.number],
            set_={
                "cause": new.cause,
                "closed_on": closed_on,
                "confidentiality": sa.case((stricter, new.confidentiality), else_=CourtCase.confidentiality),
            },
            where=differs & sa.func.coalesce(closed_on >= CourtCase.filed_on, sa.true()),
        )
        .returning(CourtCase.id, sa.literal_column("xmax = 0", sa.Boolean).label("fresh"))
        .cte("written")
    )
    return sa.select(
        sa.func.count().filter(written.c.fresh),
        sa.func.count().filter(~written.c.fresh),
        sa.func.array_agg(written.c.id),
    )


MERGE_CASES = _merge_cases()
CASES = sa.any_(sa.bindparam("cases", type_=sa.ARRAY(sa.BigInteger)))

DEBTORS_OF = (
    sa.select(Participation.party_id)
    .join(CourtCase, CourtCase.id == Participation.case_id)
    .where(
        CourtCase.id == CASES,
        CourtCase.stage == Stage.ENFORCEMENT,
        Participation.role == Role.JUDGMENT_DEBTOR,
        sa.exists().where(CodeRecord.party_id == Participation.party_id),
    )
)
COLOURED_BY = DEBTORS_OF.union(sa.select(CodeRecord.party_id).where(CodeRecord.case_id == CASES))
"""The parties whose colour may depend on cases: the database has tied to new ones what named them before."""


def _touches_records() -> sa.Select[bool]:
    """Whether a staged case is one that records name already, and that comes to be, or is sealed."""
    number, column = staged_case.c.number, CourtCase.number
    known = sa.select(column).where(
        column == number, _strictness(staged_case.c.confidentiality) > _strictness(CourtCase.confidentiality)
    )
    waiting = (
        sa.select(table.c.id).where(table.c.case_id.is_(None), table.c[name] == number, table.c[name] != "")
        for table, name in UNTIED
    )
    touched = sa.or_(known.exists(), *(query.exists() for query in waiting))
    return sa.select(sa.exists(sa.select(number).where(touched)))


TOUCHES_RECORDS = _touches_records()


async def touches_records(connection: AsyncConnection) -> bool:
    """Whether the staged cases, once written, change what records say: the database ties and seals in one statement."""
    return bool((await connection.execute(TOUCHES_RECORDS)).scalar_one())


async def merge_cases(connection: AsyncConnection) -> tuple[int, int, list[int]]:
    """Write the staged cases. Returns how many are new, how many changed, and parties whose colour may depend on it."""
    new, changed, keys = (await connection.execute(MERGE_CASES)).one()
    if keys is None:
        return 0, 0, []
    parties = await connection.scalars(COLOURED_BY, {"cases": keys})
    return new, changed, [key for key in parties if key is not None]


ADD_VILLAGES = insert(Village).from_select(
    ["name"],
    sa.select(subject.village)
    .distinct()
    .where(subject.village != "", ~sa.exists().where(Village.name == subject.village))
    .order_by(subject.village),
)

ADD_PARTIES = insert(Party).from_select(
    ["id", "kind", "name", "disclosed", "of_age_from", "village_id", "created_at"],
    sa.select(
        resolved.party_id,
        subject.kind,
        subject.name,
        resolved.disclosed,
        sa.func.coalesce(resolved.of_age_from, sa.literal_column("'infinity'::date")),
        Village.id,
        sa.func.now(),
    )
    .select_from(
        resolved_subject.join(staged_subject, resolved.place == subject.place).outerjoin(
            Village, Village.name == subject.village
        )
    )
    .where(resolved.fresh)
    .order_by(subject.place),
)

ADD_IDENTITIES = insert(Identity).from_select(
    ["party_id", "type", "index", "sealed", "masked"],
    sa.select(resolved.party_id, subject.type, subject.index, subject.sealed, subject.masked)
    .join_from(resolved_subject, staged_subject, resolved.place == subject.place)
    .where(resolved.fresh)
    .order_by(subject.index),
)

SETTLE = (
    sa.update(Party)
    .values(village_id=Village.id)
    .where(
        Party.id == resolved.party_id,
        resolved.place == subject.place,
        Village.name == subject.village,
        ~resolved.fresh,
        Party.village_id.is_(None),
    )
)

PARTIES = sa.select(resolved.place, resolved.party_id, resolved.fresh)


def _resolve() -> sa.Insert:
    """Find each subject's party by keyed hash or give it a new key; and say what its lines establish of a new one:
    since when it is of age, and whether one discloses it (R16). Of a known one the database follows what is written.
    """
    mention = staged_mention.c
    of_age = mention.of_age_from <= sa.func.coalesce(CourtCase.filed_on, mention.of_age_from)
    discloses = sa.func.coalesce(of_age, sa.false()) & sa.func.coalesce(CourtCase.disclosed, sa.true())
    named = (
        sa.select(mention.place, sa.func.bool_or(discloses).label("disclosed"))
        .add_columns(sa.func.min(mention.of_age_from).label("of_age_from"))
        .select_from(staged_mention.outerjoin(CourtCase, CourtCase.number == mention.case_number))
        .group_by(mention.place)
        .subquery("named")
    )
    rotated = aliased(Identity)
    older = sa.select(rotated.party_id).where(rotated.index == sa.any_(subject.older)).limit(1).lateral("older")
    known = sa.func.coalesce(Identity.party_id, older.c.party_id)
    fresh_key = sa.func.nextval(sa.literal_column("'party_id_seq'::regclass"))
    return sa.insert(resolved_subject).from_select(
        ["place", "party_id", "fresh", "disclosed", "of_age_from"],
        sa.select(subject.place, sa.func.coalesce(known, fresh_key), known.is_(None))
        .add_columns(named.c.disclosed, named.c.of_age_from)
        .select_from(
            staged_subject.join(named, named.c.place == subject.place)
            .outerjoin(Identity, Identity.index == subject.index)
            .outerjoin(older, sa.true())
        )
        .order_by(subject.place),
    )


MERGE_PARTIES = (_resolve(), ADD_VILLAGES, ADD_PARTIES, ADD_IDENTITIES, SETTLE)


async def merge_parties(connection: AsyncConnection) -> tuple[dict[int, int], list[int]]:
    """Write the staged subjects as parties. Returns their keys by place, and the keys of the new ones.

    A party keeps its first name.
    """
    for statement in MERGE_PARTIES:
        await connection.execute(statement)
    found = (await connection.execute(PARTIES)).all()
    return {place: key for place, key, _ in found}, [key for _, key, fresh in found if fresh]


def _lower(rows: sa.Table) -> sa.Update:
    staged = rows.c
    established = (
        sa.select(staged.party_id, sa.func.min(staged.of_age_from).label("day"))
        .where(staged.party_id.is_not(None))
        .group_by(staged.party_id)
        .subquery("established")
    )
    lower = (
        sa.select(Party.id, established.c.day)
        .join(established, established.c.party_id == Party.id)
        .where(established.c.day < Party.of_age_from)
        .order_by(Party.id)
        .with_for_update(of=Party, key_share=True)
        .cte("lower")
    )
    coloured = sa.exists().where(CodeRecord.party_id == Party.id)
    return (
        sa.update(Party)
        .values(of_age_from=lower.c.day)
        .where(Party.id == lower.c.id)
        .returning(Party.id, coloured.label("coloured"))
    )


async def lower_ages(connection: AsyncConnection, rows: sa.Table) -> list[int]:
    """Note on which days the parties of staged lines were of age, where that was not known. Returns those with records.

    It is done with the lines themselves, whose step holds the lock of all who colour.
    """
    found = await connection.execute(_lower(rows))
    return [key for key, coloured in found.all() if coloured]
