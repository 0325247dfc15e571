"""Prompt marks and transfers of a case."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from engine.declare.relations import Frame, Order, Relation
from engine.declare.sql import SQL
from resolvers.joins import exists, join

MARKS = join(models.CaseMark, "case_id", many=True, MARKED=Order(("marked_at",)))
TRANSFERS = join(models.CaseTransfer, "case_id", many=True, TAKEN=Order(("taken_at",)))


def _has(case: Frame, division: Frame) -> SQL:
    """Return whether a division has a case. It is read from the case's row: cards do not contain it."""
    held = aliased(models.CourtCase)
    matches = (held.court_code == division.court_code, held.division == division.name)
    return sa.select(held.id).where(held.id == case.id, *matches).exists()


DIVISION = Relation(target=models.Division, on=_has, keys={"id": sa.BigInteger()})


def is_marked(case: Frame, wanted: Any) -> SQL:
    """Return whether a case bears a mark, or none, as wanted."""
    mark = aliased(models.CaseMark)
    return sa.cast(exists(mark, mark.case_id == case.id) == wanted, sa.Boolean)


def is_in_division(case: Frame, name: Any) -> SQL:
    """Return whether a division of this name has a case."""
    return sa.cast(case.division == name, sa.Boolean)
