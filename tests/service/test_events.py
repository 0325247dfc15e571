"""Events: one for each thing that a partner has to know, in the order of its subject; of what stays inside none."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import COURT, RECEIPT, Courtroom, open_courtroom
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework import batches, certificates, events, objections, repairs, sanctions
from casework.catalogue import find_code_type
from casework.certificates import Performance
from casework.colour import recolour
from casework.objections import ObjectionAnswer
from casework.records import enter_record
from casework.repairs import Application, RepairDecision
from casework.transaction import transact
from models.court import StaffRole
from models.court_case import CourtCase
from models.deduction import FindingKind
from models.event import Event, EventKind
from models.objection import ObjectionOutcome
from models.repair import RepairGround, RepairOutcome
from models.sanction import SanctionKind

SHOWN = Application(RepairGround.FULL_PERFORMANCE, "已全部履行。", Decimal(1), RECEIPT)


async def told(connection: AsyncConnection) -> list[tuple[int, str]]:
    """The events so far, of one subject."""
    rows = await connection.execute(sa.select(Event.sequence, Event.kind).order_by(Event.sequence))
    return [(row.sequence, row.kind.value) for row in rows]


async def yellow(connection: AsyncConnection, room: Courtroom) -> int:
    """A published deduction that makes yellow."""
    finding = replace(room.proposal().finding, kind=FindingKind.RULING)
    return await room.published(connection, behaviour="E08", points=7, finding=finding)


PUBLISHED = [(1, "ENTRY_PUBLISHED"), (2, "COLOUR_CHANGED")]


async def test_publication_is_told_and_nothing_before(connection: AsyncConnection, room: Courtroom) -> None:
    await room.approved(connection)
    assert await told(connection) == []
    await yellow(connection, room)
    assert await told(connection) == PUBLISHED


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (ObjectionAnswer(ObjectionOutcome.UPHELD_AS_PUBLISHED), ["OBJECTION_CLOSED"]),
        (ObjectionAnswer(ObjectionOutcome.AMENDED, 6), ["ENTRY_AMENDED", "OBJECTION_CLOSED"]),
        (ObjectionAnswer(ObjectionOutcome.WITHDRAWN), ["ENTRY_WITHDRAWN", "COLOUR_CHANGED", "OBJECTION_CLOSED"]),
    ],
)
async def test_an_objection_and_its_answer_are_told(
    connection: AsyncConnection, room: Courtroom, given: ObjectionAnswer, kinds: list[str]
) -> None:
    key = await yellow(connection, room)
    act = room.act(StaffRole.PANEL, 1)
    objection = await objections.file_objection(connection, room.parties[0], key, "已履行。", act.at)
    await objections.answer_objection(connection, objection, given, act)
    assert [kind for _, kind in await told(connection)] == [
        "ENTRY_PUBLISHED", "COLOUR_CHANGED", "OBJECTION_OPENED", *kinds,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "kinds"),
    [
        (RepairDecision(RepairOutcome.REFUSED), []),
        (RepairDecision(RepairOutcome.SHORTENED, date(2026, 12, 1)), ["REPAIR_GRANTED"]),
        (RepairDecision(RepairOutcome.SHIELDED), ["RECORD_SHIELDED", "COLOUR_CHANGED"]),
    ],
)
async def test_a_repair_is_told(
    connection: AsyncConnection, room: Courtroom, decision: RepairDecision, kinds: list[str]
) -> None:
    key = await yellow(connection, room)
    room.now = datetime(2026, 9, 5, 4, tzinfo=UTC)
    application = await repairs.apply(connection, room.parties[0], key, SHOWN, room.now)
    await repairs.decide_repair(connection, application, decision, room.act(StaffRole.PANEL))
    assert [kind for _, kind in (await told(connection))[2:]] == kinds


async def test_a_fine_and_its_reversal_change_the_colour(connection: AsyncConnection, room: Courtroom) -> None:
    number, day = f"(2026){COURT}司惩7号", date(2026, 3, 1)
    fined = sanctions.SanctionDecision(number, room.case, room.parties[0], SanctionKind.FINE, day, day, Decimal(500))
    key = await sanctions.record_sanction(connection, fined, room.act(StaffRole.CENTRE))
    await sanctions.revoke_sanction(connection, key, date(2026, 3, 2), room.act(StaffRole.CENTRE))
    assert await told(connection) == [*PUBLISHED, (3, "ENTRY_WITHDRAWN"), (4, "COLOUR_CHANGED")]


@pytest.mark.parametrize(
    ("code", "kinds"), [("Y16", ["ENTRY_PUBLISHED", "ENTRY_WITHDRAWN", "COLOUR_CHANGED"]), ("Y03", ["ENTRY_PUBLISHED"])]
)
async def test_a_revoked_admonition_is_told_of_but_for_a_suspicion(
    connection: AsyncConnection, room: Courtroom, code: str, kinds: list[str]
) -> None:
    """Admonitions and orders make yellow records, and some of them are suspicions, for judges only (R13)."""
    day, number = date(2026, 3, 1), f"(2026){COURT}执1号"
    admonished = sanctions.SanctionDecision(number, room.case, room.parties[0], SanctionKind.ORDERED_OUT, day, day)
    key = await sanctions.record_sanction(connection, admonished, room.act(StaffRole.CENTRE))
    record = {"party_id": room.parties[0], "court_code": COURT, "case_id": room.case, "effective_on": day}
    entry = await find_code_type(connection, code, day)
    await enter_record(connection, entry, **record, ends_on=date(2027, 3, 1), sanction_id=key)
    await recolour(connection, [room.parties[0]])
    await sanctions.revoke_sanction(connection, key, date(2026, 3, 2), room.act(StaffRole.CENTRE))
    assert [kind for _, kind in await told(connection)] == kinds


async def test_a_certificate_is_told_of_and_its_end(connection: AsyncConnection, room: Courtroom) -> None:
    await connection.execute(sa.update(CourtCase).values(closed_on=date(2026, 2, 27)))
    shown = Performance("甬履证2026001号", room.case, room.parties[0], date(2026, 2, 27))
    key = await certificates.issue_certificate(connection, shown, room.act(StaffRole.CENTRE))
    await certificates.revoke_certificate(connection, key, room.act(StaffRole.CENTRE))
    assert [kind for _, kind in await told(connection)] == [
        "CERTIFICATE_ISSUED", "COLOUR_CHANGED", "CERTIFICATE_REVOKED", "COLOUR_CHANGED",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change", ["UPDATE party SET of_age_from = '2026-02-11'", "UPDATE court_case SET confidentiality = 'STATE_SECRET'"]
)
async def test_nothing_is_told_of_what_never_leaves_the_court(
    connection: AsyncConnection, room: Courtroom, change: str
) -> None:
    await connection.execute(sa.text(change))
    key = await yellow(connection, room)
    act = room.act(StaffRole.PANEL, 1)
    objection = await objections.file_objection(connection, room.parties[0], key, "已履行。", act.at)
    await objections.answer_objection(connection, objection, ObjectionAnswer(ObjectionOutcome.WITHDRAWN), act)
    assert await told(connection) == []


async def test_an_objection_made_before_publication_is_told_with_it(
    connection: AsyncConnection, room: Courtroom
) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    key = await room.notified(connection, batch)
    await objections.file_objection(connection, room.parties[0], key, "已履行。", room.act(StaffRole.PANEL, 1).at)
    assert await told(connection) == []
    await batches.publish(connection, batch, room.act(StaffRole.CENTRE))
    assert await told(connection) == [(1, "ENTRY_PUBLISHED"), (2, "OBJECTION_OPENED")]


async def test_what_is_published_after_its_time_is_told_to_nobody(connection: AsyncConnection, room: Courtroom) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    finding = replace(room.proposal().finding, kind=FindingKind.RULING)
    await room.notified(connection, batch, behaviour="E08", points=7, finding=finding)
    room.now = datetime(2028, 3, 3, 4, tzinfo=UTC)
    assert len(await batches.publish(connection, batch, room.act(StaffRole.CENTRE))) == 1
    assert await told(connection) == []


async def test_nothing_is_told_of_a_case_that_was_sealed_meanwhile(
    connection: AsyncConnection, room: Courtroom
) -> None:
    key = await room.published(connection)
    await connection.execute(sa.update(CourtCase).values(confidentiality="PRIVACY"))
    await objections.file_objection(connection, room.parties[0], key, "已履行。", room.act(StaffRole.PANEL, 1).at)
    assert await told(connection) == [(1, "ENTRY_PUBLISHED")]


async def test_events_are_only_added(connection: AsyncConnection, room: Courtroom) -> None:
    await events.tell(connection, [room.parties[0]], EventKind.LIST_ADDED, room.now)
    with pytest.raises(IntegrityError, match="append-only"):
        await connection.execute(sa.text("DELETE FROM event"))


async def test_events_of_one_subject_are_counted_whoever_tells(engine: AsyncEngine) -> None:
    room = await transact(engine, open_courtroom)

    async def telling(connection: AsyncConnection) -> None:
        await events.tell(connection, room.parties, EventKind.LIST_ADDED, room.now)

    await asyncio.gather(*(transact(engine, telling) for _ in range(12)))

    async def counted(connection: AsyncConnection) -> Any:
        query = sa.select(Event.party_id, sa.func.array_agg(aggregate_order_by(Event.sequence, Event.id)))
        return (await connection.execute(query.group_by(Event.party_id))).all()

    expected = [(party, list(range(1, 13))) for party in sorted(room.parties)]
    assert sorted(tuple(row) for row in await transact(engine, counted)) == expected
