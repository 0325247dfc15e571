"""Measure several contenders in turn, round by round, so that all of them see the same weather."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.load import Load

Run = Callable[[float], Load]
"""Puts a contender to its work for some seconds."""


@dataclass(frozen=True)
class Schedule:
    """How often and how long. `warm_up` and `seconds` are of each contender in each round."""

    rounds: int
    seconds: float
    warm_up: float


@dataclass(frozen=True)
class Figures:
    """What a contender did, round by round."""

    loads: Sequence[Load]

    def median(self, figure: str) -> float:
        """The median of one of Load's figures."""
        return statistics.median([float(getattr(load, figure)) for load in self.loads])

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest requests a second."""
        rates = [load.per_second for load in self.loads]
        return min(rates), max(rates)

    def times(self, other: "Figures", figure: str = "per_second") -> float:
        """How many times the other's figure this one's is: the median over the rounds, each within itself."""
        pairs = zip(self.loads, other.loads, strict=True)
        return statistics.median([float(getattr(one, figure) / getattr(two, figure)) for one, two in pairs])


def measured(runs: Mapping[str, Run], schedule: Schedule, tell: Callable[[str], None]) -> dict[str, Figures]:
    """Run every contender in every round. `tell` is told what is going on."""
    loads: dict[str, list[Load]] = {name: [] for name in runs}
    for turn in range(schedule.rounds):
        for name in _in_turn(list(runs), turn):
            tell(f"round {turn + 1} of {schedule.rounds}: {name}")
            if schedule.warm_up:
                runs[name](schedule.warm_up)
            loads[name].append(runs[name](schedule.seconds))
    return {name: Figures(found) for name, found in loads.items()}


def _in_turn(names: Sequence[str], turn: int) -> Iterator[str]:
    """The names in order, begun one later in each round: nobody always follows the same one."""
    start = turn % len(names)
    yield from (*names[start:], *names[:start])
