"""The procedure of a deduction as data: roles, states and steps (R4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.officer import Officer
from casework.refusal import Refusal
from casework.rows import find_own
from languages.sentence import either, say
from models.court import StaffRole
from models.court_case import CourtCase
from models.deduction import Deduction, DeductionStatus, DeductionStep
from models.keyring import Keyring
from postgres.kept_statements import KeptStatement


class Step(StrEnum):
    """A step of the procedure."""

    PROPOSE = "PROPOSE"
    RESUBMIT = "RESUBMIT"
    APPROVE = "APPROVE"
    RETURN = "RETURN"
    COLLECT = "COLLECT"
    VOTE = "VOTE"
    PASS = "PASS"  # noqa: S105 - a vote, not a credential
    REJECT = "REJECT"
    OVERTURN = "OVERTURN"
    NOTIFY = "NOTIFY"
    PUBLISH = "PUBLISH"
    CORRECT = "CORRECT"
    UPHOLD = "UPHOLD"
    AMEND = "AMEND"
    WITHDRAW = "WITHDRAW"
    SHIELD = "SHIELD"
    DROP = "DROP"
    REVOKE = "REVOKE"


@dataclass(frozen=True)
class Transition:
    """A transition of the procedure. target: None if the state stays. keeps: the column for the officer."""

    role: StaffRole
    sources: tuple[DeductionStatus, ...]
    target: DeductionStatus | None
    meaning: str
    keeps: str | None = None

    @property
    def part(self) -> str | None:
        """The column of the officer's part among the three people (R4); of the panel at each of its steps."""
        return self.keeps or ("decided_by" if self.role is StaffRole.PANEL else None)


S = DeductionStatus
OBJECTIONABLE = (S.PANEL_APPROVED, S.PUBLISHED)
"""The states in which an item may be objected to (R8)."""

PROCEDURE: Mapping[Step, Transition] = {
    Step.PROPOSE: Transition(StaffRole.JUDGE, (), S.PROPOSED, "The judge in charge proposes.", "proposed_by"),
    Step.RESUBMIT: Transition(
        StaffRole.JUDGE, (S.CHIEF_RETURNED,), S.PROPOSED, "The proposer mends what was returned."
    ),
    Step.APPROVE: Transition(
        StaffRole.CHIEF, (S.PROPOSED,), S.CHIEF_APPROVED, "The division's chief approves.", "reviewed_by"
    ),
    Step.RETURN: Transition(StaffRole.CHIEF, (S.PROPOSED,), S.CHIEF_RETURNED, "The chief returns it.", "reviewed_by"),
    Step.COLLECT: Transition(
        StaffRole.CENTRE, (S.CHIEF_APPROVED,), S.IN_BATCH, "The Centre adds it to the month's batch."
    ),
    Step.VOTE: Transition(StaffRole.PANEL, (S.IN_BATCH,), None, "A member of the panel votes; others follow."),
    Step.PASS: Transition(StaffRole.PANEL, (S.IN_BATCH,), S.PANEL_APPROVED, "The panel approves.", "decided_by"),
    Step.REJECT: Transition(StaffRole.PANEL, (S.IN_BATCH,), S.PANEL_REJECTED, "The panel rejects.", "decided_by"),
    Step.OVERTURN: Transition(
        StaffRole.PANEL,
        (S.PANEL_APPROVED,),
        S.PANEL_REJECTED,
        "The panel rejects, after an objection, what it had approved.",
    ),
    Step.NOTIFY: Transition(StaffRole.CENTRE, (S.PANEL_APPROVED,), None, "The Centre notifies the subject."),
    Step.PUBLISH: Transition(StaffRole.CENTRE, (S.PANEL_APPROVED,), S.PUBLISHED, "The Centre publishes the batch."),
    Step.CORRECT: Transition(
        StaffRole.PANEL, (S.PANEL_APPROVED,), None, "The panel amends what it approved: a new version."
    ),
    Step.UPHOLD: Transition(StaffRole.PANEL, OBJECTIONABLE, None, "The panel upholds after an objection."),
    Step.AMEND: Transition(
        StaffRole.PANEL, (S.PUBLISHED,), None, "The panel amends what was published: a new version."
    ),
    Step.WITHDRAW: Transition(StaffRole.PANEL, (S.PUBLISHED,), S.WITHDRAWN, "The panel withdraws after an objection."),
    Step.SHIELD: Transition(StaffRole.PANEL, (S.PUBLISHED,), S.SHIELDED, "The panel shields after a repair."),
    Step.DROP: Transition(
        StaffRole.CENTRE,
        (S.PROPOSED, S.CHIEF_APPROVED, S.CHIEF_RETURNED, S.IN_BATCH, S.PANEL_APPROVED),
        S.PANEL_REJECTED,
        "What is not published falls with the decision that it rests on (R25).",
    ),
    Step.REVOKE: Transition(
        StaffRole.CENTRE,
        (S.PUBLISHED,),
        S.WITHDRAWN,
        "What is published falls with the decision that it rests on (R25).",
    ),
}

PEOPLE = ("proposed_by", "reviewed_by", "decided_by")
"""Three different people (R4); a constraint of the table enforces this too."""


@dataclass(frozen=True)
class Act:
    """An act of an officer, with time and reason (R4). keyring: to read a subject's age from its sealed number."""

    officer: Officer
    at: datetime
    reason: str
    keyring: Keyring | None = None


def permit(officer: Officer, step: Step) -> Transition:
    """Return the transition of a step. Raises Refusal WRONG_ROLE unless the officer's role may take it."""
    require(officer, PROCEDURE[step].role)
    return PROCEDURE[step]


def require(officer: Officer, *roles: StaffRole) -> None:
    """Raise Refusal WRONG_ROLE unless the officer acts in one of these roles."""
    if officer.role not in roles:
        wanted = either(roles)
        raise Refusal(
            "WRONG_ROLE",
            say("This is for {wanted}; you act as {role}.", wanted=wanted, role=officer.role),
            say("Ask a {wanted}.", wanted=wanted),
        )


def authorize(act: Act, *roles: StaffRole) -> str:
    """Return the reason of an act. Raises Refusal WRONG_ROLE for another role, REASON_REQUIRED for no reason (R4)."""
    require(act.officer, *roles)
    return require_reason(act.reason)


def require_reason(reason: str) -> str:
    """Return the reason, stripped. Raises Refusal REASON_REQUIRED if it is blank (R4)."""
    if not (found := reason.strip()):
        raise Refusal("REASON_REQUIRED", "Every step says why.", "Write a sentence.", "reason")
    return found


LOCKED = (
    sa.select(Deduction.__table__, CourtCase.court_code)
    .join(CourtCase, CourtCase.id == Deduction.case_id)
    .where(Deduction.id == sa.bindparam("key"))
    .with_for_update(of=Deduction)
)


async def lock_deduction(
    connection: AsyncConnection, officer: Officer, key: int, version: int | None = None
) -> sa.Row[Any]:
    """Lock a deduction of the officer's court. version: the version that the officer has read, if any.

    Raises Refusal NOT_FOUND, STALE_VERSION.
    """
    found = await find_own(connection, LOCKED.params(key=key), officer, "deduction")
    if version is not None and version != found.version:
        message = say(
            "You have seen version {version}; it is version {version_2} by now.",
            version=version,
            version_2=found.version,
        )
        raise Refusal("STALE_VERSION", message, "Read it again before you decide.", "version")
    return found


async def take(connection: AsyncConnection, step: Step, found: sa.Row[Any], act: Act, **changes: Any) -> None:
    """Take a step with a locked deduction and record it. changes: further columns.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, WRONG_STATE, SAME_PERSON.
    """
    transition, reason = PROCEDURE[step], check_step(step, found, act)
    if transition.keeps:
        changes[transition.keeps] = act.officer.key
    update = sa.update(Deduction).where(Deduction.id == found.id)
    status = transition.target or found.status
    await connection.execute(update.values(status=status, **changes))
    await insert_steps(connection, [found.id], status, act.officer, act.at, reason)


def check_step(step: Step, found: sa.Row[Any], act: Act) -> str:
    """Return the reason of an act, if it may take a step with a locked deduction.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, WRONG_STATE, SAME_PERSON.
    """
    transition, reason = permit(act.officer, step), require_reason(act.reason)
    _check_state(transition, found.status)
    _check_people(found, transition.part, act.officer)
    return reason


def _check_state(transition: Transition, status: DeductionStatus) -> None:
    if status not in transition.sources:
        wanted = either(transition.sources)
        message = say("The deduction is {status}; this step begins from {wanted}.", status=status, wanted=wanted)
        raise Refusal("WRONG_STATE", message, "Read it again.", "id")


def _check_people(found: sa.Row[Any], part: str | None, officer: Officer) -> None:
    others = (getattr(found, name) for name in PEOPLE if name != part)
    if part and officer.key in others:
        message = "Proposer, chief and panel member of one item are three different people (R4)."
        raise Refusal("SAME_PERSON", message, "Leave it to a colleague.")


STEP_COLUMNS = ["deduction_id", "sequence", "status", "staff_id", "staff_role", "taken_at", "reason"]


async def insert_proposed(
    connection: AsyncConnection, values: Mapping[str, Any], act: Act, reason: str, refusal: Refusal
) -> int:
    """Insert a deduction with its first step and return its key. Raises `refusal` if it conflicts with another one."""
    taken = {"step_by": act.officer.key, "step_role": act.officer.role, "step_at": act.at, "step_reason": reason}
    written = await _insert_proposed(tuple(values)).fetch_row(connection, {**values, **taken})
    if written is None:
        raise refusal
    return int(written.deduction_id)


@cache
def _insert_proposed(names: tuple[str, ...]) -> KeptStatement:
    """Insert a deduction with these columns, and its first step, in one statement."""
    table, step = sa.inspect(Deduction).local_table, DeductionStep
    values = {name: sa.bindparam(name, type_=table.c[name].type) for name in names}
    made = insert(Deduction).values(values).on_conflict_do_nothing().returning(Deduction.id).cte("made")
    first = sa.select(
        made.c.id,
        sa.literal(1),
        sa.literal(DeductionStatus.PROPOSED, step.status.type),
        sa.bindparam("step_by", type_=sa.BigInteger),
        sa.bindparam("step_role", type_=step.staff_role.type),
        sa.bindparam("step_at", type_=sa.DateTime(timezone=True)),
        sa.bindparam("step_reason", type_=sa.Text),
    )
    return KeptStatement(lambda: sa.insert(step).from_select(STEP_COLUMNS, first).returning(step.deduction_id))


async def insert_steps(
    connection: AsyncConnection,
    keys: Collection[int],
    status: DeductionStatus,
    by: Officer | None,
    at: datetime,
    reason: str,
) -> None:
    """Record a step of deductions to a state, each with its next sequence number. by: None for a file."""
    taken = {"status": status, "by": by.key if by else None, "role": by.role if by else None, "at": at}
    await connection.execute(_insert_step(), {**taken, "reason": reason, "keys": list(keys)})


@cache
def _insert_step() -> sa.Insert:
    step = DeductionStep
    values = sa.select(
        Deduction.id,
        sa.func.coalesce(sa.func.max(step.sequence), 0) + 1,
        sa.bindparam("status", type_=step.status.type),
        sa.bindparam("by", type_=sa.BigInteger),
        sa.bindparam("role", type_=step.staff_role.type),
        sa.bindparam("at", type_=sa.DateTime(timezone=True)),
        sa.bindparam("reason", type_=sa.Text),
    ).outerjoin(step, step.deduction_id == Deduction.id)
    chosen = Deduction.id == sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger)))
    return sa.insert(step).from_select(STEP_COLUMNS, values.where(chosen).group_by(Deduction.id))
