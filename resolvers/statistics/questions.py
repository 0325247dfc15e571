"""Questions to statistics. What has no meaning is refused with what would have one."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auth.audiences import Audience
from engine.load.errors import BadInputError
from languages.sentence import say
from resolvers.statistics.dimensions import CHOSEN, PERIODS, Dimension, StatisticsMeasure
from resolvers.statistics.published_cells import PUBLISHED
from resolvers.statistics.sources import SOURCES, Declaration, StatisticsSource

MOST_GROUPS = 1_000
NO_DAYS = "Your figures are of whole months: group by MONTH. Days are for courts."


@dataclass(frozen=True)
class Question:
    """The arguments of `statistics`, of one caller. filters: the given values by dimension."""

    audience: Audience
    of: StatisticsSource
    first: int
    group_by: Collection[Dimension]
    filters: Mapping[Dimension, str]
    sort_key: str | None
    least_count: int | None

    @property
    def source(self) -> Declaration:
        """The source that is counted."""
        return SOURCES[self.of]

    @property
    def dimensions(self) -> frozenset[Dimension]:
        """What the caller can group the source by."""
        return self.source.dimensions & (self.source.dimensions if self.is_exact else PUBLISHED - {Dimension.DAY})

    @property
    def measures(self) -> frozenset[StatisticsMeasure]:
        """What the caller can measure of the source."""
        return (
            self.source.measures if self.is_exact else frozenset({StatisticsMeasure.COUNT, StatisticsMeasure.SUBJECTS})
        )

    @property
    def is_exact(self) -> bool:
        """Whether the caller is told exact figures."""
        return self.audience is Audience.COURT

    def check(self) -> None:
        """Raise BadInputError unless every part of the question has a meaning for the source and the caller."""
        if not 1 <= self.first <= MOST_GROUPS:
            raise BadInputError(say("`first` must be 1 to {most_groups}.", most_groups=MOST_GROUPS))
        if self.least_count is not None and self.least_count < 1:
            raise BadInputError("`leastCount` must be 1 or more.")
        self._check_source()
        self._check_dimensions()
        self._check_values()
        self._check_order()

    def _check_source(self) -> None:
        if not self.is_exact and not self.source.is_public:
            open_ones = [source for source, declared in SOURCES.items() if declared.is_public]
            raise BadInputError(say("of: {of} is for courts. You can count {sources}.", of=self.of, sources=open_ones))
        if not self.is_exact and Dimension.DAY in self.group_by:
            raise BadInputError(NO_DAYS)

    def _check_dimensions(self) -> None:
        for dimension in sorted({*self.group_by, *self.filters} - self.dimensions):
            can = [one for one in Dimension if one in self.dimensions]
            raise BadInputError(
                say(
                    "{dimension} has no meaning for {of}{for_whom}: it has {can}.",
                    dimension=dimension,
                    of=self.of,
                    for_whom="" if self.is_exact else say(" in your figures"),
                    can=can,
                )
            )

    def _check_values(self) -> None:
        for dimension, value in self.filters.items():
            values = self.source.list_values(dimension)
            if values and value not in values:
                raise BadInputError(
                    say(
                        "{dimension} of {of} has no such value: it is one of {list}.",
                        dimension=dimension,
                        of=self.of,
                        list=_list(values),
                    )
                )

    def _check_order(self) -> None:
        keys = [
            *(one for one in Dimension if one in self.group_by),
            *(one for one in StatisticsMeasure if one in self.measures),
        ]
        if self.sort_key is not None and self.sort_key not in keys:
            raise BadInputError(
                say(
                    "`orderBy` {sort_key} has no meaning here: order by one of {list}. A dimension "
                    "orders the groups if it is among `groupBy`.",
                    sort_key=self.sort_key,
                    list=_list(keys),
                )
            )


def read_filters(chosen: Any) -> dict[Dimension, str]:
    """Return the values by dimension of a filter."""
    given = {dimension: getattr(chosen, dimension.column, None) for dimension in CHOSEN} if chosen else {}
    return {dimension: str(value) for dimension, value in given.items() if value is not None}


def list_needed(group_by: Iterable[Dimension], filters: Iterable[Dimension]) -> list[str]:
    """Return the dimensions whose values the statement needs."""
    return sorted({one.value for one in (*group_by, *filters) if one not in PERIODS})


def _list(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))
