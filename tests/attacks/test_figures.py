"""Statistics: an auditor tries to find exact numbers behind the rounded ones, by shifting, differences and averages.

The command serves with two workers. The figure of each attack is logged: pytest tests/attacks --log-cli-level=INFO
"""

from collections.abc import Sequence
from typing import Any

import pytest
from attacked import log
from world import World

from auth.audiences import Audience

MONTHS = [f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)][:22]
"""January 2025 to October 2026: the months of two years that are over."""

LAST = {"02": "28", "04": "30", "06": "30", "09": "30", "11": "30"}


def ask(served: World, questions: Sequence[str]) -> list[dict[str, Any]]:
    """The answers to arguments of `statistics`, ten to a document."""
    found: list[dict[str, Any]] = []
    for some in (questions[start : start + 10] for start in range(0, len(questions), 10)):
        fields = " ".join(f"q{place}: statistics({one}) {{ count subjects }}" for place, one in enumerate(some))
        answer = served.data(Audience.AUDITOR, f"{{ {fields} }}")
        found += [next(iter(answer[f"q{place}"]), {"count": 0, "subjects": 0}) for place in range(len(some))]
    return found


def period(first: str, last: str, more: str = "") -> str:
    days = f'fromDay: "{first}-01", toDay: "{last}-{LAST.get(last[5:], "31")}"'
    return f"of: PARTICIPATIONS, first: 1, filter: {{ {days} {more} }}"


@pytest.mark.parametrize("figure", ["count", "subjects"])
def test_shifted_periods_and_their_differences_give_one_number(served: World, figure: str) -> None:
    """The attack: a month is what a period with it has more than one without it. Different periods would give different
    rounding errors, whose mean is the exact number."""
    target, starts = MONTHS[-1], MONTHS[:-1]
    longer = ask(served, [period(first, target) for first in starts])
    shorter = ask(served, [period(first, MONTHS[-2]) for first in starts])
    estimates = {one[figure] - other[figure] for one, other in zip(longer, shorter, strict=True)}
    (alone,) = ask(served, [period(target, target)])
    log.info("%d periods with and without a month: %d estimates of its %s", len(starts), len(estimates), figure)
    assert estimates == {alone[figure]}
    assert alone[figure] % 5 == 0
    assert longer[0][figure] > shorter[-1][figure]


def test_asking_again_and_by_other_names_gives_one_number(served: World) -> None:
    """The attack: noise that is drawn anew is averaged away."""
    same = [
        period("2026-01", "2026-06"),
        period("2026-01", "2026-06", 'courtCode: "浙"'),
        'of: PARTICIPATIONS, first: 1, groupBy: [], filter: { toDay: "2026-06-30", fromDay: "2026-01-01" }',
    ]
    told = {(one["count"], one["subjects"]) for one in ask(served, same * 10)}
    log.info("one figure, asked for %d times in %d ways: %d answers", 10 * len(same), len(same), len(told))
    assert len(told) == 1


@pytest.mark.parametrize("dimension", ["COURT", "STAGE", "OUTCOME"])
def test_other_groupings_give_no_other_estimate_of_a_whole(served: World, dimension: str) -> None:
    """The attack: the sum of the groups is another estimate of the whole, with errors of its own."""
    (whole,) = ask(served, [period("2025-01", "2026-10")])
    days = 'fromDay: "2025-01-01", toDay: "2026-10-31"'
    asked = f"of: PARTICIPATIONS, first: 1000, groupBy: [{dimension}], filter: {{ {days} }}"
    groups = served.data(Audience.AUDITOR, f"{{ statistics({asked}) {{ count subjects }} }}")["statistics"]
    log.info("the whole by %d groups of %s: the same", len(groups), dimension)
    for figure in ("count", "subjects"):
        assert sum(one[figure] for one in groups) == whole[figure] > 0


def test_windows_of_days_are_refused(served: World) -> None:
    """The attack: a window that is shifted by a day takes up one day and lets another go."""
    days = (f'filter: {{ fromDay: "2026-03-{day:02d}", toDay: "2026-05-31" }}' for day in range(2, 31))
    for one in days:
        (error,) = served.ask(Audience.AUDITOR, f"{{ statistics(of: LOOK_UPS, first: 1, {one}) {{ count }} }}")[
            "errors"
        ]
        assert error["extensions"]["code"] == "BAD_INPUT"
        assert "whole months" in error["message"]
    log.info("29 windows of days: each refused")
