"""The steps that staff took with a matter, oldest first."""

import sqlalchemy as sa

import models
from engine.declare.relations import Order, Relation


def steps_of(column: str) -> Relation:
    """The edge from a matter to its steps; `column` names the matter in a step."""
    return Relation(
        target=models.RecordStep,
        on=lambda matter, step: getattr(step, column) == matter.id,
        keys={"id": sa.BigInteger()},
        many=True,
        orders={"TAKEN": Order(("taken_at",))},
    )
