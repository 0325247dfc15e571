"""The work that is compared: which question, by whom, and about which subjects."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.audience import Audience

DOCUMENTS = Path(__file__).with_name("documents")
PAGE_SIZE = 50
BATCH_SIZE = 100
FIRST_KEY = 20
"""Subjects before it are left alone, so that every one that is asked for follows an organization."""

Pick = Sequence[int]
"""The subjects of one request by key: whom a page follows, the one that is asked for, or all that are checked."""


@dataclass(frozen=True)
class Work:
    """A document and what it does. `audience`: whose client asks."""

    name: str
    title: str
    audience: Audience


PAGE = Work("page", f"page of {PAGE_SIZE} subjects, code, deductions, case, repairs", Audience.COURT)
SUBJECT = Work("subject", "one subject, same depth", Audience.COURT)
CHECK = Work("check", f"bank check of {BATCH_SIZE} subjects by number", Audience.BANK)
WORKS = {work.name: work for work in (PAGE, SUBJECT, CHECK)}


def picks(work: Work, subjects: int, count: int) -> list[Pick]:
    """The subjects of `count` requests, drawn from all over the database, the same on every run."""
    draw = random.Random(work.name)
    if work is PAGE:
        return [[organization_before(draw.randrange(FIRST_KEY, subjects - PAGE_SIZE))] for _ in range(count)]
    size = BATCH_SIZE if work is CHECK else 1
    return [draw.sample(range(FIRST_KEY, subjects + 1), size) for _ in range(count)]


def organization_before(key: int) -> int:
    """The last organization that ends a ten of subjects before `key`. Its name is nobody else's."""
    return (key - 1) // 10 * 10 - 1
