"""Reading of cards (models/party_card.py): plans read them where a party has a valid one, and the tables elsewhere.

The rows and their columns are the same, so that the predicates are those of the tables.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from models.party_card import CASE_COLUMNS, COURT_OF_CASE, OF_CASE


def find_card(party: Frame) -> sa.Select[Any]:
    """Select the card of a party, unless it is withdrawn."""
    card, withdrawal = aliased(models.PartyCard), aliased(models.CardWithdrawal)
    withdrawn = sa.select(withdrawal.id).where(withdrawal.party_id == card.party_id).exists()
    return sa.select(card).where(card.party_id == party.id, ~withdrawn)


def _join_card(party: Frame, audience: Audience) -> Frame | None:
    """Return the card beside a party, for courts. None in a statement that does not join cards, and for others: what
    they see does not depend on the case, so that the tables are as fast.
    """
    return party.join(find_card) if audience is Audience.COURT else None


def read_deductions(party: Frame, audience: Audience) -> sa.Select[Any] | None:
    """Select the deductions of a party with the facts of their cases; None without a card."""
    card = _join_card(party, audience)
    if card is None:
        return None
    copies, facts = models.CardedDeduction.__table__.alias("copies"), models.DeductionFacts.__table__.alias("facts")
    both = sa.union_all(sa.select(copies, sa.true().label("carded")), sa.select(facts, sa.false().label("carded")))
    found = both.subquery("found")  # PostgreSQL reads both like one table only if their selects have no conditions
    return sa.select(found).where(found.c.party_id == party.id, found.c.carded == card.copied.is_(sa.true()))


def read_repairs(deduction: Frame, audience: Audience) -> sa.Select[Any] | None:
    """Select the applications for repair of a deduction, with the court of its case; None if it has not the columns of
    `read_deductions`."""
    court = deduction.find(COURT_OF_CASE)
    if court is None:
        return None
    found: Any = sa.select(aliased(models.Repair), court.label(COURT_OF_CASE)).where(deduction.has_repairs)
    return found  # type: ignore[no-any-return]  # a select


def read_case(deduction: Frame, audience: Audience) -> sa.Select[Any] | None:
    """Select the case of a deduction from its own columns; None if it has not those of `read_deductions`."""
    if deduction.find(COURT_OF_CASE) is None:
        return None
    facts = (getattr(deduction, OF_CASE + name).label(name) for name in CASE_COLUMNS)
    return sa.select(deduction.case_id.label("id"), *facts)


def find_colour(party: Frame, audience: Audience, day: SQL, by_today: SQL) -> tuple[SQL, SQL, SQL] | None:
    """Return whether the card has the colour of a day by today's knowledge, the colour, and its days.

    by_today: whether today's knowledge is asked for. None without a card.
    """
    card = _join_card(party, audience)
    if card is None:
        return None
    holds = sa.and_(by_today, sa.func.range_contains_elem(card.during, day, type_=sa.Boolean))
    return sa.func.coalesce(holds, sa.false()), card.colour, card.during
