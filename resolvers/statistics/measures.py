"""The figures of a group, as SQL: exact ones of rows, and sums of published cells."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.declare.sql import SQL
from resolvers.statistics.dimensions import Quantity, StatisticsMeasure

WHOLE = 10_000
"""The rate of a group of which everything came out well."""

TYPES: Mapping[StatisticsMeasure, Any] = {
    StatisticsMeasure.COUNT: sa.BigInteger(),
    StatisticsMeasure.SUBJECTS: sa.BigInteger(),
    StatisticsMeasure.POINTS: sa.BigInteger(),
    StatisticsMeasure.AMOUNT: sa.Numeric(18, 2),
    StatisticsMeasure.LENT: sa.Numeric(18, 2),
    StatisticsMeasure.REPAID: sa.Numeric(18, 2),
    StatisticsMeasure.MEDIAN_DAYS: sa.Integer(),
    StatisticsMeasure.P90_DAYS: sa.Integer(),
    StatisticsMeasure.RATE: sa.Integer(),
}


def measure(rows: Any, among: SQL) -> Mapping[str, SQL]:
    """Return the exact figures of the rows of a group that are `among` those of a period."""
    points, amount, lent, repaid, days, success = (getattr(rows, quantity.value) for quantity in Quantity)
    well, known = sa.func.count().filter(among, success), sa.func.count(success).filter(among)
    weights = sa.func.coalesce(sa.func.sum(rows.weight).filter(among), 0)
    return _name(
        {
            StatisticsMeasure.COUNT: sa.func.count().filter(among, rows.weight.is_(None)) + weights,
            StatisticsMeasure.SUBJECTS: sa.func.count(rows.subject_key.distinct()).filter(among) + weights,
            StatisticsMeasure.POINTS: sa.func.sum(points).filter(among),
            StatisticsMeasure.AMOUNT: sa.func.sum(amount).filter(among),
            StatisticsMeasure.LENT: sa.func.sum(lent).filter(among),
            StatisticsMeasure.REPAID: sa.func.sum(repaid).filter(among),
            StatisticsMeasure.MEDIAN_DAYS: _reach("0.5", days, among),
            StatisticsMeasure.P90_DAYS: _reach("0.9", days, among),
            StatisticsMeasure.RATE: sa.func.round(well * sa.literal_column(f"{WHOLE}.0") / sa.func.nullif(known, 0)),
        }
    )


def _reach(share: str, days: SQL, among: SQL) -> SQL:
    """Return the least number of days within which a share of the rows were done."""
    found: SQL = sa.func.percentile_disc(sa.literal_column(share)).within_group(sa.case((among, days)))
    return found


def sum_cells(cells: Any, among: SQL) -> Mapping[str, SQL]:
    """Return the figures of the cells of a group that are `among` those of a period. Others are for courts."""
    return _name(
        {
            StatisticsMeasure.COUNT: sa.func.coalesce(sa.func.sum(cells.count_of_cell).filter(among), 0),
            StatisticsMeasure.SUBJECTS: sa.func.coalesce(sa.func.sum(cells.subjects_of_cell).filter(among), 0),
        }
    )


def _name(figures: Mapping[StatisticsMeasure, Any]) -> Mapping[str, SQL]:
    """Return a column for each measure, null unless it is given."""
    return {one.value.lower(): sa.cast(figures.get(one, sa.null()), type_) for one, type_ in TYPES.items()}
