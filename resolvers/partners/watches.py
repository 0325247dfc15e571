"""Watches, and the lines of watch orders."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from auth.consent import is_live_watch
from engine.declare.relations import About, Frame, Order, Relation, Root
from engine.declare.sql import SQL
from models.access_record import AccessResult
from models.party_name import is_known_as
from models.watch import WatchOutcome
from resolvers.view import NOW
from resolvers.visibility.about import party_of

RESULTS = {
    WatchOutcome.CONSENT_REQUIRED: AccessResult.CONSENT_REQUIRED,
    WatchOutcome.NAME_MISMATCH: AccessResult.NAME_MISMATCH,
    WatchOutcome.INVALID_NUMBER: AccessResult.INVALID_NUMBER,
}
"""The results in the access log by outcome; GIVEN for other outcomes, if the name is not a wrong one."""


def is_live(row: Frame, audience: Audience) -> SQL:
    """Return whether notifications are sent: the watch has not ended, and a person's consent is live."""
    watch = aliased(models.Watch)
    return sa.select(watch.id).where(watch.id == row.id, is_live_watch(watch, NOW)).exists()


def _party_of_line(line: Frame) -> SQL:
    """Return the party; null for a refused line, so that the log does not reveal whether somebody is known (R20)."""
    given = sa.and_(line.outcome.not_in(list(RESULTS)), ~_is_misnamed(line))
    return sa.case((given, party_of(line)))


def _is_misnamed(line: Frame) -> SQL:
    """Return whether the courts know the subject of a new watch by other names only."""
    watch, identity, party = aliased(models.Watch), aliased(models.Identity), aliased(models.Party)
    named = sa.select(watch.id).join(identity, identity.index == watch.subject_index)
    others = named.join(party, party.id == identity.party_id).where(watch.id == line.watch_id)
    return others.where(~is_known_as(party, watch.folded)).exists()


def _result(line: Frame) -> SQL:
    known = [(line.outcome == outcome, result.value) for outcome, result in RESULTS.items()]
    return sa.case(*known, (_is_misnamed(line), AccessResult.NAME_MISMATCH.value), else_=AccessResult.GIVEN.value)


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
