"""When a plaintiff may be a professional lender (职业放贷人): Zhejiang's joint minutes of 16 November 2018.

Counted are private-lending cases as plaintiff. The minutes' other heads, by amount and by conduct, are not in the
register; so what these numbers find is a proposal for a judge, and never a listing.
"""

from dataclasses import dataclass
from enum import StrEnum

CAUSE = "民间借贷"
"""What the causes of private lending begin with."""


class CourtLevel(StrEnum):
    """One basic court, or all courts below one intermediate court."""

    BASIC = "BASIC"
    INTERMEDIATE = "INTERMEDIATE"


INTERMEDIATE_CODE_LENGTH = 3
"""An intermediate court's code has so many characters, and those of the courts below begin with it (浙02 > 浙0281)."""


@dataclass(frozen=True)
class Threshold:
    """So many cases within so many years at a level."""

    level: CourtLevel
    years: int
    cases: int


THRESHOLDS = (
    Threshold(CourtLevel.BASIC, 1, 10),
    Threshold(CourtLevel.BASIC, 3, 20),
    Threshold(CourtLevel.INTERMEDIATE, 1, 15),
    Threshold(CourtLevel.INTERMEDIATE, 3, 30),
)
