"""The figures of what was imported before the city is built, so that both together have the published ones."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from demo.city.calibration import NOTHING, Figures
from demo.city.cast import DEMO_COURT
from models.catalogue import Colour
from models.code_record import CodePeriod, Perspective, is_known_today
from models.court_case import CourtCase, Participation
from models.deduction import Deduction
from models.party import Party, PartyKind

SAMPLES = (
    sa.select(sa.func.count())
    .select_from(Participation)
    .join(CourtCase, CourtCase.id == Participation.case_id)
    .where(CourtCase.court_code == DEMO_COURT)
)
PERSONS = (
    sa.select(sa.func.count(Deduction.party_id.distinct()))
    .join(Party, Party.id == Deduction.party_id)
    .where(Party.kind == PartyKind.PERSON)
)


async def read_figures(connection: AsyncConnection, today: date) -> Figures:
    """Return the figures of a database with imports only, in which there are no look-ups and no moral points."""
    colours = await _count_colours(connection, today)
    return Figures(
        **{
            **vars(NOTHING),
            "samples": await connection.scalar(SAMPLES) or 0,
            "persons_with_deductions": await connection.scalar(PERSONS) or 0,
            "red": colours.get(Colour.RED, 0),
            "yellow": colours.get(Colour.YELLOW, 0),
            "blue": colours.get(Colour.BLUE, 0),
        }
    )


async def _count_colours(connection: AsyncConnection, today: date) -> dict[Colour, int]:
    current = (CodePeriod.perspective == Perspective.COURT, is_known_today(CodePeriod))
    counted = sa.select(CodePeriod.colour, sa.func.count()).where(*current, CodePeriod.during.op("@>")(today))
    rows = await connection.execute(counted.group_by(CodePeriod.colour))
    return {row[0]: row[1] for row in rows}
