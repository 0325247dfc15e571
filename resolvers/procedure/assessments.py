"""Assessments: the score of a subject in a stage of a case, computed and never stored (R2)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from models.catalogue import Stage
from models.deduction import DeductionStatus
from resolvers.view import TODAY
from resolvers.visibility.items import may_see_deduction
from resolvers.visibility.reach import reached

BASE_POINTS = 10


class Assessment:
    """The row type's key: a participation of an identified party in a stage of its case."""


def select_assessments(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select one row for each participation and stage. `score` counts the deductions that the audience may see."""
    part, case = aliased(models.Participation), aliased(models.CourtCase)
    stages = sa.values(sa.column("stage", sa.Text), name="stages").data([(stage.value,) for stage in Stage])
    taken = _points(part, stages.c.stage, audience)
    return (
        sa.select(
            part.case_id,
            part.party_id,
            part.role,
            sa.type_coerce(stages.c.stage, models.CourtCase.stage.type).label("stage"),
            (sa.func.greatest(0, BASE_POINTS - taken)).label("score"),
        )
        .join(case, case.id == part.case_id)
        .join(stages, stages.c.stage.in_([Stage.FILING.value, sa.cast(case.stage, sa.Text)]))
        .where(part.party_id.is_not(None))
        .subquery("assessment")
    )


def _points(part: type[models.Participation], stage: SQL, audience: Audience) -> SQL:
    deduction = aliased(models.Deduction)
    counted = (
        deduction.case_id == part.case_id,
        deduction.party_id == part.party_id,
        deduction.stage == stage,
        deduction.status == DeductionStatus.PUBLISHED,
        deduction.expires_on >= TODAY,
        may_see_deduction(Frame(deduction), audience),
    )
    return sa.select(sa.func.coalesce(sa.func.sum(deduction.points), 0)).where(*counted).scalar_subquery()


def may_see_assessment(row: Frame, audience: Audience) -> SQL:
    """Audiences that may see the party; outside the court only by a deduction that they may see."""
    return reached(row, row.party_id, audience)
