"""Watches, and the lines of watch orders."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from auth.consent import is_live_watch
from engine.declare.relations import About, Frame, Order, Relation, Root
from engine.declare.sql import SQL
from models.access_record import AccessResult
from models.watch import WatchOutcome
from resolvers.view import NOW
from resolvers.visibility.about import party_of

RESULTS = {
    WatchOutcome.CONSENT_REQUIRED: AccessResult.CONSENT_REQUIRED,
    WatchOutcome.NAME_MISMATCH: AccessResult.NAME_MISMATCH,
    WatchOutcome.INVALID_NUMBER: AccessResult.INVALID_NUMBER,
}
"""The results in the access log by outcome; GIVEN for other outcomes."""


def is_live(row: Frame, audience: Audience) -> SQL:
    """Return whether notifications are sent: the watch has not ended, and a person's consent is live."""
    watch = aliased(models.Watch)
    return sa.select(watch.id).where(watch.id == row.id, is_live_watch(watch, NOW)).exists()


def _party_of_line(line: Frame) -> SQL:
    """Return the party; null for a refused line, so that the log does not reveal whether somebody is known (R20)."""
    given = line.outcome.not_in(list(RESULTS))
    return sa.case((given, party_of(line)))


def _result(line: Frame) -> SQL:
    known = [(line.outcome == outcome, result.value) for outcome, result in RESULTS.items()]
    return sa.case(*known, else_=AccessResult.GIVEN.value)


LINES = Root(
    Relation(
        target=models.WatchLine,
        on=lambda arguments, line: line.order_id == sa.any_(arguments.keys),
        keys={"keys": sa.ARRAY(sa.BigInteger())},
        many=True,
        orders={"ASKED": Order(("ordinal",))},
    ),
    About(
        _party_of_line,
        details={
            "index": lambda line: line.subject_index,
            "result": _result,
            "reference": lambda line: line.reference,
        },
    ),
)
