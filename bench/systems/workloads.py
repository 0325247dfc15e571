"""The workloads: a document, who sends it, and about which subjects."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.audience import Audience

DOCUMENTS = Path(__file__).with_name("documents")
PAGE_SIZE = 50
BATCH_SIZE = 100
FIRST_KEY = 20
"""The first key that is used, so that an organization precedes every subject."""

Pick = Sequence[int]
"""The keys of the subjects of one request: the one before a page, the one asked for, or all that are checked."""


@dataclass(frozen=True)
class Work:
    """A document. `audience`: the audience of the client that sends it."""

    name: str
    title: str
    audience: Audience


PAGE = Work("page", f"page of {PAGE_SIZE} subjects, code, deductions, case, repairs", Audience.COURT)
SUBJECT = Work("subject", "one subject, same depth", Audience.COURT)
CHECK = Work("check", f"bank check of {BATCH_SIZE} subjects by number", Audience.BANK)
WORKS = {work.name: work for work in (PAGE, SUBJECT, CHECK)}


def draw_picks(work: Work, subjects: int, count: int) -> list[Pick]:
    """Draw the subjects of `count` requests. The result is the same on every run."""
    draw = random.Random(work.name)
    if work is PAGE:
        return [[organization_before(draw.randrange(FIRST_KEY, subjects - PAGE_SIZE))] for _ in range(count)]
    size = BATCH_SIZE if work is CHECK else 1
    return [draw.sample(range(FIRST_KEY, subjects + 1), size) for _ in range(count)]


def organization_before(key: int) -> int:
    """The last organization before `key` whose key ends in 9. Its name is unique."""
    return (key - 1) // 10 * 10 - 1
