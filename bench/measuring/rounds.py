"""Measure several systems in alternating rounds, so that changes of the machine's speed affect all of them."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bench.measuring.wrk import Load, LoadError

Run = Callable[[float], Load]
"""Puts a system under load for a number of seconds."""


@dataclass(frozen=True)
class Schedule:
    """How many rounds, and how long. `warm_up` and `seconds` apply to each system in each round."""

    rounds: int
    seconds: float
    warm_up: float


@dataclass(frozen=True)
class Figures:
    """The results of a system, one per round."""

    loads: Sequence[Load]

    def median(self, figure: str) -> float:
        """The median of one figure of Load."""
        return statistics.median([float(getattr(load, figure)) for load in self.loads])

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest requests per second."""
        rates = [load.per_second for load in self.loads]
        return min(rates), max(rates)

    def times(self, other: "Figures", figure: str = "per_second") -> float:
        """This figure divided by the other's: the median of the ratios of each round."""
        pairs = zip(self.loads, other.loads, strict=True)
        return statistics.median([float(getattr(one, figure) / getattr(two, figure)) for one, two in pairs])


def measure(runs: Mapping[str, Run], schedule: Schedule, tell: Callable[[str], None]) -> dict[str, Figures]:
    """Run every system in every round. `tell` receives the progress."""
    loads: dict[str, list[Load]] = {name: [] for name in runs}
    for turn in range(schedule.rounds):
        for name in _in_turn(list(runs), turn):
            tell(f"round {turn + 1} of {schedule.rounds}: {name}")
            if schedule.warm_up:
                with suppress(LoadError):  # a slow system answers nothing so soon
                    runs[name](schedule.warm_up)
            loads[name].append(runs[name](schedule.seconds))
    return {name: Figures(found) for name, found in loads.items()}


def _in_turn(names: Sequence[str], turn: int) -> Iterator[str]:
    """The names, rotated by one in each round."""
    start = turn % len(names)
    yield from (*names[start:], *names[:start])
