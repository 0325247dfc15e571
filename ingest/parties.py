"""Merge staged subjects: a few statements for a whole chunk."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from casework.consequences import follow, items_of, look
from ingest.staging import resolved_subject, staged_mention, staged_subject
from models.code_record import CodeRecord
from models.court_case import CourtCase
from models.household import Village
from models.party import Identity, Party

subject, resolved = staged_subject.c, resolved_subject.c


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


def _lower(rows: sa.Table) -> sa.CTE:
    staged = rows.c
    established = (
        sa.select(staged.party_id, sa.func.min(staged.of_age_from).label("day"))
        .where(staged.party_id.is_not(None))
        .group_by(staged.party_id)
        .subquery("established")
    )
    return (
        sa.select(Party.id, established.c.day)
        .join(established, established.c.party_id == Party.id)
        .where(established.c.day < Party.of_age_from)
        .order_by(Party.id)
        .with_for_update(of=Party, key_share=True)
        .cte("lower")
    )


async def lower_ages(connection: AsyncConnection, rows: sa.Table, at: datetime, silent: bool) -> None:
    """Note on which days the parties of staged lines were of age, where that was not known, and let follow what does.

    It is done with the lines themselves, whose step holds the lock of all who colour.
    """
    lower = _lower(rows)
    with_records = sa.exists().where(CodeRecord.party_id == lower.c.id)
    known = (await connection.execute(sa.select(lower.c.id).where(with_records))).scalars().all()
    items = await items_of(connection, known)
    before = await look(connection, items, at)
    update = sa.update(Party).values(of_age_from=lower.c.day).where(Party.id == lower.c.id)
    await connection.execute(update.execution_options(synchronize_session=False))
    if known:
        await follow(connection, items, before, at, silent=silent, amended=False)
