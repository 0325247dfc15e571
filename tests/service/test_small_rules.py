"""What rests on what: revoked sanctions, evidence, minimum periods, months that are over, reviews by another."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import COURT, DIGEST, RECEIPT, Courtroom, open_courtroom, refused, steps, stored
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework import batches, deductions, objections, record_repairs, repairs, sanctions
from casework.deductions import FindingDocument
from casework.objections import ObjectionAnswer
from casework.refusal import Refusal
from casework.repairs import Application, Evidence
from casework.revocations import withdraw_founded
from casework.sanctions import SanctionDecision
from casework.transaction import transact
from models.code_record import CodeRecord
from models.court import StaffRole
from models.deduction import Deduction, DeductionStatus, FindingKind
from models.event import Event
from models.objection import Objection, ObjectionOutcome
from models.party import Party
from models.point_conversion import PointConversion
from models.repair import Repair, RepairGround
from models.sanction import Sanction, SanctionKind

DAY = date(2026, 2, 25)
NUMBER = f"(2026){COURT}司惩7号"


@pytest.fixture
async def room(connection: AsyncConnection) -> Courtroom:
    return await open_courtroom(connection)


async def fined(connection: AsyncConnection, room: Courtroom, **changes: Any) -> int:
    """A fine of the first debtor."""
    fine = SanctionDecision(NUMBER, room.case, room.parties[0], SanctionKind.FINE, DAY, DAY, Decimal(500))
    return await sanctions.record_sanction(connection, replace(fine, **changes), room.act(StaffRole.CENTRE))


def founded(number: str = NUMBER, kind: FindingKind = FindingKind.FINE_DECISION) -> dict[str, Any]:
    """A proposal on the decision of that number."""
    return {"behaviour": "E08", "points": 7, "finding": FindingDocument(kind, number, DAY, DIGEST)}


async def revoked(connection: AsyncConnection, room: Courtroom, key: int) -> None:
    """The sanction falls on reconsideration."""
    await sanctions.revoke_sanction(connection, key, room.now.date(), room.act(StaffRole.CENTRE))


# --- what falls takes with it what rests on it (R25) ------------------------------------------------------------------


@pytest.mark.parametrize("number", [NUMBER, "（2026）浙0281 司惩007号", f"{NUMBER}之一", f"{NUMBER}决定书"])
async def test_what_is_published_falls_with_the_fine(connection: AsyncConnection, room: Courtroom, number: str) -> None:
    fine = await fined(connection, room)
    key = await room.published(connection, **founded(number))
    await revoked(connection, room, fine)
    found = await stored(connection, key)
    assert (found.status, found.ended_at) == (DeductionStatus.WITHDRAWN, room.now)
    assert (await steps(connection, key))[-1] == (7, "WITHDRAWN", StaffRole.CENTRE)
    kinds = (await connection.execute(sa.select(Event.kind).order_by(Event.id))).scalars().all()
    assert kinds == [
        "ENTRY_PUBLISHED",
        "COLOUR_CHANGED",
        "ENTRY_PUBLISHED",
        "ENTRY_WITHDRAWN",
        "ENTRY_WITHDRAWN",
        "COLOUR_CHANGED",
    ]


@pytest.mark.parametrize("reach", ["proposed", "approved", "collected", "notified"])
async def test_what_is_not_published_is_rejected(connection: AsyncConnection, room: Courtroom, reach: str) -> None:
    fine = await fined(connection, room)
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    rest = (batch,) if reach in ("collected", "notified") else ()
    key = await getattr(room, reach)(connection, *rest, **founded())
    await revoked(connection, room, fine)
    assert (await stored(connection, key)).status is DeductionStatus.PANEL_REJECTED
    assert (await steps(connection, key))[-1][1:] == ("PANEL_REJECTED", StaffRole.CENTRE)
    assert await batches.publish(connection, batch, room.act(StaffRole.CENTRE)) == []


OTHERS: dict[str, dict[str, Any]] = {
    "another number": founded(f"(2026){COURT}司惩70号"),
    "another kind": founded(kind=FindingKind.RULING),
}


@pytest.mark.parametrize("other", OTHERS)
async def test_what_rests_on_something_else_stands(connection: AsyncConnection, room: Courtroom, other: str) -> None:
    fine = await fined(connection, room)
    key = await room.proposed(connection, **OTHERS[other])
    own = await room.proposed(connection, party_key=room.parties[1], **founded())
    await revoked(connection, room, fine)
    assert {(await stored(connection, one)).status for one in (key, own)} == {DeductionStatus.PROPOSED}


async def test_an_admonition_takes_its_record_and_deduction_along(connection: AsyncConnection, room: Courtroom) -> None:
    number = f"(2026){COURT}执1号"
    admonished = {"kind": SanctionKind.ADMONITION, "amount": None, "number": number, "behaviour": "E08"}
    sanction = await fined(connection, room, **admonished)
    key = await room.published(connection, **founded(number, FindingKind.ADMONITION))
    objection = await objections.file_objection(connection, room.parties[0], key, "不实。", room.now)
    await revoked(connection, room, sanction)
    assert (await stored(connection, key)).status is DeductionStatus.WITHDRAWN
    closed = (await connection.execute(sa.select(CodeRecord.close_reason).order_by(CodeRecord.id))).scalars().all()
    assert closed == ["REVOKED", "WITHDRAWN"]
    row = (await connection.execute(sa.select(Objection).where(Objection.id == objection))).one()
    assert (row.outcome, row.reasons, row.answered_by) == (ObjectionOutcome.WITHDRAWN, room.said, None)
    kinds = (await connection.execute(sa.select(Event.kind).order_by(Event.id))).scalars().all()
    assert kinds[-4:] == ["ENTRY_WITHDRAWN", "OBJECTION_CLOSED", "ENTRY_WITHDRAWN", "COLOUR_CHANGED"]


async def test_a_file_withdraws_without_staff(connection: AsyncConnection, room: Courtroom) -> None:
    """As an import calls it; a second time there is nothing left."""
    fine = await fined(connection, room)
    key = await room.published(connection, **founded())
    await connection.execute(sa.update(Sanction).values(revoked_on=room.now.date()))
    assert await withdraw_founded(connection, [fine], room.now, "复议撤销。") == [key]
    assert await withdraw_founded(connection, [fine], room.now, "复议撤销。") == []
    assert (await steps(connection, key))[-1] == (7, "WITHDRAWN", None)
    assert (await connection.execute(sa.select(PointConversion.id))).all() == []


@pytest.mark.parametrize("number", [NUMBER, "（2026）浙0281司惩007号"])
async def test_nothing_is_founded_on_what_was_revoked(
    connection: AsyncConnection, room: Courtroom, number: str
) -> None:
    await revoked(connection, room, await fined(connection, room))
    assert await refused(room.proposed(connection, **founded(number))) == "FINDING_REVOKED"
    assert await room.proposed(connection, party_key=room.parties[1], **founded(number))


async def test_an_organization_is_not_detained(connection: AsyncConnection, room: Courtroom) -> None:
    await connection.execute(sa.update(Party).values(kind="ORGANIZATION"))
    detained = {"kind": SanctionKind.DETENTION, "amount": None, "days": 3}
    assert await refused(fined(connection, room, **detained)) == "BAD_EXTENT"
    assert await fined(connection, room)


# --- a month is a whole month (R5), nothing is proposed twice, another answers (R8) -----------------------------------


async def test_a_month_is_published_when_it_is_over(connection: AsyncConnection, room: Courtroom) -> None:
    batch = await batches.open_batch(connection, room.now.date(), room.act(StaffRole.CENTRE))
    room.now = datetime(2026, 3, 31, 15, 58, tzinfo=UTC)
    with pytest.raises(Refusal) as caught:
        await batches.publish(connection, batch, room.act(StaffRole.CENTRE))
    assert (caught.value.code, caught.value.hint) == ("TOO_EARLY", "Publish it from 2026-04-01 on.")
    room.now = datetime(2026, 3, 31, 16, tzinfo=UTC)  # midnight in Yuyao
    assert await batches.publish(connection, batch, room.act(StaffRole.CENTRE)) == []


async def test_the_same_is_not_proposed_twice(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.proposed(connection)
    written = replace(room.proposal().finding, number="（2026）浙0281执1号 笔录")
    assert await refused(room.proposed(connection, finding=written, points=1)) == "PROPOSED"
    assert await room.proposed(connection, conduct_on=date(2026, 2, 9))
    await connection.execute(sa.update(Deduction).where(Deduction.id == key).values(status="PANEL_REJECTED"))
    assert await room.proposed(connection)


async def test_what_is_mended_into_another_is_refused(connection: AsyncConnection, room: Courtroom) -> None:
    await room.proposed(connection)
    other = room.proposal(conduct_on=date(2026, 2, 9))
    key = await deductions.propose(connection, other, room.act(StaffRole.JUDGE))
    await deductions.send_back(connection, key, 1, room.act(StaffRole.CHIEF))
    mended = deductions.resubmit(connection, key, room.proposal(), 1, room.act(StaffRole.JUDGE))
    assert await refused(mended) == "PROPOSED"
    await deductions.resubmit(connection, key, other, 1, room.act(StaffRole.JUDGE))


@pytest.mark.parametrize(
    "given",
    [
        ObjectionAnswer(ObjectionOutcome.AMENDED, 2),
        ObjectionAnswer(ObjectionOutcome.UPHELD_AS_PUBLISHED),
        ObjectionAnswer(ObjectionOutcome.WITHDRAWN),
    ],
)
async def test_who_passed_an_item_does_not_answer(
    connection: AsyncConnection, room: Courtroom, given: ObjectionAnswer
) -> None:
    key = await room.published(connection)
    objection = await objections.file_objection(connection, room.parties[0], key, "不实。", room.now)
    assert (
        await refused(objections.answer_objection(connection, objection, given, room.act(StaffRole.PANEL)))
        == "SAME_PERSON"
    )
    await objections.answer_objection(connection, objection, given, room.act(StaffRole.PANEL, 1))
    passed = (await stored(connection, key)).decided_by
    with pytest.raises(sa.exc.IntegrityError, match="another than who passed"):
        await connection.execute(sa.update(Objection).values(answered_by=passed))


async def test_an_objection_never_raises_points(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection)
    objection = await objections.file_objection(connection, room.parties[0], key, "不实。", room.now)
    raised = objections.answer_objection(
        connection, objection, ObjectionAnswer(ObjectionOutcome.AMENDED, 4), room.act(StaffRole.PANEL, 1)
    )
    assert await refused(raised) == "POINTS_RAISED"


# --- repairs name their evidence and have their minimum period (R9) ---------------------------------------------------

FULL, KEPT = RepairGround.FULL_PERFORMANCE, RepairGround.SETTLEMENT_KEPT
UNSHOWN = [
    (Application(FULL, "承诺。", Decimal(0), RECEIPT), "BAD_EXTENT"),
    (Application(FULL, "承诺。", Decimal(1)), "EVIDENCE_REQUIRED"),
    (Application(KEPT, "承诺。", Decimal(0)), "EVIDENCE_REQUIRED"),
    (Application(FULL, "承诺。", Decimal(1), Evidence(" ", DIGEST)), "EVIDENCE_REQUIRED"),
]


@pytest.mark.parametrize(("application", "code"), UNSHOWN)
async def test_a_repair_names_what_shows_it(
    connection: AsyncConnection, room: Courtroom, application: Application, code: str
) -> None:
    key = await room.published(connection)
    room.now = datetime(2026, 9, 5, 4, tzinfo=UTC)
    assert await refused(repairs.apply(connection, room.parties[0], key, application, room.now)) == code
    sound = replace(application, amount_performed=Decimal(1), evidence=RECEIPT)
    assert await repairs.apply(connection, room.parties[0], key, sound, room.now)
    kept = (await connection.execute(sa.select(Repair.evidence_document, Repair.evidence_digest))).one()
    assert kept == (RECEIPT.document, DIGEST)


PERIODS = [("T12", 6), ("T09", 3)]


@pytest.mark.parametrize(("behaviour", "months"), PERIODS)
async def test_a_record_has_its_minimum_period(
    connection: AsyncConnection, room: Courtroom, behaviour: str, months: int
) -> None:
    """By the tier of what was sanctioned."""
    number = f"(2026){COURT}执1号"
    admonished = {"kind": SanctionKind.ADMONITION, "amount": None, "number": number, "behaviour": behaviour}
    await fined(connection, room, **admonished)
    record = (await connection.execute(sa.select(CodeRecord.id))).scalar_one()
    shown = Application(RepairGround.REMORSE, "承诺。", Decimal(0))
    early, due = (datetime(2026, 2 + months, day, 4, tzinfo=UTC) for day in (24, 25))
    with pytest.raises(Refusal) as caught:
        await record_repairs.apply_for_record(connection, room.parties[0], record, shown, early)
    assert (caught.value.code, caught.value.message) == (
        "TOO_EARLY", f"This may be repaired from {due:%Y-%m-%d} on (R9).",
    )  # fmt: skip
    assert await record_repairs.apply_for_record(connection, room.parties[0], record, shown, due)


# --- last, as it commits ---------------------------------------------------------------------------------------------


async def test_of_two_who_propose_at_once_one_does(engine: AsyncEngine) -> None:
    room = await transact(engine, open_courtroom)
    act = room.act(StaffRole.JUDGE)
    found = await asyncio.gather(
        *(transact(engine, lambda c: deductions.propose(c, room.proposal(), act)) for _ in range(4)),
        return_exceptions=True,
    )
    assert [one.code for one in found if isinstance(one, Refusal)] == ["PROPOSED"] * 3
