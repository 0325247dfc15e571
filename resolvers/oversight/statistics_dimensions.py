"""The dimensions of statistics."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from engine.declare.sql import SQL

CHOSEN = ("stage", "colour", "outcome")
"""Columns that a filter compares with one value."""


class Dimension(StrEnum):
    """A dimension of grouping."""

    COURT = "COURT"
    STAGE = "STAGE"
    BEHAVIOUR = "BEHAVIOUR"
    COLOUR = "COLOUR"
    OUTCOME = "OUTCOME"
    MONTH = "MONTH"
    DAY = "DAY"


def list_values(counted: Any) -> Mapping[Dimension, SQL]:
    """Return the values of the dimensions in rows of a source, or in cells, whose `day` is the first of the month."""
    return {
        Dimension.COURT: counted.court_code,
        Dimension.STAGE: counted.stage,
        Dimension.BEHAVIOUR: counted.behaviour,
        Dimension.COLOUR: counted.colour,
        Dimension.OUTCOME: counted.outcome,
        Dimension.MONTH: first_of_month(counted.day),
        Dimension.DAY: counted.day,
    }


def first_of_month(day: SQL) -> SQL:
    """Return the first day of the month of a day."""
    return sa.cast(sa.func.date_trunc("month", sa.cast(day, sa.DateTime)), sa.Date)
