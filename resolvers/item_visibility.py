"""Which items about a party an audience may see: deductions, lists, certificates, sanctions, colours, measures."""

from collections.abc import Collection

import sqlalchemy as sa

import models
from auth.audiences import Audience
from auth.scopes import Scope
from models.catalogue import Colour
from models.code_record import VANISHING
from models.court_case import LABOUR_CAUSES, NEVER_DISCLOSED
from models.deduction import DeductionStatus
from models.listing import ListingKind
from models.measure import MeasureStatus
from resolvers.declarations import SQL, Frame, Operand
from resolvers.reach import about_self, jurisdiction, organization, reach
from resolvers.view import NOW, PURPOSE, TODAY
from resolvers.visibility import EVERYBODY, NOBODY, PARTNERS, sees


def _disclosed_case(case_id: SQL) -> SQL:
    """Not a case of which nothing leaves the court; items without a case pass (R16)."""
    case = sa.orm.aliased(models.CourtCase)
    return ~sa.select(case.id).where(case.id == case_id, case.confidentiality.in_(NEVER_DISCLOSED)).exists()


def _own_court(case_id: Operand) -> SQL:
    case = sa.orm.aliased(models.CourtCase)
    return sa.select(case.id).where(case.id == case_id, jurisdiction(case.court_code)).exists()


def _published(row: Frame) -> SQL:
    """In publication today: neither ended nor expired, nobody's minority, no closed matter (R6, R10, R16)."""
    return sa.and_(
        row.status == DeductionStatus.PUBLISHED,
        row.published_at <= NOW,
        row.expires_on > TODAY,
        ~row.protected,
        _disclosed_case(row.case_id),
    )


@sees(models.Deduction)
def _deduction(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        return sa.or_(_own_court(row.case_id), _published(row))
    if audience is Audience.LITIGANT_PORTAL:
        return sa.and_(about_self(row.party_id), row.notified_at <= NOW)
    if audience is Audience.EMPLOYER:
        return sa.and_(organization(row.party_id), _published(row))
    if audience in PARTNERS | {Audience.PUBLIC_PORTAL}:
        return sa.and_(reach(row.party_id, audience, Scope.PERSON_CREDIT), _published(row))
    return NOBODY


def _with_deduction(row: Frame, audience: Audience) -> SQL:
    """As visible as the deduction it belongs to."""
    parent = sa.orm.aliased(models.Deduction)
    return sa.select(parent.id).where(parent.id == row.deduction_id, _deduction(Frame(parent), audience)).exists()


@sees(models.DeductionStep, models.DeductionVersion, models.Objection)
def _procedure(row: Frame, audience: Audience) -> SQL:
    """The procedure of a deduction is its own court's, also where the deduction is published to all (DOMAIN 3)."""
    if audience is Audience.COURT:
        return _own_deduction(row.deduction_id)
    return _with_deduction(row, audience) if audience is Audience.LITIGANT_PORTAL else NOBODY


def _own_deduction(deduction_id: SQL) -> SQL:
    deduction = sa.orm.aliased(models.Deduction)
    own = _own_court(deduction.case_id)
    return sa.select(deduction.id).where(deduction.id == deduction_id, own).exists()


@sees(models.Repair)
def _repair(row: Frame, audience: Audience) -> SQL:
    if audience is Audience.COURT:
        record = sa.orm.aliased(models.CodeRecord)
        own = sa.select(record.id).where(record.id == row.code_record_id, jurisdiction(record.court_code))
        return sa.or_(own.exists(), _own_deduction(row.deduction_id))
    return about_self(row.party_id) if audience is Audience.LITIGANT_PORTAL else NOBODY


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
    return sa.select(case.id).where(case.id == row.case_id, case.cause.in_(LABOUR_CAUSES)).exists()


def _item(
    row: Frame,
    audience: Audience,
    scope: Scope,
    running: SQL,
    candidate: SQL,
    others: Collection[Audience] = (),
) -> SQL:
    """An item of a party: the court's always, a litigant's own, and partners' while it runs and may be known.

    `candidate` narrows what an employer sees of a person (DOMAIN 3); `others` see such items beside the partners.
    """
    if audience is Audience.COURT:
        return EVERYBODY
    if audience is Audience.LITIGANT_PORTAL:
        return about_self(row.party_id)
    known = sa.and_(running, ~row.protected, _disclosed_case(row.case_id))
    if audience is Audience.EMPLOYER:
        narrow = sa.and_(reach(row.party_id, audience, scope), candidate, ~_of_labour_case(row))
        return sa.and_(known, sa.or_(organization(row.party_id), narrow))
    return sa.and_(known, reach(row.party_id, audience, scope)) if audience in {*PARTNERS, *others} else NOBODY


@sees(models.Listing)
def _listing(row: Frame, audience: Audience) -> SQL:
    senior = sa.and_(PURPOSE == "SENIOR_POST_QUALIFICATION", row.kind == ListingKind.DISHONEST_DEBTOR)
    running = _running(row, "published_on", "ends_on", "removed_on")
    return _item(row, audience, Scope.PERSON_INTEGRITY, running, senior, {Audience.PUBLIC_PORTAL})


@sees(models.Certificate)
def _certificate(row: Frame, audience: Audience) -> SQL:
    return _item(row, audience, Scope.PERSON_INTEGRITY, _running(row, "issued_on", "revoked_on"), EVERYBODY)


@sees(models.Sanction)
def _sanction(row: Frame, audience: Audience) -> SQL:
    recent = row.effective_on > TODAY - sa.text("interval '5 years'")
    return _item(
        row, audience, Scope.PERSON_CREDIT, sa.and_(_running(row, "effective_on", "revoked_on"), recent), NOBODY
    )


@sees(models.CodeRecord)
def _code_record(row: Frame, audience: Audience) -> SQL:
    """Suspicions stay with the court, also before whom they concern (R13). Of a candidate an employer sees red."""
    kind = sa.orm.aliased(models.CodeType)
    suspicion = sa.select(kind.id).where(kind.id == row.code_type_id, ~kind.partner_visible).exists()
    vanished = sa.func.coalesce(row.close_reason.in_(VANISHING), sa.false())
    running = sa.and_(_running(row, "effective_on", "ends_on", "closed_on"), ~vanished)
    scope = Scope.PERSON_INTEGRITY if audience is Audience.EMPLOYER else Scope.PERSON_CREDIT
    if audience is Audience.CREDIT_PLATFORM:
        running = sa.and_(running, _given(row.id))
    item = _item(row, audience, scope, running, row.colour == Colour.RED, {Audience.CREDIT_PLATFORM})
    return item if audience is Audience.COURT else sa.and_(item, ~suspicion)


def _given(record_id: SQL) -> SQL:
    """Given to the credit platform as a measure, and not taken back."""
    measure = sa.orm.aliased(models.Measure)
    return (
        sa.select(measure.id)
        .where(measure.code_record_id == record_id, measure.status != MeasureStatus.WITHDRAWN)
        .exists()
    )


@sees(models.CodePeriod)
def _code_period(row: Frame, audience: Audience) -> SQL:
    """The court sees colours of any date, a litigant its own; everyone else today's (R10, R14)."""
    if audience is Audience.COURT:
        return EVERYBODY
    if audience is Audience.LITIGANT_PORTAL:
        return about_self(row.party_id)
    current = row.during.op("@>")(TODAY)
    if audience is Audience.EMPLOYER:
        return sa.and_(current, organization(row.party_id))
    return sa.and_(current, reach(row.party_id, audience, Scope.PERSON_CREDIT)) if audience in PARTNERS else NOBODY


@sees(models.Measure)
def _measure(row: Frame, audience: Audience) -> SQL:
    """What was published to the platform; of a withdrawn one only the withdrawal is told (R10)."""
    record = sa.orm.aliased(models.CodeRecord)
    running = sa.select(record.id).where(
        record.id == row.code_record_id, _code_record(Frame(record), Audience.CREDIT_PLATFORM)
    )
    told = sa.or_(row.status == MeasureStatus.WITHDRAWN, running.exists())
    return told if audience is Audience.CREDIT_PLATFORM else NOBODY
