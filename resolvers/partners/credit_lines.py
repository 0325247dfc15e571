"""Credit lines of incentive loans: what is granted, lent, drawn and repaid."""

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order
from engine.declare.sql import SQL
from models.incentive_loan import sum_drawn, sum_lent, sum_repaid
from resolvers.joins import join
from resolvers.view import TODAY

LOANS = join(models.IncentiveLoan, "line_id", many=True, GRANTED=Order(("granted_on",), descending=True))


def lent(row: Frame, audience: Audience) -> SQL:
    """Return what was lent on a line, ever."""
    return sum_lent(row)


def drawn(row: Frame, audience: Audience) -> SQL:
    """Return what is drawn on a line."""
    return sum_drawn(row)


def repaid(row: Frame, audience: Audience) -> SQL:
    """Return what was repaid on a line."""
    return sum_repaid(row)


def is_open(row: Frame) -> SQL:
    """Return whether a line can be drawn on today."""
    return sa.and_(row.closed_on.is_(None), row.expires_on >= TODAY)


def may_be_drawn_on(row: Frame, audience: Audience) -> SQL:
    """Return whether a line can be drawn on today."""
    return is_open(row)
