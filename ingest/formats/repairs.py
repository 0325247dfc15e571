"""Repairs of imported deductions, which were granted before this service was introduced (R9)."""

from typing import Any

import sqlalchemy as sa

from ingest.plausibility import Warnings
from ingest.reference.vocabulary import Vocabulary, quote_word
from ingest.versions import Source
from models.deduction import Deduction, DeductionStatus
from models.repair import Repair, RepairGround, RepairOutcome
from models.vocabulary import WordKind

COLUMNS = (
    "party_id", "deduction_id", "ground", "commitment", "amount_performed", "applied_on", "outcome", "new_end",
    "reasons", "decided_at",
)  # fmt: skip


def read_ground(vocabulary: Vocabulary, word: str, status: DeductionStatus) -> tuple[RepairGround | None, Warnings]:
    """The ground of a repair, from the reason for the end of a deduction; a warning if a shielded one has none.

    A withdrawn deduction has no repair.
    """
    if status is DeductionStatus.WITHDRAWN or vocabulary.blank(word):
        return None, ()
    if meaning := vocabulary.meaning(WordKind.REPAIR_GROUND, word):
        return RepairGround(meaning), ()
    return None, ((("GROUND", quote_word(word)),) if status is DeductionStatus.SHIELDED else ())


def add_repairs(staged: Any, met: sa.ColumnElement[bool], source: Source) -> Any:
    """Insert the repairs of lines with a ground, unless the deduction has one. A published one was shortened."""
    item, at = Deduction, sa.literal(source.at, sa.DateTime(timezone=True))
    granted = sa.exists().where(Repair.deduction_id == item.id, Repair.outcome != RepairOutcome.REFUSED)
    shortened = item.status == DeductionStatus.PUBLISHED
    decided_at = sa.func.coalesce(item.ended_at, at)
    lines = sa.select(
        item.party_id,
        item.id,
        staged.c.ground,
        staged.c.end_reason,
        sa.literal(0),
        sa.func.court_day(decided_at),
        sa.case((shortened, RepairOutcome.SHORTENED.value), else_=RepairOutcome.SHIELDED.value),
        sa.case((shortened, item.expires_on)),
        staged.c.end_reason,
        decided_at,
    )
    named_ones = lines.where(met, staged.c.ground.is_not(None), ~granted).order_by(item.id)
    return sa.insert(Repair).from_select(list(COLUMNS), named_ones)
