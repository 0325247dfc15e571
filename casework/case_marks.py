"""The filing desk: divisions of a court, prompt marks of cases, and transfers of cases to a division."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.participants import find_case
from casework.procedure import Act, authorize
from casework.refusal import Refusal
from casework.rows import find_own, insert_new
from casework.texts import strip_text
from languages.sentence import say
from models.case_mark import CaseMark, CaseTransfer
from models.catalogue import Colour
from models.code_record import CodePeriod, Perspective, is_known_today
from models.court import Division, StaffRole
from models.court_case import CourtCase
from models.terms import to_court_day

LONGEST_NAME = 50
"""Characters of the name of a division."""


async def open_division(connection: AsyncConnection, name: str, act: Act) -> int:
    """Add a division to the officer's court. Return its key.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, BAD_TEXT, REGISTERED.
    """
    authorize(act, StaffRole.PRESIDENT)
    refusal = Refusal(
        "BAD_TEXT",
        say("A division's name has 1 to {longest_name} characters.", longest_name=LONGEST_NAME),
        "Shorten it.",
        "name",
    )
    values = {"court_code": act.officer.court_code, "name": strip_text(name, LONGEST_NAME, refusal)}
    message = "Your court has a division of this name."
    return await insert_new(connection, Division, values, Refusal("REGISTERED", message, "Use it.", "name"))


async def mark_case(connection: AsyncConnection, case_key: int, party_key: int, act: Act) -> int:
    """Mark a case because a litigant's colour is not green today, by the court's perspective. Return the mark's key.

    A litigant is marked once for each colour. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND,
    NOT_A_PARTICIPANT, WRONG_STATE, RECORDED.
    """
    reason = authorize(act, StaffRole.JUDGE, StaffRole.CENTRE)
    case = await find_case(connection, case_key, party_key, act.officer)
    values = {
        "court_code": case.court_code,
        "case_id": case_key,
        "party_id": party_key,
        "colour": await _find_colour(connection, party_key, act),
        "marked_at": act.at,
        "reason": reason,
    }
    refusal = Refusal("RECORDED", "The case bears this mark already.", "Read its marks.", "partyId")
    return await insert_new(connection, CaseMark, values | _by(act), refusal)


async def transfer_case(connection: AsyncConnection, key: int, division_key: int, act: Act) -> None:
    """Transfer a case to a division of its court, which sees its marks from then on.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, WRONG_STATE.
    """
    reason = authorize(act, StaffRole.JUDGE, StaffRole.CHIEF, StaffRole.CENTRE)
    query = sa.select(CourtCase.court_code, CourtCase.division).where(CourtCase.id == key).with_for_update()
    case = await find_own(connection, query, act.officer, "case")
    wanted = sa.select(Division.court_code, Division.name).where(Division.id == division_key)
    target = await find_own(connection, wanted, act.officer, "division")
    if case.division == target.name:
        raise Refusal("WRONG_STATE", "The division has this case.", "Name another division.", "divisionId")
    await connection.execute(sa.update(CourtCase).where(CourtCase.id == key).values(division=target.name))
    named = sa.select(Division.id).where(Division.court_code == case.court_code, Division.name == case.division)
    source = (await connection.execute(named)).scalar_one_or_none()
    moved = {"court_code": case.court_code, "case_id": key, "source_id": source, "target_id": division_key}
    await connection.execute(sa.insert(CaseTransfer).values(moved | _by(act) | {"taken_at": act.at, "reason": reason}))


def _by(act: Act) -> dict[str, Any]:
    return {"staff_id": act.officer.key, "staff_role": act.officer.role}


async def _find_colour(connection: AsyncConnection, party_key: int, act: Act) -> Colour:
    """Return the colour of a party today, suspicions included (R13). Raises Refusal WRONG_STATE for green."""
    query = sa.select(CodePeriod.colour).where(
        CodePeriod.party_id == party_key,
        CodePeriod.perspective == Perspective.COURT,
        CodePeriod.during.contains(to_court_day(act.at)),
        is_known_today(CodePeriod),
    )
    colour = (await connection.execute(query)).scalar_one_or_none() or Colour.GREEN
    if colour is Colour.GREEN:
        raise Refusal("WRONG_STATE", "The litigant is green; a case needs no mark for it.", "Go on.", "partyId")
    return colour
