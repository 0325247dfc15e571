"""Synthetic subjects. Subject number n is computed from n and is the same in every database."""

from dataclasses import dataclass
from datetime import date, timedelta

from stdnum.cn import ric, uscc

DIVISIONS = (330203, 330205, 330206, 330211, 330212, 330213, 330225, 330226, 330281, 330282)
FIRST_BIRTH = date(1900, 1, 1)
BIRTHS = 3652
"""Days from 1900 to 1909. No living person was born then."""

PERSONS_IN_TEN = 7
FAMILY = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红鹏"
TRADES = ("贸易", "建材", "电器", "五金", "食品", "服装", "物流")
SPREAD = 2_654_435_761
"""Knuth's multiplier, so that consecutive subjects do not have similar names."""


@dataclass(frozen=True)
class Subject:
    """A person or an organization. `key` is its primary key."""

    key: int
    name: str
    number: str
    person: bool


def make_subject(key: int) -> Subject:
    """Return the subject with this primary key. Keys start at 1."""
    if is_person(key):
        return Subject(key, _person_name(key), _person_number(key), True)
    return Subject(key, _organization_name(key), _organization_code(key), False)


def is_person(key: int) -> bool:
    """Whether the subject is a natural person. Seven in ten are."""
    return key % 10 < PERSONS_IN_TEN


def _person_name(key: int) -> str:
    draw = key * SPREAD >> 8
    given = GIVEN[draw // 20 % len(GIVEN)] + GIVEN[draw // 1000 % len(GIVEN)]
    return FAMILY[draw % len(FAMILY)] + given


def _person_number(key: int) -> str:
    """A resident identity number (GB 11643): division, birth, serial, check digit."""
    rest, day = divmod(key, BIRTHS)
    serial, division = divmod(rest, len(DIVISIONS))
    body = f"{DIVISIONS[division]}{FIRST_BIRTH + timedelta(day):%Y%m%d}{100 + serial:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


def _organization_name(key: int) -> str:
    return f"宁波市第{key}{TRADES[key % len(TRADES)]}有限公司"


def _organization_code(key: int) -> str:
    """A unified social credit code (GB 32100)."""
    body = f"91{DIVISIONS[key // 10 % len(DIVISIONS)]}{key:09d}"
    return body + str(uscc.calc_check_digit(body))
