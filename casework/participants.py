"""Participants of the cases of the officer's court (R3)."""

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.officer import Officer
from casework.refusal import Refusal, refuse_missing
from casework.rows import require_own
from models.court_case import CourtCase, Participation, Role
from models.party import Party
from postgres.kept_statements import KeptStatement


@cache
def _select_case(*, with_role: bool) -> KeptStatement:
    """Select a case, the number of roles that a party has in it, or of a given role, and since when it is of age."""
    part = sa.and_(Participation.case_id == CourtCase.id, Participation.party_id == sa.bindparam("party"))
    if with_role:
        part = sa.and_(part, Participation.role == sa.bindparam("role"))
    parts, age = sa.func.count(Participation.id).label("parts"), sa.func.max(Party.of_age_from).label("of_age_from")
    query = (
        sa.select(CourtCase.id, CourtCase.number, CourtCase.court_code, CourtCase.stage, CourtCase.filed_on, parts, age)
        .outerjoin(Participation, part)
        .outerjoin(Party, Party.id == Participation.party_id)
        .where(CourtCase.id == sa.bindparam("case"))
        .group_by(CourtCase.id)
    )
    return KeptStatement(lambda: query)


async def find_case(
    connection: AsyncConnection, case_key: int, party_key: int, officer: Officer, role: Role | None = None
) -> Any:
    """Return the case in which a party takes part. role: the role that the party must have.

    Raises Refusal NOT_FOUND, NOT_A_PARTICIPANT.
    """
    values = {"case": case_key, "party": party_key} | ({} if role is None else {"role": role})
    found = require_own(await _select_case(with_role=role is not None).fetch_row(connection, values), officer, "case")
    if not found.parts:
        in_role = "The subject does not take part in the case in this role (R3)."
        message = "The subject does not take part in the case (R3)." if role is None else in_role
        raise Refusal("NOT_A_PARTICIPANT", message, "Check both.", "role")
    return found


async def require_known_party(connection: AsyncConnection, party_key: int, officer: Officer) -> None:
    """Raise Refusal NOT_FOUND unless the party took part in a disclosed case of the court or one below it."""
    query = (
        sa.select(Participation.id)
        .join(CourtCase, CourtCase.id == Participation.case_id)
        .where(Participation.party_id == party_key, sa.func.starts_with(CourtCase.court_code, officer.court_code))
        .join(Party, Party.id == Participation.party_id)
        .where(CourtCase.disclosed, CourtCase.filed_on >= Party.of_age_from, ~Party.held)
    )
    if (await connection.execute(query.limit(1))).first() is None:
        raise refuse_missing("party in your court")
