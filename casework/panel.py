"""The review panel: its quorum, and the votes of its members on the items of a batch (R5)."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.procedure import Act, Step, authorize, check_step
from casework.refusal import Refusal
from casework.rows import insert_new
from languages.sentence import say
from models.court import StaffRole
from models.panel import LARGEST_QUORUM, SMALLEST_QUORUM, PanelRule, PanelVote


async def set_quorum(connection: AsyncConnection, quorum: int, act: Act, reexamines: bool | None = None) -> int:
    """Set the least number of votes by which the panel of the officer's court decides. Return the rule's key.

    reexamines: whether it answers objections only after the Centre and the proposing division; None as before. Votes
    that were cast count. Raises Refusal WRONG_ROLE, REASON_REQUIRED, BAD_EXTENT.
    """
    reason = authorize(act, StaffRole.PRESIDENT)
    if not SMALLEST_QUORUM <= quorum <= LARGEST_QUORUM:
        message = say(
            "A quorum is a number from {smallest_quorum} to {largest_quorum}.",
            smallest_quorum=SMALLEST_QUORUM,
            largest_quorum=LARGEST_QUORUM,
        )
        raise Refusal("BAD_EXTENT", message, "Give one.", "quorum")
    values = {"court_code": act.officer.court_code, "quorum": quorum, "set_at": act.at, "reason": reason}
    values["reexamines"] = (
        await is_reexamining(connection, act.officer.court_code) if reexamines is None else reexamines
    )
    by = {"staff_id": act.officer.key, "staff_role": act.officer.role}
    rule = sa.insert(PanelRule).values(values | by).returning(PanelRule.id)
    key: int = (await connection.execute(rule)).scalar_one()
    return key


async def cast_vote(connection: AsyncConnection, found: sa.Row[Any], approved: bool, act: Act) -> Step:
    """Keep a vote on a locked item. Return the step that follows.

    PASS or REJECT is what more members want, once the quorum is reached; VOTE is returned before, and in a tie. Raises
    Refusal WRONG_ROLE, REASON_REQUIRED, WRONG_STATE, SAME_PERSON.
    """
    reason = check_step(Step.VOTE, found, act)
    values = {"deduction_id": found.id, "staff_id": act.officer.key, "approved": approved}
    refusal = Refusal("SAME_PERSON", "You have voted on this item.", "Leave it to a colleague.", "id")
    await insert_new(connection, PanelVote, values | {"voted_at": act.at, "reason": reason}, refusal)
    count, vote = sa.func.count(), PanelVote
    tally = sa.select(count.filter(vote.approved), count.filter(~vote.approved)).where(vote.deduction_id == found.id)
    yes, no = (await connection.execute(tally)).one()
    if yes + no < await _find_quorum(connection, found.court_code) or yes == no:
        return Step.VOTE
    return Step.PASS if yes > no else Step.REJECT


async def has_voted(connection: AsyncConnection, deduction_key: int, act: Act) -> bool:
    """Return whether the officer voted to pass an item."""
    mine = (PanelVote.deduction_id == deduction_key, PanelVote.staff_id == act.officer.key, PanelVote.approved)
    return (await connection.execute(sa.select(PanelVote.id).where(*mine))).first() is not None


async def is_reexamining(connection: AsyncConnection, court_code: str) -> bool:
    """Return whether the panel of a court answers objections only after their re-examination."""
    return bool(await _find_rule(connection, PanelRule.reexamines, court_code))


async def _find_quorum(connection: AsyncConnection, court_code: str) -> int:
    return await _find_rule(connection, PanelRule.quorum, court_code) or SMALLEST_QUORUM


async def _find_rule(connection: AsyncConnection, column: Any, court_code: str) -> Any:
    """Return the value of a column in the rule of a court that is in force, or None."""
    rules = sa.select(column).where(PanelRule.court_code == court_code)
    return await connection.scalar(rules.order_by(PanelRule.id.desc()).limit(1))
