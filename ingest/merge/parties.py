"""Merge staged subjects with a few statements per chunk."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from casework.names import name_parties
from ingest.merge.resolution import resolve_subjects
from ingest.merge.staging import resolved_subject, staged_subject
from ingest.records import Chunk
from ingest.subjects import LineSubject
from ingest.versions import EXPORTED, Source
from models.court import Court
from models.documents import DocumentKind
from models.household import Village
from models.identity_conflict import IdentityConflict
from models.party import Identity, Party, PartyKind
from models.party_name import NameStanding, PartyName

subject, resolved = staged_subject.c, resolved_subject.c
FirstLines = Callable[[LineSubject, int, Collection[int]], int | None]


ADD_VILLAGES = insert(Village).from_select(
    ["name"],
    sa.select(subject.village)
    .distinct()
    .where(subject.village != "", ~sa.exists().where(Village.name == subject.village))
    .order_by(subject.village),
)

ADD_PARTIES = insert(Party).from_select(
    ["id", "kind", "name", "folded", "disclosed", "held", "of_age_from", "village_id", "created_at"],
    sa.select(
        resolved.party_id,
        subject.kind,
        subject.name,
        subject.folded,
        resolved.disclosed & ~resolved.opens,
        resolved.opens,
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

YIELD_MAIN = (
    sa.update(Identity)
    .values(main=False)
    .where(Identity.main, Identity.party_id.in_(sa.select(resolved.party_id).where(resolved.joins)))
    .execution_options(synchronize_session=False)
)
"""A unified code replaces the organization code that it contains as the main number."""


def _add_identities() -> sa.Insert:
    """Insert new numbers. The unified code is the main number of a party."""
    another = aliased(Identity)
    has_main = sa.select(another.id).where(another.party_id == resolved.party_id, another.main).exists()
    unified = subject.type == DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE
    numbers = (
        sa.select(resolved.party_id, subject.type, subject.index, subject.sealed, subject.masked, subject.place)
        .add_columns(unified.label("unified"), has_main.label("has_main"))
        .ext(distinct_on(subject.index))
        .join_from(resolved_subject, staged_subject, resolved.place == subject.place)
        .where(~resolved.numbered, resolved.holder_id.is_(None))
        .order_by(subject.index, subject.place)
        .subquery("numbers")
    ).c
    rank = sa.func.row_number().over(partition_by=numbers.party_id, order_by=(numbers.unified.desc(), numbers.place))
    chosen = sa.select(numbers.party_id, numbers.type, numbers.index, numbers.sealed, numbers.masked)
    return insert(Identity).from_select(
        ["party_id", "type", "index", "sealed", "masked", "main"],
        chosen.add_columns((rank == 1) & ~numbers.has_main).order_by(numbers.index),
    )


def _add_codes() -> sa.Insert:
    """Insert the organization codes contained in unified codes, unless they are known."""
    known = sa.select(Identity.id).where(Identity.index == subject.code).exists()
    return (
        insert(Identity)
        .from_select(
            ["party_id", "type", "index", "sealed", "masked", "main"],
            sa.select(
                resolved.party_id,
                sa.literal(DocumentKind.ORGANIZATION_CODE, sa.Text),
                subject.code,
                subject.code_sealed,
                subject.code_masked,
                sa.false(),
            )
            .join_from(resolved_subject, staged_subject, resolved.place == subject.place)
            .where(subject.code.is_not(None), ~known)
            .order_by(subject.code, subject.place),
        )
        .on_conflict_do_nothing()
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


def _add_parties_and_names() -> sa.Insert:
    """Insert parties and names, and extend the days of known names, in one statement.

    Only court days are used for the names of persons.
    """
    organization = subject.kind == PartyKind.ORGANIZATION
    exported = sa.case((organization, EXPORTED))
    standing = sa.case((sa.func.bool_or(resolved.fresh), NameStanding.CURRENT.value), else_=NameStanding.FORMER.value)
    names = (
        sa.select(resolved.party_id, sa.func.min(subject.name), subject.folded)
        .add_columns(sa.func.min(subject.begins_on), sa.func.max(subject.latest_on), sa.func.max(exported))
        .add_columns(standing)
        .join_from(resolved_subject, staged_subject, resolved.place == subject.place)
        .group_by(resolved.party_id, subject.folded)
        .order_by(resolved.party_id, subject.folded)
    )
    columns = ["party_id", "name", "folded", "begins_on", "latest_on", "exported_on", "standing"]
    arriving = insert(PartyName).from_select(columns, names)
    new, row = arriving.excluded, PartyName
    days = {
        "begins_on": sa.func.least(row.begins_on, new.begins_on),
        "latest_on": sa.func.greatest(row.latest_on, new.latest_on),
        "exported_on": sa.func.greatest(row.exported_on, new.exported_on),
    }
    differs = sa.or_(*(getattr(row, name).is_distinct_from(day) for name, day in days.items()))
    ended = sa.case((row.ends_on.is_not(None), sa.func.greatest(row.ends_on, new.latest_on)))
    named = arriving.on_conflict_do_update(
        index_elements=[row.party_id, row.folded], set_=days | {"ends_on": ended}, where=differs
    )
    return named.add_cte(ADD_PARTIES.returning(Party.id).cte("added"))


RENAMED = (
    sa.select(resolved.party_id)
    .distinct()
    .join_from(resolved_subject, staged_subject, resolved.place == subject.place)
    .join(Party, Party.id == resolved.party_id)
    .where(subject.kind == PartyKind.ORGANIZATION, Party.folded != subject.folded)
)
"""Organizations that a line gives another name."""

PARTIES = sa.select(
    resolved.place, resolved.party_id, resolved.fresh, resolved.holder_id, resolved.opens, Party.held
).join_from(resolved_subject, Party, Party.id == resolved.party_id)


RESOLVE: Sequence[sa.Executable] = (resolve_subjects(), ADD_VILLAGES)
NAME = _add_parties_and_names()
NUMBER: Sequence[sa.Executable] = (YIELD_MAIN, _add_identities(), _add_codes(), SETTLE)


@dataclass(frozen=True)
class Resolved:
    """The parties of a chunk by place, the keys of new ones, and the holders of disputed numbers by place.

    renumbered: places of conflicts that were decided for another person.
    """

    parties: dict[int, int]
    new: set[int]
    holders: dict[int, int]
    renumbered: set[int]


async def merge_parties(connection: AsyncConnection, chunk: Chunk, source: Source, lines: FirstLines) -> Resolved:
    """Write the staged subjects as parties, with their numbers, names and conflicts.

    lines: returns the first line of a number in this file, unless it was known before. An organization takes the name
    of the newest line (R22).
    """
    for statement in RESOLVE:
        await connection.execute(statement)
    await connection.execute(NAME, {"exported": source.exported_on})
    for statement in NUMBER:
        await connection.execute(statement)
    await name_parties(connection, (await connection.execute(RENAMED)).scalars().all())
    found = (await connection.execute(PARTIES)).all()
    new = {row.party_id for row in found if row.fresh}
    opened = {row.place: row for row in found if row.opens}
    if opened:
        await _open_conflicts(connection, chunk, opened, new, source, lines)
    return Resolved(
        {row.place: row.party_id for row in found},
        new,
        {row.place: row.holder_id for row in found if row.holder_id is not None},
        {row.place for row in found if row.holder_id is not None and not row.held},
    )


async def _open_conflicts(
    connection: AsyncConnection,
    chunk: Chunk,
    opened: Mapping[int, Any],
    new: Collection[int],
    source: Source,
    lines: FirstLines,
) -> None:
    rows = [
        {
            "holder_id": opened[mention.place].holder_id,
            "provisional_id": opened[mention.place].party_id,
            "name": mention.subject.name,
            "folded": mention.subject.folded,
            "court_code": mention.court or await _court(connection),
            "opened_at": source.at,
            "line": mention.line,
            "first_line": lines(mention.subject, opened[mention.place].holder_id, new),
            "run_id": source.run,
        }
        for mention in chunk.subjects.values()
        if mention.place in opened
    ]
    await connection.execute(sa.insert(IdentityConflict), rows)


async def _court(connection: AsyncConnection) -> str:
    """The court of lines that name none: the lowest court of the database."""
    query = sa.select(Court.code).order_by(sa.func.length(Court.code).desc(), Court.code).limit(1)
    return str((await connection.execute(query)).scalar_one())


async def follow_mergers(connection: AsyncConnection, rows: sa.Table) -> None:
    """Replace the keys of parties that were merged since they were resolved."""
    update = sa.update(rows).values(party_id=Party.merged_id)
    await connection.execute(update.where(Party.id == rows.c.party_id, Party.merged_id.is_not(None)))
