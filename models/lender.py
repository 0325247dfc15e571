"""Thresholds for professional lenders (职业放贷人), from Zhejiang's joint minutes of 16 November 2018.

They count private-lending cases as plaintiff. The other criteria, amount and conduct, are not in the data, so the
result is a proposal for a judge, not a listing.
"""

from dataclasses import dataclass
from enum import StrEnum

CAUSE = "民间借贷"
"""The common prefix of the causes of private lending."""


class CourtLevel(StrEnum):
    """A basic court, or all courts below an intermediate court."""

    BASIC = "BASIC"
    INTERMEDIATE = "INTERMEDIATE"


INTERMEDIATE_CODE_LENGTH = 3
"""Characters of an intermediate court's code, the prefix of the codes below it (浙02 > 浙0281)."""


@dataclass(frozen=True)
class Threshold:
    """A number of cases within a number of years at a level."""

    level: CourtLevel
    years: int
    cases: int


THRESHOLDS = (
    Threshold(CourtLevel.BASIC, 1, 10),
    Threshold(CourtLevel.BASIC, 3, 20),
    Threshold(CourtLevel.INTERMEDIATE, 1, 15),
    Threshold(CourtLevel.INTERMEDIATE, 3, 30),
)
