"""Reading of cards (models/party_card.py): plans read them where a party has a valid one, and the tables elsewhere.

The rows and their columns are the same, so that the predicates are those of the tables.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from models.party_card import CASE_COLUMNS, COURT_OF_CASE, OF_CASE, PARTY_COLUMNS

COLOUR, DURING = "outside_colour", "outside_during"
"""The columns of a party that was found by `read_party`: the colour outside the courts, and its days."""


def find_card(party: Frame) -> sa.Select[Any]:
    """Select the card of a party, unless it is withdrawn."""
    card = aliased(models.PartyCard)
    return sa.select(card).where(card.party_id == party.id, ~_is_withdrawn(card))


def _is_withdrawn(card: Any) -> SQL:
    withdrawal = aliased(models.CardWithdrawal)
    return sa.select(withdrawal.id).where(withdrawal.party_id == card.party_id).exists()


def _join_card(party: Frame, audience: Audience) -> Frame | None:
    """Return the card beside a party, for courts. None in a statement that does not join cards, and for others: what
    they see does not depend on the case, so that the tables are as fast. They read `read_party`.
    """
    return party.join(find_card) if audience is Audience.COURT else None


def read_party(index: SQL, kind: SQL) -> tuple[Frame, Callable[[Any], Any]]:
    """Find the disclosed party of a number, by its keyed hash, and of the kind that the number is of.

    Returns the columns of the party, with COLOUR, DURING and `indexes` of its card (NULL without one), and a function
    that joins it to a FROM clause. Where there is no valid card, the tables are read.
    """
    card: Any = aliased(models.CardedIdentity)
    identity, party = aliased(models.Identity), aliased(models.Party)
    valid = sa.and_(card.index == index, card.disclosed, card.kind == kind, ~_is_withdrawn(card))
    found = {name: sa.func.coalesce(getattr(card, name), getattr(party, name)) for name in PARTY_COLUMNS}
    found |= {"id": sa.func.coalesce(card.party_id, party.id), COLOUR: card.colour, DURING: card.during}

    def join(source: Any) -> Any:
        without = identity.index == sa.case((card.index.is_(None), index))
        same = sa.and_(party.id == identity.party_id, party.disclosed, party.kind == kind)
        return source.outerjoin(card, valid).outerjoin(identity, without).outerjoin(party, same)

    return Frame(card, found), join


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
    colour, during = (card.colour, card.during) if card else (party.find(COLOUR), party.find(DURING))
    if colour is None or during is None:
        return None
    holds = sa.and_(by_today, sa.func.range_contains_elem(during, day, type_=sa.Boolean))
    return sa.func.coalesce(holds, sa.false()), colour, during
