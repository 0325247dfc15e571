"""Merge staged cases and subjects: a few statements for a whole chunk."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from ingest.records import STRICTNESS
from ingest.staging import resolved_subject, staged_case, staged_mention, staged_subject
from models.catalogue import Stage
from models.code_record import CodeRecord
from models.court_case import NEVER_DISCLOSED, CourtCase, Participation, Role
from models.household import Village
from models.party import Identity, Party
from models.party_name import NameStanding, PartyName

subject, resolved = staged_subject.c, resolved_subject.c


def _strictness(column: Any) -> sa.ColumnElement[int]:
    return sa.func.array_position(sa.literal(list(STRICTNESS), sa.ARRAY(sa.Text)), sa.cast(column, sa.Text))


def _merge_cases() -> sa.Select[int, Sequence[int] | None]:
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
    return sa.select(sa.func.count().filter(written.c.fresh), sa.func.array_agg(written.c.id).filter(~written.c.fresh))


MERGE_CASES = _merge_cases()

DEBTORS_OF = (
    sa.select(Participation.party_id)
    .distinct()
    .join(CourtCase, CourtCase.id == Participation.case_id)
    .where(
        CourtCase.id == sa.any_(sa.bindparam("cases", type_=sa.ARRAY(sa.BigInteger))),
        CourtCase.stage == Stage.ENFORCEMENT,
        Participation.role == Role.JUDGMENT_DEBTOR,
        sa.exists().where(CodeRecord.party_id == Participation.party_id),
    )
)


async def merge_cases(connection: AsyncConnection) -> tuple[int, int, list[int]]:
    """Write the staged cases. Returns how many are new, how many changed, and debtors whose gold may depend on it."""
    new, changed = (await connection.execute(MERGE_CASES)).one()
    if changed is None:
        return new, 0, []
    debtors = await connection.scalars(DEBTORS_OF, {"cases": changed})
    return new, len(changed), [key for key in debtors if key is not None]


ADD_VILLAGES = insert(Village).from_select(
    ["name"],
    sa.select(subject.village)
    .distinct()
    .where(subject.village != "", ~sa.exists().where(Village.name == subject.village))
    .order_by(subject.village),
)

ADD_PARTIES = insert(Party).from_select(
    ["id", "kind", "name", "folded", "disclosed", "village_id", "created_at"],
    sa.select(
        resolved.party_id, subject.kind, subject.name, subject.folded, resolved.disclosed, Village.id, sa.func.now()
    )
    .select_from(
        resolved_subject.join(staged_subject, resolved.place == subject.place).outerjoin(
            Village, Village.name == subject.village
        )
    )
    .where(resolved.fresh)
    .order_by(subject.place),
)

ADD_NAMES = insert(PartyName).from_select(
    ["party_id", "name", "folded", "standing"],
    sa.select(
        resolved.party_id, subject.name, subject.folded, sa.literal(NameStanding.CURRENT, PartyName.standing.type)
    )
    .join_from(resolved_subject, staged_subject, resolved.place == subject.place)
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

DISCLOSE = (
    sa.update(Party)
    .values(disclosed=True)
    .where(Party.id == resolved.party_id, ~resolved.fresh, resolved.disclosed, ~Party.disclosed)
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
    """Find each subject's party by keyed hash or give it a new key; and say whether a line discloses it (R16)."""
    mention = staged_mention.c
    never = sa.func.coalesce(CourtCase.confidentiality.in_(NEVER_DISCLOSED), sa.false())
    named = (
        sa.select(mention.place, sa.func.bool_or(~mention.protected & ~never).label("disclosed"))
        .select_from(staged_mention.outerjoin(CourtCase, CourtCase.number == mention.case_number))
        .group_by(mention.place)
        .subquery("named")
    )
    rotated = aliased(Identity)
    older = sa.select(rotated.party_id).where(rotated.index == sa.any_(subject.older)).limit(1).lateral("older")
    known = sa.func.coalesce(Identity.party_id, older.c.party_id)
    fresh_key = sa.func.nextval(sa.literal_column("'party_id_seq'::regclass"))
    return sa.insert(resolved_subject).from_select(
        ["place", "party_id", "fresh", "disclosed"],
        sa.select(subject.place, sa.func.coalesce(known, fresh_key), known.is_(None), named.c.disclosed)
        .select_from(
            staged_subject.join(named, named.c.place == subject.place)
            .outerjoin(Identity, Identity.index == subject.index)
            .outerjoin(older, sa.true())
        )
        .order_by(subject.place),
    )


MERGE_PARTIES = (_resolve(), ADD_VILLAGES, ADD_PARTIES, ADD_NAMES, ADD_IDENTITIES, DISCLOSE, SETTLE)


async def merge_parties(connection: AsyncConnection) -> tuple[dict[int, int], list[int]]:
    """Write the staged subjects as parties. Returns their keys by place, and the keys of the new ones.

    A party keeps its first name; it becomes disclosed by the first line that may disclose it, and stays so.
    """
    for statement in MERGE_PARTIES:
        await connection.execute(statement)
    found = (await connection.execute(PARTIES)).all()
    return {place: key for place, key, _ in found}, [key for _, key, fresh in found if fresh]
