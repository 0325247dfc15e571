"""The sources of statistics: what is counted, and by what it can be grouped and measured. A source is declared by its
tables alone: their dimensions and quantities say which questions have an answer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from auth.audiences import Audience
from resolvers.statistics import partner_tables, procedure_tables, register_tables
from resolvers.statistics.dimensions import Dimension, StatisticsMeasure
from resolvers.statistics.tables import ASKED, COLUMNS, CountedTable
from resolvers.visibility.reach import is_in_jurisdiction


class StatisticsSource(StrEnum):
    """What is counted."""

    PARTICIPATIONS = "PARTICIPATIONS"
    DEDUCTIONS = "DEDUCTIONS"
    CODES = "CODES"
    REPAIRS = "REPAIRS"
    CONVERSIONS = "CONVERSIONS"
    LOOK_UPS = "LOOK_UPS"
    LOANS = "LOANS"
    CREDIT_LINES = "CREDIT_LINES"
    OBJECTIONS = "OBJECTIONS"
    STEPS = "STEPS"
    LISTINGS = "LISTINGS"
    SANCTIONS = "SANCTIONS"
    CERTIFICATES = "CERTIFICATES"
    NOTICES = "NOTICES"
    PERFORMANCE = "PERFORMANCE"
    COLOURS = "COLOURS"


@dataclass(frozen=True)
class Declaration:
    """A source by its tables, each made for an audience."""

    makers: tuple[Callable[[Audience], CountedTable], ...]

    def build(self, audience: Audience) -> list[CountedTable]:
        """Return the tables of which the audience may count rows."""
        tables = [make(audience) for make in self.makers]
        return [table for table in tables if audience is Audience.COURT or table.public is not None]

    @cached_property
    def tables(self) -> list[CountedTable]:
        """The tables for courts, who may ask for everything."""
        return self.build(Audience.COURT)

    @property
    def dimensions(self) -> frozenset[Dimension]:
        """What the rows can be grouped by."""
        return frozenset().union(*(table.dimensions for table in self.tables))

    @property
    def measures(self) -> frozenset[StatisticsMeasure]:
        """What can be measured of the rows."""
        return frozenset().union(*(table.measures for table in self.tables))

    @property
    def is_public(self) -> bool:
        """Whether others than courts may count rows."""
        return any(table.public is not None for table in self.tables)

    def list_values(self, dimension: Dimension) -> list[str]:
        """Return the values that a dimension can have; empty if they are data."""
        types = [table.values[dimension].type for table in self.tables if dimension in table.values]
        return [value for one in types if isinstance(one, sa.Enum) for value in one.enums]


def _of(*makers: Callable[[Audience], CountedTable]) -> Declaration:
    return Declaration(makers)


SOURCES: Mapping[StatisticsSource, Declaration] = {
    StatisticsSource.PARTICIPATIONS: _of(register_tables.count_participations),
    StatisticsSource.DEDUCTIONS: _of(procedure_tables.count_deductions),
    StatisticsSource.CODES: _of(register_tables.count_codes),
    StatisticsSource.REPAIRS: _of(procedure_tables.count_repairs),
    StatisticsSource.CONVERSIONS: _of(procedure_tables.count_conversions),
    StatisticsSource.LOOK_UPS: _of(partner_tables.count_look_ups),
    StatisticsSource.LOANS: _of(partner_tables.count_loans),
    StatisticsSource.CREDIT_LINES: _of(partner_tables.count_credit_lines),
    StatisticsSource.OBJECTIONS: _of(procedure_tables.count_objections),
    StatisticsSource.STEPS: _of(procedure_tables.count_steps),
    StatisticsSource.LISTINGS: _of(register_tables.count_listings),
    StatisticsSource.SANCTIONS: _of(register_tables.count_sanctions),
    StatisticsSource.CERTIFICATES: _of(register_tables.count_certificates),
    StatisticsSource.NOTICES: _of(procedure_tables.count_village_notices, procedure_tables.count_consequence_notices),
    StatisticsSource.PERFORMANCE: _of(register_tables.count_performed, register_tables.count_enforced),
    StatisticsSource.COLOURS: _of(register_tables.count_colours),
}


def select_counted(audience: Audience) -> Iterator[sa.Select[Any]]:
    """Yield a statement for each table of each source; only those of the requested one return rows."""
    for source, declared in SOURCES.items():
        for table in declared.build(audience):
            own = table.public if audience is not Audience.COURT else _is_own(table)
            yield table.select().where(ASKED["of"] == sa.literal(source.value, sa.Text), own)


def _is_own(table: CountedTable) -> Any:
    return sa.true() if table.court is None else is_in_jurisdiction(table.court)


def select_nothing() -> sa.Select[Any]:
    """Select a row without values if nothing is grouped by, so that nothing is counted as 0."""
    columns = (sa.cast(sa.null(), type_).label(name) for name, type_ in COLUMNS.items())
    return sa.select(*columns).where(sa.func.cardinality(ASKED["group_by"]) == 0)
