"""Invented identity numbers with right check digits (GB 11643, GB 32100), each given once."""

from collections import defaultdict
from datetime import date, timedelta

from stdnum.cn import ric, uscc

FIRST_BIRTH = date(1900, 1, 1)
BIRTHS = 3652
"""Days from 1900 to 1909: nobody born then is in court today."""

ORGANIZATIONS = 9900
"""Organizations a block; the serials above are the cast's."""


class Numbers:
    """Gives out numbers, none twice and none of the cast's."""

    def __init__(self) -> None:
        self._given: dict[str, int] = defaultdict(int)

    def resident(self, division: str) -> str:
        """A person born before 1910; serials below 100 are the cast's."""
        count = self._next(division)
        birth = FIRST_BIRTH + timedelta(count * 37 % BIRTHS)
        return _resident(f"{division}{birth:%Y%m%d}{100 + count // BIRTHS:03d}")

    def minor(self, birth: date) -> str:
        """A child of Yuyao, with a serial that no police station gives out."""
        return _resident(f"330281{birth:%Y%m%d}{901 + self._next(f'{birth}') % 99:03d}")

    def organization(self, division: str) -> str:
        """A company, in a block of codes that no registry gave out."""
        count = self._next(f"91{division}")
        body = f"91{division}{99999 - count // ORGANIZATIONS}{count % ORGANIZATIONS:04d}"
        return body + str(uscc.calc_check_digit(body))

    def _next(self, series: str) -> int:
        self._given[series] += 1
        return self._given[series] - 1


def _resident(body: str) -> str:
    return body + str(ric.calc_check_digit(f"{body}0"))
