"""Readings of names in pinyin, by which staff search: derived from the names by one function."""

import re
import unicodedata
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.base import Base
from models.party import Party
from models.party_name import NameStanding, PartyName

SURNAMES = {
    "万俟": "mo qi", "尉迟": "yu chi", "单": "shan", "仇": "qiu", "曾": "zeng", "解": "xie", "区": "ou", "查": "zha",
    "任": "ren", "朴": "piao", "翟": "zhai", "盖": "ge", "缪": "miao", "乐": "yue", "覃": "qin", "员": "yun",
    "华": "hua", "纪": "ji", "重": "chong", "长孙": "zhang sun", "令狐": "ling hu",
    "夏侯": "xia hou", "皇甫": "huang fu",
}  # fmt: skip
"""Surnames that are read otherwise than the character elsewhere."""

LONGEST_PERSON = 4
"""Characters of a name that may begin with a surname; longer ones are of organizations."""

AFTER_ALL = "~"
"""Sorts after all that a reading consists of."""

LETTERS = re.compile("[^a-z0-9]+")


def read_name(folded: str) -> tuple[str, str]:
    """Return a folded name in pinyin without tones and blanks, and the initials of its syllables."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - its dictionaries are loaded when used

    surname = next((one for one in SURNAMES if folded.startswith(one)), "") if len(folded) <= LONGEST_PERSON else ""
    syllables = [*SURNAMES.get(surname, "").split(), *lazy_pinyin(folded[len(surname) :], errors="default")]
    clean = [found for one in syllables if (found := fold_pinyin(one))]
    return "".join(clean), "".join(one[0] for one in clean)


def fold_pinyin(text: str) -> str:
    """Return pinyin as it is compared: lower case, ü as v, without tones, blanks and apostrophes."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("ü", "v"))
    return LETTERS.sub("", plain.replace("u\u0308", "v"))


class NameReading(Base):
    """The reading of a folded name. Made by `casework.name_readings` after the name, within seconds."""

    __tablename__ = "name_reading"
    __table_args__ = (
        Index("ix_name_reading_pinyin", "pinyin"),
        Index("ix_name_reading_initials", "initials"),
    )

    folded: Mapped[str] = mapped_column(primary_key=True)
    pinyin: Mapped[str] = mapped_column(sa.Text(collation="C"))
    initials: Mapped[str] = mapped_column(sa.Text(collation="C"))


def select_read_as(part: Any) -> sa.CompoundSelect[int]:
    """Select the keys of the parties whose name, or a former one, begins with folded pinyin or has these initials; of
    none for a blank."""
    party, former, reading = aliased(Party), aliased(PartyName), aliased(NameReading)
    last = sa.func.concat(part, AFTER_ALL, type_=sa.Text)
    begins = sa.or_(*(sa.and_(column >= part, column < last) for column in (reading.pinyin, reading.initials)))
    read = sa.select(reading.folded).where(part != "", begins)
    had = sa.select(former.party_id).where(former.folded.in_(read), former.standing == NameStanding.FORMER)
    return sa.union_all(sa.select(party.id).where(party.folded.in_(read)), had)
