"""Invented identity numbers with valid check digits (GB 11643, GB 32100), all different."""

from collections import defaultdict
from datetime import date, timedelta

from stdnum.cn import ric, uscc

FIRST_BIRTH = date(1900, 1, 1)
BIRTHS = 3652
"""Days from 1900 to 1909. No living person was born then."""

ORGANIZATIONS = 9900
"""Organizations per block. Higher serial numbers belong to the cast."""


class Numbers:
    """Creates numbers that differ from each other and from those of the cast."""

    def __init__(self) -> None:
        self._given: dict[str, int] = defaultdict(int)

    def resident(self, division: str) -> str:
        """A person born before 1910. Serial numbers below 100 belong to the cast."""
        count = self._next(division)
        birth = FIRST_BIRTH + timedelta(count * 37 % BIRTHS)
        return _resident(f"{division}{birth:%Y%m%d}{100 + count // BIRTHS:03d}")

    def minor(self, birth: date) -> str:
        """A child of Yuyao, with an unused serial number."""
        return _resident(f"330281{birth:%Y%m%d}{901 + self._next(f'{birth}') % 99:03d}")

    def organization(self, division: str) -> str:
        """A company, in an unassigned block of codes."""
        count = self._next(f"91{division}")
        body = f"91{division}{99999 - count // ORGANIZATIONS}{count % ORGANIZATIONS:04d}"
        return body + str(uscc.calc_check_digit(body))

    def _next(self, series: str) -> int:
        self._given[series] += 1
        return self._given[series] - 1


def _resident(body: str) -> str:
    return body + str(ric.calc_check_digit(f"{body}0"))
