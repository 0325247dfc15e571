"""The words of statistics: what figures are grouped by, and what is measured."""

from enum import StrEnum

import sqlalchemy as sa

from engine.declare.sql import SQL


class Dimension(StrEnum):
    """What figures are grouped by. SUBJECT: each person or organization."""

    COURT = "COURT"
    DIVISION = "DIVISION"
    STAGE = "STAGE"
    TIER = "TIER"
    BEHAVIOUR = "BEHAVIOUR"
    ITEM = "ITEM"
    COLOUR = "COLOUR"
    CODE_TYPE = "CODE_TYPE"
    KIND = "KIND"
    ROLE = "ROLE"
    STATUS = "STATUS"
    OUTCOME = "OUTCOME"
    RESULT = "RESULT"
    AUDIENCE = "AUDIENCE"
    CLIENT = "CLIENT"
    VILLAGE = "VILLAGE"
    HOUSEHOLD = "HOUSEHOLD"
    SUBJECT_KIND = "SUBJECT_KIND"
    SUBJECT = "SUBJECT"
    MONTH = "MONTH"
    DAY = "DAY"

    @property
    def column(self) -> str:
        """The name of its column, and of its field in Python."""
        return self.value.lower()


PERIODS = (Dimension.MONTH, Dimension.DAY)
TEXTS = tuple(one for one in Dimension if one not in PERIODS)
"""Dimensions whose values are texts."""

CHOSEN = tuple(one for one in TEXTS if one not in (Dimension.COURT, Dimension.SUBJECT))
"""Dimensions that a filter compares with one value."""


class StatisticsMeasure(StrEnum):
    """A figure of a group. RATE: the share of the rows that came out well, of those that came out at all."""

    COUNT = "COUNT"
    SUBJECTS = "SUBJECTS"
    POINTS = "POINTS"
    AMOUNT = "AMOUNT"
    LENT = "LENT"
    REPAID = "REPAID"
    MEDIAN_DAYS = "MEDIAN_DAYS"
    P90_DAYS = "P90_DAYS"
    RATE = "RATE"


class Quantity(StrEnum):
    """A value of a row from which measures are made. SUCCESS: whether it came out well; null if it has not yet."""

    POINTS = "POINTS"
    AMOUNT = "AMOUNT"
    LENT = "LENT"
    REPAID = "REPAID"
    DAYS = "DAYS"
    SUCCESS = "SUCCESS"


MADE_OF = {
    StatisticsMeasure.POINTS: Quantity.POINTS,
    StatisticsMeasure.AMOUNT: Quantity.AMOUNT,
    StatisticsMeasure.LENT: Quantity.LENT,
    StatisticsMeasure.REPAID: Quantity.REPAID,
    StatisticsMeasure.MEDIAN_DAYS: Quantity.DAYS,
    StatisticsMeasure.P90_DAYS: Quantity.DAYS,
    StatisticsMeasure.RATE: Quantity.SUCCESS,
}
"""The quantity of each measure that does not count rows."""

StatisticsSortKey = StrEnum(  # type: ignore[misc]  # mypy wants its members literally
    "StatisticsSortKey", [(one.value, one.value) for one in (*Dimension, *StatisticsMeasure)]
)
"""What groups are ordered by."""


def first_of_month(day: SQL) -> SQL:
    """Return the first day of the month of a day."""
    return sa.cast(sa.func.date_trunc("month", sa.cast(day, sa.DateTime)), sa.Date)
