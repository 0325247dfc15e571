"""Visibility of items about a party: deductions, listings, certificates, sanctions, colours, measures."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

import models
from auth.audiences import Audience
from auth.scopes import Scope
from engine.declare.relations import Frame
from engine.declare.sql import SQL, Operand
from models.catalogue import Colour
from models.court_case import LABOUR_WORDS
from models.listing import ListingKind
from models.measure import MeasureStatus
from models.party_card import COURT_OF_CASE
from resolvers.joins import exists
from resolvers.view import NOW, PURPOSE, TODAY
from resolvers.visibility.audiences import EVERYBODY, NOBODY, OUTSIDE, PARTNERS
from resolvers.visibility.publicity import UNKNOWN, is_public, may_leave, record_may_leave
from resolvers.visibility.reach import is_in_jurisdiction, is_organization, is_self, reached


def _own_court(case_id: Operand) -> SQL:
    case = sa.orm.aliased(models.CourtCase)
    return exists(case, case.id == case_id, is_in_jurisdiction(case.court_code))


def _is_of_own_court(row: Frame, otherwise: Callable[[], SQL]) -> SQL:
    """Return whether the case of a deduction is in the caller's jurisdiction, by the row's own column if it has one."""
    court = row.find(COURT_OF_CASE)
    return otherwise() if court is None else is_in_jurisdiction(court)


def is_published(row: Frame) -> SQL:
    """Return whether a deduction is published now."""
    return sa.and_(is_public(row), row.published_at <= NOW)


def may_see_deduction(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        return sa.or_(_is_of_own_court(row, lambda: _own_court(row.case_id)), is_published(row))
    if audience is Audience.LITIGANT_PORTAL:
        return sa.and_(is_self(row.party_id), row.notified_at <= NOW)
    if audience is Audience.EMPLOYER:
        return sa.and_(is_organization(row.party_id), is_published(row))
    if audience in PARTNERS | {Audience.PUBLIC_PORTAL}:
        return sa.and_(reached(row, row.party_id, audience, Scope.PERSON_CREDIT), is_published(row))
    return NOBODY


def _with_deduction(row: Frame, audience: Audience) -> SQL:
    """Return whether the row's deduction may be seen."""
    parent = sa.orm.aliased(models.Deduction)
    return exists(parent, parent.id == row.deduction_id, may_see_deduction(Frame(parent), audience))


def may_see_procedure(row: Frame, audience: Audience) -> SQL:
    """The court of the case, even of a published deduction (DOMAIN 3), and the litigant about itself."""
    if audience is Audience.COURT:
        return is_own_deduction(row.deduction_id)
    return _with_deduction(row, audience) if audience is Audience.LITIGANT_PORTAL else NOBODY


def may_see_objection(row: Frame, audience: Audience) -> SQL:
    """The court of the item, and the litigant to whom it belongs."""
    records = ((models.Listing, row.listing_id), (models.Sanction, row.sanction_id))
    of_record = [
        _of_contested(model, key, audience) for model, key in (*records, (models.CodeRecord, row.code_record_id))
    ]
    return sa.or_(may_see_procedure(row, audience), *of_record)


def _of_contested(model: Any, key: SQL, audience: Audience) -> SQL:
    """Return whether a contested record is of the caller's court, or the caller's own."""
    record = sa.orm.aliased(model)
    if audience is Audience.COURT:
        return exists(record, record.id == key, is_in_jurisdiction(record.court_code))
    return (
        exists(record, record.id == key, is_self(record.party_id)) if audience is Audience.LITIGANT_PORTAL else NOBODY
    )


def may_see_reexamination(row: Frame, audience: Audience) -> SQL:
    """The court of the item; opinions before the panel are internal."""
    objection = sa.orm.aliased(models.Objection)
    if audience is not Audience.COURT:
        return NOBODY
    return exists(objection, objection.id == row.objection_id, may_see_objection(Frame(objection), audience))


def may_see_vote(row: Frame, audience: Audience) -> SQL:
    """The court of the case; the vote of a member is not told to its subject."""
    return is_own_deduction(row.deduction_id) if audience is Audience.COURT else NOBODY


def is_own_deduction(deduction_id: SQL) -> SQL:
    """Return whether a deduction is of a case in the caller's jurisdiction."""
    deduction = sa.orm.aliased(models.Deduction)
    return exists(deduction, deduction.id == deduction_id, _own_court(deduction.case_id))


def may_see_repair(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        record = sa.orm.aliased(models.CodeRecord)
        own = exists(record, record.id == row.code_record_id, is_in_jurisdiction(record.court_code))
        return sa.or_(own, _is_of_own_court(row, lambda: is_own_deduction(row.deduction_id)))
    return is_self(row.party_id) if audience is Audience.LITIGANT_PORTAL else NOBODY


def may_see_performance(row: Frame, audience: Audience) -> SQL:
    """The court, and the party that performed."""
    if audience is Audience.COURT:
        return is_in_jurisdiction(row.court_code)
    return is_self(row.party_id) if audience is Audience.LITIGANT_PORTAL else NOBODY


def may_see_claim(row: Frame, audience: Audience) -> SQL:
    """The court of the case, and the subject."""
    return may_see_performance(row, audience)


def may_see_own_court(row: Frame, audience: Audience) -> SQL:
    """A court sees the rows of its jurisdiction."""
    return is_in_jurisdiction(row.court_code) if audience is Audience.COURT else NOBODY


def may_see_batch(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        return sa.or_(is_in_jurisdiction(row.court_code), row.published_at <= NOW)
    return sa.cast(row.published_at <= NOW, sa.Boolean) if audience is Audience.LITIGANT_PORTAL else NOBODY


def _of_labour_case(row: Frame) -> SQL:
    case = sa.orm.aliased(models.CourtCase)
    return exists(case, case.id == row.case_id, case.cause.regexp_match("|".join(LABOUR_WORDS)))


@dataclass(frozen=True)
class Item:
    """The conditions of an item beside its subject and its publicity.

    scope: required of consent and token. own: of the caller's court. open_to_all: of another court, if it may be
    disclosed. candidate: visible to an employer about a person (DOMAIN 3). others: audiences beside the partners.
    """

    scope: Scope
    own: SQL
    open_to_all: SQL
    candidate: SQL
    others: Collection[Audience] = ()

    def seen(self, row: Frame, audience: Audience) -> SQL:
        """Return whether an audience sees the item: its court always, a litigant its own, others while it is public."""
        if audience is Audience.COURT:
            return sa.or_(self.own, self.open_to_all)
        if audience is Audience.LITIGANT_PORTAL:
            return is_self(row.party_id)
        known = sa.and_(is_public(row), reached(row, row.party_id, audience, self.scope))
        if audience is Audience.EMPLOYER:
            narrow = sa.and_(self.candidate, ~_of_labour_case(row))
            return sa.and_(known, sa.or_(is_organization(row.party_id), narrow))
        return known if audience in {*PARTNERS, *self.others} else NOBODY


def may_see_listing(row: Frame, audience: Audience) -> SQL:
    senior = sa.and_(PURPOSE == "SENIOR_POST_QUALIFICATION", row.kind == ListingKind.DISHONEST_DEBTOR)
    own = is_in_jurisdiction(row.court_code)
    leaves = sa.and_(may_leave(row, UNKNOWN, row.listed_on), row.published_on <= TODAY)
    return Item(Scope.PERSON_INTEGRITY, own, leaves, senior, {Audience.PUBLIC_PORTAL}).seen(row, audience)


def may_see_certificate(row: Frame, audience: Audience) -> SQL:
    """An employer sees a candidate's certificate only if its case is known and no labour dispute."""
    own, tied = _own_court(row.case_id), row.case_id.is_not(None)
    leaves = may_leave(row, row.performed_on, UNKNOWN)
    return Item(Scope.PERSON_INTEGRITY, own, leaves, tied).seen(row, audience)


def may_see_sanction(row: Frame, audience: Audience) -> SQL:
    own, leaves = is_in_jurisdiction(row.court_code), may_leave(row, row.conduct_on, row.decided_on)
    return Item(Scope.PERSON_CREDIT, own, leaves, NOBODY).seen(row, audience)


def may_see_code_record(row: Frame, audience: Audience) -> SQL:
    """Suspicions are for the court only, not for their subject (R13). Without the credit scope only red is seen; the
    public sees red only."""
    own, leaves, red = is_in_jurisdiction(row.court_code), record_may_leave(row), row.colour == Colour.RED
    by_credit = Item(Scope.PERSON_CREDIT, own, leaves, NOBODY, {Audience.CREDIT_PLATFORM}).seen(row, audience)
    by_integrity = sa.and_(
        red, Item(Scope.PERSON_INTEGRITY, own, leaves, red, {Audience.PUBLIC_PORTAL}).seen(row, audience)
    )
    if audience is Audience.LITIGANT_PORTAL:
        return sa.and_(by_credit, ~_suspicion(row))
    if audience is Audience.CREDIT_PLATFORM:
        return sa.and_(by_credit, _given(row.id))
    return sa.or_(by_credit, by_integrity) if audience in OUTSIDE else by_credit


def _suspicion(row: Frame) -> SQL:
    kind = sa.orm.aliased(models.CodeType)
    return exists(kind, kind.id == row.code_type_id, ~kind.partner_visible)


def _given(record_id: SQL) -> SQL:
    """Return whether a record was given to the credit platform as a measure, and not withdrawn."""
    measure = sa.orm.aliased(models.Measure)
    return exists(measure, measure.code_record_id == record_id, measure.status != MeasureStatus.WITHDRAWN)


def may_see_code_period(row: Frame, audience: Audience) -> SQL:
    """The court sees all days, a litigant its own; others today's colour (R10, R14)."""
    if audience is Audience.COURT:
        return EVERYBODY
    if audience is Audience.LITIGANT_PORTAL:
        return is_self(row.party_id)
    current = sa.func.range_contains_elem(row.during, TODAY, type_=sa.Boolean)
    if audience is Audience.EMPLOYER:
        return sa.and_(current, is_organization(row.party_id))
    return (
        sa.and_(current, reached(row, row.party_id, audience, Scope.PERSON_CREDIT)) if audience in PARTNERS else NOBODY
    )


def may_see_measure(row: Frame, audience: Audience) -> SQL:
    """The platform: published measures; of a withdrawn one only the withdrawal (R10)."""
    record = sa.orm.aliased(models.CodeRecord)
    seen = may_see_code_record(Frame(record), Audience.CREDIT_PLATFORM)
    running = exists(record, record.id == row.code_record_id, seen)
    told = sa.or_(row.status == MeasureStatus.WITHDRAWN, running)
    return told if audience is Audience.CREDIT_PLATFORM else NOBODY
