"""The steps that staff took with a matter, and what was performed after a repair."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order, Relation
from engine.declare.sql import SQL
from resolvers.joins import join

PERFORMANCES = join(models.RepairPerformance, "code_record_id", many=True, DAY=Order(("performed_on",)))


def is_contested(column: str) -> Callable[[Frame, Audience], SQL]:
    """Return the expression for whether an objection to a matter is open (R8)."""

    def build(row: Frame, audience: Audience) -> SQL:
        objection = aliased(models.Objection)
        to_it = getattr(objection, column) == row.id
        return sa.select(objection.id).where(to_it, objection.outcome.is_(None)).exists()

    return build


def steps_of(column: str) -> Relation:
    """Return the relation from a matter to its steps, oldest first; `column` names the matter in a step."""
    return join(models.RecordStep, column, many=True, TAKEN=Order(("taken_at",)))
