"""Which items about a party an audience may see: deductions, lists, certificates, sanctions, colours, measures."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

import models
from auth.audiences import Audience
from auth.scopes import Scope
from models.catalogue import Colour
from models.code_record import VANISHING
from models.court_case import LABOUR_WORDS, NEVER_DISCLOSED
from models.deduction import DeductionStatus
from models.listing import ListingKind
from models.measure import MeasureStatus
from resolvers.declarations import Frame
from resolvers.reach import about_self, jurisdiction, organization, reached
from resolvers.sql import ROW_BY_ROW, SQL, Operand
from resolvers.view import NOW, PURPOSE, TODAY
from resolvers.visibility import EVERYBODY, NOBODY, PARTNERS, sees


def disclosed_case(row: Frame, number: str | None = None) -> SQL:
    """Not of a case of which nothing leaves the court (R16); `number`: the column that names it if it is not tied."""
    case = sa.orm.aliased(models.CourtCase)
    never = sa.select(case.id).where(case.confidentiality.in_(NEVER_DISCLOSED))
    named = [never.where(case.number == getattr(row, number)).offset(ROW_BY_ROW).exists()] if number else []
    return ~sa.or_(never.where(case.id == row.case_id).offset(ROW_BY_ROW).exists(), *named)


def _vanished(row: Frame, source: InstrumentedAttribute[int | None]) -> SQL:
    """Whether the code record that rests on this item has vanished: then so has the item (R10)."""
    record = sa.orm.aliased(models.CodeRecord)
    column = getattr(record, source.key)
    return sa.select(record.id).where(column == row.id, record.close_reason.in_(VANISHING)).offset(ROW_BY_ROW).exists()


def _own_court(case_id: Operand) -> SQL:
    case = sa.orm.aliased(models.CourtCase)
    return sa.select(case.id).where(case.id == case_id, jurisdiction(case.court_code)).offset(ROW_BY_ROW).exists()


def published(row: Frame) -> SQL:
    """In publication today: neither ended nor expired, nobody's minority, no closed matter (R6, R10, R16)."""
    return sa.and_(
        row.status == DeductionStatus.PUBLISHED,
        row.published_at <= NOW,
        row.expires_on > TODAY,
        ~row.protected,
        disclosed_case(row),
        ~_vanished(row, models.CodeRecord.deduction_id),
    )


@sees(models.Deduction)
def _deduction(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        return sa.or_(_own_court(row.case_id), published(row))
    if audience is Audience.LITIGANT_PORTAL:
        return sa.and_(about_self(row.party_id), row.notified_at <= NOW)
    if audience is Audience.EMPLOYER:
        return sa.and_(organization(row.party_id), published(row))
    if audience in PARTNERS | {Audience.PUBLIC_PORTAL}:
        return sa.and_(reached(row, row.party_id, audience, Scope.PERSON_CREDIT), published(row))
    return NOBODY


def _with_deduction(row: Frame, audience: Audience) -> SQL:
    """As visible as the deduction it belongs to."""
    parent = sa.orm.aliased(models.Deduction)
    return (
        sa.select(parent.id)
        .where(parent.id == row.deduction_id, _deduction(Frame(parent), audience))
        .offset(ROW_BY_ROW)
        .exists()
    )


@sees(models.DeductionStep, models.DeductionVersion, models.Objection)
def _procedure(row: Frame, audience: Audience) -> SQL:
    """The procedure of a deduction is its own court's, also where the deduction is published to all (DOMAIN 3)."""
    if audience is Audience.COURT:
        return _own_deduction(row.deduction_id)
    return _with_deduction(row, audience) if audience is Audience.LITIGANT_PORTAL else NOBODY


def _own_deduction(deduction_id: SQL) -> SQL:
    deduction = sa.orm.aliased(models.Deduction)
    own = _own_court(deduction.case_id)
    return sa.select(deduction.id).where(deduction.id == deduction_id, own).offset(ROW_BY_ROW).exists()


@sees(models.Repair)
def _repair(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        record = sa.orm.aliased(models.CodeRecord)
        own = sa.select(record.id).where(record.id == row.code_record_id, jurisdiction(record.court_code))
        return sa.or_(own.offset(ROW_BY_ROW).exists(), _own_deduction(row.deduction_id))
    return about_self(row.party_id) if audience is Audience.LITIGANT_PORTAL else NOBODY


@sees(models.ConsequenceNotice)
def _consequence_notice(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        return jurisdiction(row.court_code)
    return about_self(row.party_id) if audience is Audience.LITIGANT_PORTAL else NOBODY


@sees(models.Reminder, models.RecordStep)
def _reminder(row: Frame, audience: Audience) -> SQL:
    return jurisdiction(row.court_code) if audience is Audience.COURT else NOBODY


@sees(models.Staff)
def _staff(row: Frame, audience: Audience) -> SQL:
    return jurisdiction(row.court_code) if audience is Audience.COURT else NOBODY


@sees(models.Batch)
def _batch(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        return sa.or_(jurisdiction(row.court_code), row.published_at <= NOW)
    return sa.cast(row.published_at <= NOW, sa.Boolean) if audience is Audience.LITIGANT_PORTAL else NOBODY


def _running(row: Frame, start: str, *ends: str) -> SQL:
    """Begun by today, and past none of its ends."""
    over = (sa.or_(getattr(row, end).is_(None), getattr(row, end) > TODAY) for end in ends)
    return sa.and_(getattr(row, start) <= TODAY, *over)


def _of_labour_case(row: Frame) -> SQL:
    case = sa.orm.aliased(models.CourtCase)
    return (
        sa.select(case.id)
        .where(case.id == row.case_id, case.cause.regexp_match("|".join(LABOUR_WORDS)))
        .offset(ROW_BY_ROW)
        .exists()
    )


@dataclass(frozen=True)
class Item:
    """What an item about a party is narrowed by, beside its subject and its case.

    scope: what consent and token must hold. running: begun and not over. own: of the caller's court. candidate: what
    an employer sees of a person (DOMAIN 3). others: audiences that see it beside the partners. number: the column that
    names a case to which the item may not be tied yet.
    """

    scope: Scope
    running: SQL
    own: SQL
    candidate: SQL
    others: Collection[Audience] = ()
    number: str | None = None

    def seen(self, row: Frame, audience: Audience) -> SQL:
        """The court's own always, a litigant's own, and others' while it runs and may be known."""
        open_to_all = sa.and_(~row.protected, disclosed_case(row, self.number))
        if audience is Audience.COURT:
            return sa.or_(self.own, open_to_all)
        if audience is Audience.LITIGANT_PORTAL:
            return about_self(row.party_id)
        known = sa.and_(self.running, open_to_all, reached(row, row.party_id, audience, self.scope))
        if audience is Audience.EMPLOYER:
            narrow = sa.and_(self.candidate, ~_of_labour_case(row))
            return sa.and_(known, sa.or_(organization(row.party_id), narrow))
        return known if audience in {*PARTNERS, *self.others} else NOBODY


@sees(models.Listing)
def _listing(row: Frame, audience: Audience) -> SQL:
    senior = sa.and_(PURPOSE == "SENIOR_POST_QUALIFICATION", row.kind == ListingKind.DISHONEST_DEBTOR)
    running = _running(row, "published_on", "ends_on", "removed_on")
    running = sa.and_(running, ~_vanished(row, models.CodeRecord.listing_id))
    own, portal = jurisdiction(row.court_code), {Audience.PUBLIC_PORTAL}
    return Item(Scope.PERSON_INTEGRITY, running, own, senior, portal, "case_number").seen(row, audience)


@sees(models.Certificate)
def _certificate(row: Frame, audience: Audience) -> SQL:
    """Of a candidate's certificates an employer sees those whose case is known not to be a labour dispute."""
    running = _running(row, "issued_on", "revoked_on")
    running = sa.and_(running, ~_vanished(row, models.CodeRecord.certificate_id))
    own, tied = _own_court(row.case_id), row.case_id.is_not(None)
    return Item(Scope.PERSON_INTEGRITY, running, own, tied, (), "case_number").seen(row, audience)


@sees(models.Sanction)
def _sanction(row: Frame, audience: Audience) -> SQL:
    recent = row.effective_on > TODAY - sa.text("interval '5 years'")
    running = sa.and_(_running(row, "effective_on", "revoked_on"), recent)
    running = sa.and_(running, ~_vanished(row, models.CodeRecord.sanction_id))
    own = jurisdiction(row.court_code)
    return Item(Scope.PERSON_CREDIT, running, own, NOBODY, (), "related_number").seen(row, audience)


@sees(models.CodeRecord)
def _code_record(row: Frame, audience: Audience) -> SQL:
    """Suspicions stay with the court, also before whom they concern (R13). Without credit scope only red is seen."""
    kind = sa.orm.aliased(models.CodeType)
    suspicion = sa.select(kind.id).where(kind.id == row.code_type_id, ~kind.partner_visible).offset(ROW_BY_ROW).exists()
    running = sa.and_(_active(row), _repairs_a_running_one(row), ~_of_ended_deduction(row))
    if audience is Audience.CREDIT_PLATFORM:
        running = sa.and_(running, _given(row.id))
    own, red = jurisdiction(row.court_code), row.colour == Colour.RED
    by_credit = Item(Scope.PERSON_CREDIT, running, own, NOBODY, {Audience.CREDIT_PLATFORM}).seen(row, audience)
    by_integrity = Item(Scope.PERSON_INTEGRITY, sa.and_(running, red), own, red).seen(row, audience)
    item = sa.or_(by_credit, by_integrity) if audience in PARTNERS else by_credit
    return item if audience is Audience.COURT else sa.and_(item, ~suspicion)


def _active(record: Frame) -> SQL:
    vanished = sa.func.coalesce(record.close_reason.in_(VANISHING), sa.false())
    return sa.and_(_running(record, "effective_on", "ends_on", "closed_on"), ~vanished)


def _repairs_a_running_one(row: Frame) -> SQL:
    """A blue record tells of the yellow one that it repairs, and goes with it (R10)."""
    repaired = sa.orm.aliased(models.CodeRecord)
    running = sa.select(repaired.id).where(
        repaired.id == row.repaired_id, _active(Frame(repaired)), ~repaired.protected
    )
    return sa.or_(row.repaired_id.is_(None), running.offset(ROW_BY_ROW).exists())


def _of_ended_deduction(row: Frame) -> SQL:
    deduction = sa.orm.aliased(models.Deduction)
    ended = deduction.status.in_((DeductionStatus.WITHDRAWN, DeductionStatus.SHIELDED))
    return sa.select(deduction.id).where(deduction.id == row.deduction_id, ended).offset(ROW_BY_ROW).exists()


def _given(record_id: SQL) -> SQL:
    """Given to the credit platform as a measure, and not taken back."""
    measure = sa.orm.aliased(models.Measure)
    return (
        sa.select(measure.id)
        .where(measure.code_record_id == record_id, measure.status != MeasureStatus.WITHDRAWN)
        .offset(ROW_BY_ROW)
        .exists()
    )


@sees(models.CodePeriod)
def _code_period(row: Frame, audience: Audience) -> SQL:
    """The court sees colours of any date, a litigant its own; everyone else today's (R10, R14)."""
    if audience is Audience.COURT:
        return EVERYBODY
    if audience is Audience.LITIGANT_PORTAL:
        return about_self(row.party_id)
    current = sa.func.range_contains_elem(row.during, TODAY, type_=sa.Boolean)
    if audience is Audience.EMPLOYER:
        return sa.and_(current, organization(row.party_id))
    return (
        sa.and_(current, reached(row, row.party_id, audience, Scope.PERSON_CREDIT)) if audience in PARTNERS else NOBODY
    )


@sees(models.Measure)
def _measure(row: Frame, audience: Audience) -> SQL:
    """What was published to the platform; of a withdrawn one only the withdrawal is told (R10)."""
    record = sa.orm.aliased(models.CodeRecord)
    running = sa.select(record.id).where(
        record.id == row.code_record_id, _code_record(Frame(record), Audience.CREDIT_PLATFORM)
    )
    told = sa.or_(row.status == MeasureStatus.WITHDRAWN, running.offset(ROW_BY_ROW).exists())
    return told if audience is Audience.CREDIT_PLATFORM else NOBODY
