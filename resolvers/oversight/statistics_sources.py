"""Sources of statistics, with common columns. Courts count all rows of their courts; others count rows that are public
today, since no count includes vanished rows (R10)."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from engine.load.statements import ARGUMENT
from models.code_record import CodePeriod
from models.terms import COURT_TIME
from resolvers.credit.credit_codes import is_current
from resolvers.joins import has_not_ended
from resolvers.procedure.deductions import status_today
from resolvers.view import REQUEST, TODAY
from resolvers.visibility.items import is_published
from resolvers.visibility.predicates import may_see_conversion
from resolvers.visibility.publicity import is_of_minor, is_public
from resolvers.visibility.reach import is_in_jurisdiction


class StatisticsSource(StrEnum):
    """What is counted."""

    PARTICIPATIONS = "PARTICIPATIONS"
    DEDUCTIONS = "DEDUCTIONS"
    CODES = "CODES"
    REPAIRS = "REPAIRS"
    CONVERSIONS = "CONVERSIONS"
    LOOK_UPS = "LOOK_UPS"
    LOANS = "LOANS"


KEYS: Mapping[str, TypeEngine[Any]] = {
    "of": sa.Text(),
    "group_by": sa.ARRAY(sa.Text()),
    "first": sa.Integer(),
    "court_code": sa.Text(),
    "from_day": sa.Date(),
    "to_day": sa.Date(),
    "stage": sa.Text(),
    "colour": sa.Text(),
    "outcome": sa.Text(),
    "noise_inner": sa.LargeBinary(),
    "noise_outer": sa.LargeBinary(),
}
ASKED: Mapping[str, SQL] = {name: sa.bindparam(ARGUMENT + name, type_=type_) for name, type_ in KEYS.items()}

COLUMNS: Mapping[str, TypeEngine[Any]] = {
    "court_code": sa.Text(),
    "stage": sa.Text(),
    "behaviour": sa.Text(),
    "colour": sa.Text(),
    "day": sa.Date(),
    "outcome": sa.Text(),
    "subject": sa.Text(),
    "points": sa.BigInteger(),
    "amount": sa.Numeric(18, 2),
}
"""The columns of every source; null where a source has none."""


def select_counted(audience: Audience) -> Iterator[sa.Select[Any]]:
    """Yield a statement for each source; only the requested one returns rows."""
    for source, build in SOURCES.items():
        statement, court = build(audience)
        asked = ASKED["of"] == sa.literal(source.value, sa.Text)
        own = is_in_jurisdiction(court) if audience is Audience.COURT and court is not None else sa.true()
        yield statement.where(asked, own)


def _columns(**given: Any) -> list[SQL]:
    return [sa.cast(given.get(name, sa.null()), type_).label(name) for name, type_ in COLUMNS.items()]


Source = tuple[sa.Select[Any], Any]


def _participations(audience: Audience) -> Source:
    part, case = aliased(models.Participation), aliased(models.CourtCase)
    columns = _columns(
        court_code=case.court_code, stage=case.stage, day=case.filed_on, outcome=part.role, subject=part.party_id
    )
    joined = sa.select(*columns).join_from(part, case, case.id == part.case_id)
    if audience is not Audience.COURT:
        joined = joined.where(case.disclosed, ~is_of_minor(part.party_id, case.filed_on))
    return joined, case.court_code


def _deductions(audience: Audience) -> Source:
    item, case, behaviour = aliased(models.Deduction), aliased(models.CourtCase), aliased(models.Behaviour)
    day = sa.func.coalesce(item.determined_on, _day(item.proposed_at))
    columns = _columns(
        court_code=case.court_code,
        stage=item.stage,
        behaviour=behaviour.code,
        day=day,
        outcome=status_today(Frame(item), audience),
        subject=item.party_id,
        points=item.points,
    )
    joined = sa.select(*columns).join_from(item, case, case.id == item.case_id)
    joined = joined.join(behaviour, behaviour.id == item.behaviour_id)
    return (joined if audience is Audience.COURT else joined.where(is_published(Frame(item)))), case.court_code


def _codes(audience: Audience) -> Source:
    """The records that give subjects their present colour (R11)."""
    record, kind, period = aliased(models.CodeRecord), aliased(models.CodeType), aliased(CodePeriod)
    case = aliased(models.CourtCase)
    today = sa.and_(is_current(period, record.party_id, audience), period.colour == record.colour)
    columns = _columns(
        court_code=record.court_code,
        stage=case.stage,
        colour=record.colour,
        day=record.effective_on,
        outcome=kind.code,
        subject=record.party_id,
    )
    joined = sa.select(*columns).join_from(record, period, today).join(kind, kind.id == record.code_type_id)
    active = joined.outerjoin(case, case.id == record.case_id).where(
        record.effective_on <= TODAY, has_not_ended(record, TODAY)
    )
    if audience is not Audience.COURT:
        active = active.where(is_public(Frame(record)))
    return active, record.court_code


def _repairs(audience: Audience) -> Source:
    repair, item, case = aliased(models.Repair), aliased(models.Deduction), aliased(models.CourtCase)
    record = aliased(models.CodeRecord)
    court = sa.func.coalesce(case.court_code, record.court_code)
    outcome = sa.func.coalesce(sa.cast(repair.outcome, sa.Text), sa.literal("OPEN", sa.Text))
    columns = _columns(
        court_code=court,
        stage=item.stage,
        colour=record.colour,
        day=repair.applied_on,
        outcome=outcome,
        subject=repair.party_id,
        amount=repair.amount_performed,
    )
    joined = sa.select(*columns).select_from(repair).outerjoin(item, item.id == repair.deduction_id)
    joined = joined.outerjoin(case, case.id == item.case_id)
    joined = joined.outerjoin(record, record.id == repair.code_record_id)
    return (joined if audience is Audience.COURT else joined.where(is_published(Frame(item)))), court


def _conversions(audience: Audience) -> Source:
    entry, item, source = aliased(models.PointConversion), aliased(models.MoralBankItem), aliased(models.Deduction)
    case, record = aliased(models.CourtCase), aliased(models.CodeRecord)
    court = sa.func.coalesce(case.court_code, record.court_code)
    columns = _columns(
        court_code=court,
        stage=source.stage,
        behaviour=item.code,
        day=entry.month,
        outcome=entry.status,
        subject=entry.party_id,
        points=entry.points,
    )
    joined = sa.select(*columns).join_from(entry, item, item.id == entry.item_id)
    joined = joined.outerjoin(source, source.id == entry.deduction_id).outerjoin(case, case.id == source.case_id)
    joined = joined.outerjoin(record, record.id == entry.code_record_id)
    if audience is not Audience.COURT:
        joined = joined.where(may_see_conversion(Frame(entry), Audience.MORAL_BANK))
    return joined, court


def _look_ups(audience: Audience) -> Source:
    """The entries of the access log, of no court, without the entry of this request."""
    entry = aliased(models.AccessRecord)
    subject = sa.func.coalesce(sa.cast(entry.party_id, sa.Text), sa.func.encode(entry.subject_index, "hex"))
    columns = _columns(day=_day(entry.at), outcome=entry.result, subject=subject, behaviour=entry.audience)
    begins, ends = _midnight(ASKED["from_day"]), _midnight(ASKED["to_day"] + 1)  # for partition pruning
    asked = (sa.or_(begins.is_(None), entry.at >= begins), sa.or_(ends.is_(None), entry.at < ends))
    return sa.select(*columns).where(entry.request_id != REQUEST, *asked), None


def _loans(audience: Audience) -> Source:
    """Incentive loans, by the court of the certificate."""
    loan, certificate, case = aliased(models.IncentiveLoan), aliased(models.Certificate), aliased(models.CourtCase)
    columns = _columns(
        court_code=case.court_code,
        stage=case.stage,
        day=loan.granted_on,
        outcome=sa.func.coalesce(sa.cast(loan.outcome, sa.Text), sa.literal("OPEN", sa.Text)),
        subject=loan.party_id,
        amount=loan.amount,
    )
    joined = sa.select(*columns).join_from(loan, certificate, certificate.id == loan.certificate_id)
    joined = joined.outerjoin(case, case.id == certificate.case_id)
    if audience is not Audience.COURT:
        joined = joined.where(~sa.func.isempty(certificate.publicity))
    return joined, case.court_code


def _midnight(day: SQL) -> SQL:
    """Return the time at which a day of the court begins."""
    return sa.func.timezone(COURT_TIME.key, sa.cast(sa.cast(day, sa.Date), sa.DateTime))


def _day(moment: Any) -> SQL:
    """Return the court's day of a time."""
    return sa.cast(sa.func.timezone(COURT_TIME.key, moment), sa.Date)


SOURCES = {
    StatisticsSource.PARTICIPATIONS: _participations,
    StatisticsSource.DEDUCTIONS: _deductions,
    StatisticsSource.CODES: _codes,
    StatisticsSource.REPAIRS: _repairs,
    StatisticsSource.CONVERSIONS: _conversions,
    StatisticsSource.LOOK_UPS: _look_ups,
    StatisticsSource.LOANS: _loans,
}
