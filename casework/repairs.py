"""Repairs of deductions: applications of subjects and decisions of the panel (R9, R10)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from casework.batches import lock_item
from casework.events import update_colours
from casework.policy_profiles import find_profile
from casework.procedure import Act, Step, permit, require_reason, take
from casework.records import end_item, shorten_record, tell_of
from casework.refusal import Refusal, refuse_missing
from casework.restorations import restore_deductions
from casework.rows import insert_new
from casework.terms import compute_first_repair
from casework.versions import keep_version
from languages.sentence import say
from models.code_record import CodeRecord
from models.court_case import CourtCase
from models.deduction import Deduction, DeductionStatus
from models.event import EventKind
from models.objection import Objection
from models.policy_profile import PolicyProfile
from models.repair import EVIDENCED, Repair, RepairGround, RepairOutcome
from models.terms import to_court_day


@dataclass(frozen=True)
class Evidence:
    """A document that shows the performance or settlement: its number, and the SHA-256 of the file."""

    document: str
    digest: bytes


@dataclass(frozen=True)
class Application:
    """An application: its ground, a commitment, the amount performed in CNY, and a document."""

    ground: RepairGround
    commitment: str
    amount_performed: Decimal
    evidence: Evidence | None = None


@dataclass(frozen=True)
class RepairDecision:
    """The panel's decision. new_end: for SHORTENED."""

    outcome: RepairOutcome
    new_end: date | None = None


async def apply(connection: AsyncConnection, party_key: int, key: int, application: Application, at: datetime) -> int:
    """Enter a subject's application for repair of its own published item. Return the application's key.

    Raises Refusal NOT_FOUND, TOO_EARLY, REASON_REQUIRED, NEGATIVE_AMOUNT, BAD_EXTENT, EVIDENCE_REQUIRED, APPLIED.
    """
    today = to_court_day(at)
    columns = (Deduction.tier, Deduction.points, Deduction.determined_on, CourtCase.court_code)
    query = (
        sa.select(*columns)
        .join(CourtCase, CourtCase.id == Deduction.case_id)
        .where(Deduction.id == key, Deduction.party_id == party_key)
        .where(Deduction.status == DeductionStatus.PUBLISHED, Deduction.expires_on >= today)
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise refuse_missing("deduction in your court")
    profile = await find_profile(connection, found.court_code, today)
    check_minimum(compute_first_repair(profile, found.tier, found.points, found.determined_on), today)
    return await enter_application(connection, party_key, application, today, deduction_id=key)


def check_minimum(first: date, today: date) -> None:
    """Raise Refusal TOO_EARLY before the first day of repair (R9)."""
    if today < first:
        raise Refusal(
            "TOO_EARLY", say("This may be repaired from {first} on (R9).", first=first), "Apply again then.", "id"
        )


async def enter_application(
    connection: AsyncConnection, party_key: int, application: Application, today: date, **of: int
) -> int:
    """Insert an application. of: the column of the row it is for.

    Raises Refusal NEGATIVE_AMOUNT, BAD_EXTENT, EVIDENCE_REQUIRED, REASON_REQUIRED, APPLIED.
    """
    _check_shown(application)
    evidence = application.evidence
    values = {
        "party_id": party_key,
        "ground": application.ground,
        "commitment": require_reason(application.commitment),
        "amount_performed": application.amount_performed,
        "evidence_document": evidence and evidence.document.strip(),
        "evidence_digest": evidence and evidence.digest,
        "applied_on": today,
    }
    refusal = Refusal("APPLIED", "An application for this is open already.", "Await its decision.", "id")
    key = await insert_new(connection, Repair, values | of, refusal)
    return key


def _check_shown(application: Application) -> None:
    """Raise Refusal unless the application has the amount and the document that its ground requires (R9)."""
    ground, amount, evidence = application.ground, application.amount_performed, application.evidence
    if amount < 0:
        raise Refusal("NEGATIVE_AMOUNT", "The amount performed is below zero.", "Give it in CNY.", "amountPerformed")
    if ground is RepairGround.FULL_PERFORMANCE and not amount:
        raise Refusal("BAD_EXTENT", "A full performance has an amount above zero.", "Give CNY.", "amountPerformed")
    if ground in EVIDENCED and evidence is None:
        raise Refusal(
            "EVIDENCE_REQUIRED", say("{ground} rests on a document (R9).", ground=ground), "Name it.", "evidence"
        )
    if evidence and (not evidence.document.strip() or len(evidence.digest) != 32):
        raise Refusal("EVIDENCE_REQUIRED", "The document's number or hash is missing.", "Give both.", "evidence")


async def decide_repair(connection: AsyncConnection, key: int, decision: RepairDecision, act: Act) -> None:
    """Decide an open application, with reasons.

    SHORTENED gives the item and its record a new end, SHIELDED ends both at once, REFUSED changes nothing. Raises
    Refusal NOT_FOUND, DECIDED, EXPIRED, OBJECTION_OPEN, BAD_DATE, and as `take` does.
    """
    permit(act.officer, Step.SHIELD)
    repair = await lock_application(connection, key, Repair.deduction_id, act)
    found = await lock_item(connection, repair.deduction_id, None, act)
    if decision.outcome is not RepairOutcome.REFUSED:
        await _check_grantable(connection, found, act)
    if decision.outcome is RepairOutcome.SHORTENED:
        await _check_shortening(connection, repair, act)
        await _shorten(connection, found, decision.new_end, act)
    elif decision.outcome is RepairOutcome.SHIELDED:
        await end_item(connection, Step.SHIELD, found, act)
    if decision.outcome is not RepairOutcome.REFUSED:
        await restore_deductions(connection, {found.id: repair.ground}, act.at)
    await write_decision(connection, key, decision, act)


async def _check_shortening(connection: AsyncConnection, repair: Any, act: Act) -> None:
    """Raise Refusal NOT_ELIGIBLE if the profile of the court ends what is fully performed (NDRC Order 36)."""
    profile = await find_profile(connection, act.officer.court_code, to_court_day(act.at))
    if profile is PolicyProfile.NDRC_36 and repair.ground is RepairGround.FULL_PERFORMANCE:
        message = "By this court's profile a full performance ends publication, sharing and use at once."
        raise Refusal("NOT_ELIGIBLE", message, "Decide SHIELDED, or REFUSED with reasons.", "outcome")


async def write_decision(connection: AsyncConnection, key: int, decision: RepairDecision, act: Act) -> None:
    """Store the decision on an application. Raises Refusal REASON_REQUIRED."""
    new_end = decision.new_end if decision.outcome is RepairOutcome.SHORTENED else None
    values = {
        "outcome": decision.outcome,
        "new_end": new_end,
        "reasons": require_reason(act.reason),
        "decided_at": act.at,
    }
    await connection.execute(sa.update(Repair).where(Repair.id == key).values(values))


async def lock_application(
    connection: AsyncConnection, key: int, of: InstrumentedAttribute[int | None], act: Act
) -> Any:
    """Lock the court's open application for a row in column `of`. Raises Refusal NOT_FOUND, DECIDED."""
    query = (
        sa.select(Repair.__table__)
        .outerjoin(Deduction, Deduction.id == Repair.deduction_id)
        .outerjoin(CourtCase, CourtCase.id == Deduction.case_id)
        .outerjoin(CodeRecord, CodeRecord.id == Repair.code_record_id)
        .where(Repair.id == key, of.is_not(None))
        .where(sa.func.coalesce(CourtCase.court_code, CodeRecord.court_code) == act.officer.court_code)
    )
    found: Any = (await connection.execute(query.with_for_update(of=Repair))).one_or_none()
    if found is None:
        raise refuse_missing("repair in your court")
    if found.outcome is not None:
        raise Refusal("DECIDED", "This application is decided.", "A subject may apply anew.", "id")
    return found


async def _check_grantable(connection: AsyncConnection, found: Any, act: Act) -> None:
    """Raise Refusal if the item has expired or has an open objection (R8)."""
    if found.expires_on is None or found.expires_on < to_court_day(act.at):
        raise Refusal("EXPIRED", "The item's publicity is over.", "Refuse the application.", "id")
    contested = sa.select(Objection.id).where(Objection.deduction_id == found.id, Objection.outcome.is_(None))
    if (await connection.execute(contested)).first():
        raise Refusal("OBJECTION_OPEN", "An objection to this item is open.", "Answer it first.", "id")


def check_end(end: date | None, today: date, before: date | None) -> None:
    """Raise Refusal BAD_DATE unless the new last day lies between today and the current one."""
    if end is None or not today < end < (before or date.max):
        message = say("A shorter term ends after {today}, and earlier than now.", today=today)
        raise Refusal("BAD_DATE", message, "Choose a day.", "newEnd")


async def _shorten(connection: AsyncConnection, found: sa.Row[Any], end: date | None, act: Act) -> None:
    check_end(end, to_court_day(act.at), found.expires_on)
    await take(connection, Step.AMEND, found, act, expires_on=end, version=found.version + 1)
    await keep_version(connection, found.id, act)
    if end is not None:
        await shorten_record(connection, found.id, end)
    await tell_of(connection, found, EventKind.REPAIR_GRANTED, act.at)
    await update_colours(connection, [found.party_id], act.at)
