"""Terms of publicity, records, answers and repairs (R6, R8, R9, R12)."""

from collections.abc import Sequence
from datetime import date, timedelta

from models.catalogue import Stage, Tier
from models.deduction import GRAVE_FINDINGS, PUBLICITY_MONTHS, RED_PUBLICITY_MONTHS, FindingKind
from models.listing import ListingGrade
from models.policy_profile import LEAST_MONTHS, MOST_MONTHS, PolicyProfile, ProfileStart, grade_item
from models.repair import MINIMUM_MONTHS
from models.sanction import CONVICTED, CONVICTED_IN_ENFORCEMENT, RED_TYPES, SanctionKind
from models.terms import add_months

UNRECORDED = frozenset({"Y03", "Y18"})
"""Code types that no deduction makes: a suspicion, and a listing, which has its own entry."""


def compute_publicity_end(tier: Tier, finding: FindingKind, determined_on: date) -> date:
    """Return the last day of publicity of an item determined on a day (R6)."""
    red = tier is Tier.T3 and finding in GRAVE_FINDINGS
    return add_months(determined_on, RED_PUBLICITY_MONTHS if red else PUBLICITY_MONTHS[tier])


def bound_end(starts: Sequence[ProfileStart], grade: ListingGrade, since: date, end: date | None) -> date | None:
    """Return the last day of publicity within what the profiles of the court allow: the one in force on the day that
    publicity is counted from, and each later one from its beginning. A profile only shortens.

    starts: of the court, by day. end: without them; None for an end that is open.
    """
    in_force = [start for start in starts if start.begins_on <= since][-1:]
    for start in (*in_force, *(start for start in starts if start.begins_on > since)):
        end = shorten(start, grade, since, end) or end
    return end


def shorten(start: ProfileStart, grade: ListingGrade, since: date, end: date | None) -> date | None:
    """Return the new last day of an item, at the earliest the day before the profile; None if it stays."""
    months = MOST_MONTHS[start.profile].get(grade)
    if months is None or (end is not None and end < start.begins_on):
        return None
    new_end = max(add_months(since, months), start.begins_on - timedelta(1))
    return new_end if end is None or new_end < end else None


def compute_first_repair(
    profile: PolicyProfile, tier: Tier | None, points: int | None, since: date, grade: ListingGrade | None = None
) -> date:
    """Return the first day on which an item or record may be repaired, by the profile of the court (R9).

    tier: None for records without a behaviour. points: of a deduction. grade: of the list entry of a record.
    """
    grade = grade or (grade_item(tier, points) if tier else ListingGrade.ORDINARY)
    months = LEAST_MONTHS[profile].get(grade)
    return compute_first_repair_day(tier, since) if months is None else add_months(since, months)


def find_recorded_type(finding: FindingKind, code_type: str | None) -> str | None:
    """Return the code type of a published item's record; None if a sanction or listing makes it (R12)."""
    return None if finding in GRAVE_FINDINGS or code_type in UNRECORDED else code_type


def compute_record_end(term_months: int | None, determined_on: date, expires_on: date) -> date:
    """Return the last day of a published item's record: its type's term, within the item's publicity."""
    return min(add_months(determined_on, term_months), expires_on) if term_months else expires_on


def find_red_type(kind: SanctionKind, stage: Stage) -> str | None:
    """Return the red code type of a sanction in a case of that stage, or None (R12)."""
    if kind is SanctionKind.CONVICTION:
        return CONVICTED_IN_ENFORCEMENT if stage is Stage.ENFORCEMENT else CONVICTED
    return RED_TYPES.get(kind)


def compute_answer_due(filed_on: date) -> date:
    """Return the day on which the answer to an objection is due (R8)."""
    return add_months(filed_on, 1)


def compute_first_repair_day(tier: Tier | None, determined_on: date) -> date:
    """Return the first day on which a repair may be granted, by tier (R9).

    tier: None for records without a behaviour, such as listings; they have the period of T1, since no statute sets one.
    """
    return add_months(determined_on, MINIMUM_MONTHS[tier or Tier.T1])
