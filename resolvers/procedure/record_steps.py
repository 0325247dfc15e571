"""The steps that staff took with a matter, and what was performed after a repair."""

import models
from engine.declare.relations import Order, Relation
from resolvers.joins import join

PERFORMANCES = join(models.RepairPerformance, "code_record_id", many=True, DAY=Order(("performed_on",)))


def steps_of(column: str) -> Relation:
    """Return the relation from a matter to its steps, oldest first; `column` names the matter in a step."""
    return join(models.RecordStep, column, many=True, TAKEN=Order(("taken_at",)))
