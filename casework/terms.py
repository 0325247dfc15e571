"""How long an item is public, and what record publication leaves behind (R6, R12)."""

from datetime import date

from models.catalogue import Stage, Tier
from models.deduction import GRAVE_FINDINGS, PUBLICITY_MONTHS, RED_PUBLICITY_MONTHS, FindingKind
from models.repair import MINIMUM_MONTHS
from models.sanction import RED_TYPES, SanctionKind
from models.terms import add_months

UNRECORDED = frozenset({"Y03", "Y18"})
"""Types that no deduction makes: a suspicion is decided by then, and a listing has an entry of its own."""


def compute_publicity_end(tier: Tier, finding: FindingKind, determined_on: date) -> date:
    """The last day of publicity of an item determined on that day (R6)."""
    red = tier is Tier.T3 and finding in GRAVE_FINDINGS
    return add_months(determined_on, RED_PUBLICITY_MONTHS if red else PUBLICITY_MONTHS[tier])


def find_recorded_type(finding: FindingKind, code_type: str | None) -> str | None:
    """The code type of the record that publication makes; None where a sanction or a listing makes one (R12)."""
    return None if finding in GRAVE_FINDINGS or code_type in UNRECORDED else code_type


def compute_record_end(term_months: int | None, determined_on: date, expires_on: date) -> date:
    """The last day of the record that publication makes: its type's term, and never beyond the item's publicity."""
    return min(add_months(determined_on, term_months), expires_on) if term_months else expires_on


def find_red_type(kind: SanctionKind, stage: Stage) -> str | None:
    """The red code type of a sanction in a case of that stage; None for those that make no red (R12)."""
    if kind is SanctionKind.CONVICTION:
        return "R04" if stage is Stage.ENFORCEMENT else "R01"
    return RED_TYPES.get(kind)


def compute_answer_due(filed_on: date) -> date:
    """The day by which an objection is answered: the same of the next month, or that month's last (R8)."""
    return add_months(filed_on, 1)


def compute_first_repair_day(tier: Tier | None, determined_on: date) -> date:
    """The first day on which a repair may be granted, by the gravity of the behaviour (R9).

    tier: None for what rests on no behaviour of the catalogue, such as a listing: the shortest period, as for T1. No
    statute names one for such records, and the list of dishonest debtors is left on performance at any time anyhow.
    """
    return add_months(determined_on, MINIMUM_MONTHS[tier or Tier.T1])
