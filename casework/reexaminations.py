"""Re-examination of objections by the Centre and the proposing division, before the panel (R8; Yuyao's measures)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.panel import is_reexamining
from casework.procedure import Act, authorize
from casework.refusal import Refusal
from casework.rows import insert_new
from languages.sentence import say
from models.court import StaffRole
from models.deduction import Deduction
from models.objection import ObjectionOutcome, Reexamination, ReexaminingPart

PARTS: Mapping[StaffRole, ReexaminingPart] = {
    StaffRole.CENTRE: ReexaminingPart.CENTRE,
    StaffRole.JUDGE: ReexaminingPart.DIVISION,
    StaffRole.CHIEF: ReexaminingPart.DIVISION,
}


async def reexamine(connection: AsyncConnection, found: Any, opinion: ObjectionOutcome, act: Act) -> None:
    """Keep the opinion of the Centre or of the proposing division on a locked open objection.

    For the division speak the judge who proposed the deduction and the chiefs; of a record, any judge. Raises Refusal
    WRONG_ROLE, REASON_REQUIRED, BAD_EXTENT, RECORDED.
    """
    reason = authorize(act, *PARTS)
    if opinion is ObjectionOutcome.AMENDED and found.deduction_id is None:
        raise Refusal("BAD_EXTENT", "Only a deduction is amended.", "Propose another outcome.", "opinion")
    await _check_proposer(connection, found, act)
    part = PARTS[act.officer.role]
    values = {"objection_id": found.id, "part": part, "opinion": opinion, "taken_at": act.at, "reason": reason}
    by = {"staff_id": act.officer.key, "staff_role": act.officer.role}
    refusal = Refusal(
        "RECORDED", say("The opinion of the {part} is given.", part=part), "Leave the answer to the panel.", "id"
    )
    await insert_new(connection, Reexamination, values | by, refusal)


async def _check_proposer(connection: AsyncConnection, found: Any, act: Act) -> None:
    """Raise Refusal WRONG_ROLE for a judge who did not propose the deduction."""
    if act.officer.role is not StaffRole.JUDGE or found.deduction_id is None:
        return
    proposer = await connection.scalar(sa.select(Deduction.proposed_by).where(Deduction.id == found.deduction_id))
    if proposer != act.officer.key:
        message = "For the division speaks the judge who proposed the item, or a chief."
        raise Refusal("WRONG_ROLE", message, "Leave it to them.")


async def check_reexamined(connection: AsyncConnection, key: int, act: Act) -> None:
    """Raise Refusal UNDECIDED if the court's panel answers after both opinions, and one is missing."""
    if not await is_reexamining(connection, act.officer.court_code):
        return
    given = set(await connection.scalars(sa.select(Reexamination.part).where(Reexamination.objection_id == key)))
    if missing := [part for part in ReexaminingPart if part not in given]:
        message = say(
            "The panel answers after the re-examination; it lacks the opinion of: {missing}.", missing=missing
        )
        raise Refusal("UNDECIDED", message, "Have it re-examined first.", "id")
