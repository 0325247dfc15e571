"""Figures for dashboards: counts and sums over one kind of thing, grouped, in one statement.

What is grouped by is a value and no shape: each dimension is in every statement, and empty unless it is asked for.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

import models
from auth.audiences import Audience
from models.code_record import CodePeriod
from models.court_case import NEVER_DISCLOSED
from models.terms import COURT_TIME
from resolvers.credit_codes import perspective
from resolvers.declarations import About, Frame, Order, Prepared, Relation, Root
from resolvers.deductions import status_today
from resolvers.errors import BadInputError
from resolvers.item_visibility import published
from resolvers.reach import jurisdiction
from resolvers.sql import SQL
from resolvers.statements import ARGUMENT
from resolvers.subjects import text
from resolvers.view import REQUEST, TODAY
from resolvers.visibility import EVERYBODY, sees, visible

MOST_GROUPS = 1_000
LEAST_SUBJECTS = 5
"""Groups of fewer subjects are told only to courts. Others get numbers rounded to so many, so that no two groups differ
by a person, and no sums, which would differ all the same."""


class StatisticsSource(StrEnum):
    """What is counted."""

    PARTICIPATIONS = "PARTICIPATIONS"
    DEDUCTIONS = "DEDUCTIONS"
    CODES = "CODES"
    REPAIRS = "REPAIRS"
    CONVERSIONS = "CONVERSIONS"
    LOOK_UPS = "LOOK_UPS"


class Dimension(StrEnum):
    """What is grouped by."""

    COURT = "COURT"
    STAGE = "STAGE"
    BEHAVIOUR = "BEHAVIOUR"
    COLOUR = "COLOUR"
    OUTCOME = "OUTCOME"
    MONTH = "MONTH"
    DAY = "DAY"


class Statistic:
    """The row type's key: one group."""


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
"""What every source gives of one thing that is counted; null where it has none."""


def groups(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """One row for each group, the largest first."""
    counted = sa.union_all(*_sources(audience)).subquery("counted").c
    dimensions = {name.value.lower(): value for name, value in _dimensions(counted).items()}
    measures = _measures(counted, audience)
    order = sa.func.row_number().over(order_by=(measures["count"].desc(), *dimensions.values()))
    labelled = [value.label(name) for name, value in {**dimensions, **measures}.items()]
    grouped = sa.select(*labelled, order.label("ordinal"))
    large = grouped.where(*_filters(counted)).group_by(*dimensions.values())
    if audience is not Audience.COURT:
        large = large.having(sa.func.count(counted.subject.distinct()) >= LEAST_SUBJECTS)
    found = large.subquery("grouped")
    return sa.select(found).where(found.c.ordinal <= ASKED["first"]).subquery("groups")


def _measures(counted: Any, audience: Audience) -> Mapping[str, SQL]:
    """What a group comes to, for those who may see whom it is made of, and for others."""
    count, subjects = sa.func.count(), sa.func.count(counted.subject.distinct())
    if audience is not Audience.COURT:
        nothing: Mapping[str, SQL] = {
            "points": sa.cast(sa.null(), sa.BigInteger),
            "amount": sa.cast(sa.null(), sa.Numeric(18, 2)),
        }
        return {"count": _rounded(count), "subjects": _rounded(subjects), **nothing}
    amount = sa.cast(sa.func.sum(counted.amount), sa.Numeric(18, 2))
    points = sa.cast(sa.func.sum(counted.points), sa.BigInteger)
    return {"count": count, "subjects": subjects, "points": points, "amount": amount}


def _rounded(number: SQL) -> SQL:
    """A number to the nearest multiple of the least group."""
    return (number + LEAST_SUBJECTS // 2) // LEAST_SUBJECTS * LEAST_SUBJECTS


def _dimensions(counted: Any) -> Mapping[Dimension, SQL]:
    values = {
        Dimension.COURT: counted.court_code,
        Dimension.STAGE: counted.stage,
        Dimension.BEHAVIOUR: counted.behaviour,
        Dimension.COLOUR: counted.colour,
        Dimension.OUTCOME: counted.outcome,
        Dimension.MONTH: sa.cast(sa.func.date_trunc("month", counted.day), sa.Date),
        Dimension.DAY: counted.day,
    }
    asked = ASKED["group_by"]
    return {name: sa.case((sa.literal(name.value, sa.Text) == sa.any_(asked), value)) for name, value in values.items()}


def _filters(counted: Any) -> Iterator[SQL]:
    for name in ("stage", "colour", "outcome"):
        yield sa.or_(ASKED[name].is_(None), getattr(counted, name) == ASKED[name])
    yield sa.or_(ASKED["court_code"].is_(None), sa.func.starts_with(counted.court_code, ASKED["court_code"]))
    yield sa.or_(ASKED["from_day"].is_(None), counted.day >= ASKED["from_day"])
    yield sa.or_(ASKED["to_day"].is_(None), counted.day <= ASKED["to_day"])


# --- what is counted --------------------------------------------------------------------------------------------------


def _sources(audience: Audience) -> Iterator[sa.Select[Any]]:
    """Each kind of thing, read only if it is the one that is asked for."""
    for source, build in SOURCES.items():
        statement, court = build(audience)
        asked = ASKED["of"] == sa.literal(source.value, sa.Text)
        own = jurisdiction(court) if audience is Audience.COURT and court is not None else sa.true()
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
        joined = joined.where(~part.protected, case.confidentiality.not_in(NEVER_DISCLOSED))
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
    return (joined if audience is Audience.COURT else joined.where(published(Frame(item)))), case.court_code


def _codes(audience: Audience) -> Source:
    """The records that give subjects the colour that they have today (R11)."""
    record, kind, period = aliased(models.CodeRecord), aliased(models.CodeType), aliased(CodePeriod)
    case = aliased(models.CourtCase)
    today = sa.and_(
        period.party_id == record.party_id,
        period.perspective == perspective(audience),
        sa.func.range_contains_elem(period.during, TODAY),
        period.colour == record.colour,
    )
    ends = (sa.or_(end.is_(None), end > TODAY) for end in (record.ends_on, record.closed_on))
    columns = _columns(
        court_code=record.court_code,
        stage=case.stage,
        colour=record.colour,
        day=record.effective_on,
        outcome=kind.code,
        subject=record.party_id,
    )
    joined = sa.select(*columns).join_from(record, period, today).join(kind, kind.id == record.code_type_id)
    active = joined.outerjoin(case, case.id == record.case_id).where(record.effective_on <= TODAY, *ends)
    if audience is not Audience.COURT:
        disclosed = sa.func.coalesce(case.confidentiality.not_in(NEVER_DISCLOSED), sa.true())
        active = active.where(kind.partner_visible, ~record.protected, disclosed)
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
    return (joined if audience is Audience.COURT else joined.where(published(Frame(item)))), court


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
        joined = joined.where(visible(models.PointConversion, Frame(entry), Audience.MORAL_BANK))
    return joined, court


def _look_ups(audience: Audience) -> Source:
    """Answers in the access log, of no one court; none counts itself."""
    entry = aliased(models.AccessRecord)
    subject = sa.func.coalesce(sa.cast(entry.party_id, sa.Text), sa.func.encode(entry.subject_index, "hex"))
    columns = _columns(day=_day(entry.at), outcome=entry.result, subject=subject, behaviour=entry.audience)
    begins, ends = _midnight(ASKED["from_day"]), _midnight(ASKED["to_day"] + 1)  # whole partitions are left out by them
    asked = (sa.or_(begins.is_(None), entry.at >= begins), sa.or_(ends.is_(None), entry.at < ends))
    return sa.select(*columns).where(entry.request_id != REQUEST, *asked), None


def _midnight(day: SQL) -> SQL:
    """The moment at which a court day begins."""
    return sa.func.timezone(COURT_TIME.key, sa.cast(sa.cast(day, sa.Date), sa.DateTime))


def _day(moment: Any) -> SQL:
    """The court's day of a moment."""
    return sa.cast(sa.func.timezone(COURT_TIME.key, moment), sa.Date)


SOURCES = {
    StatisticsSource.PARTICIPATIONS: _participations,
    StatisticsSource.DEDUCTIONS: _deductions,
    StatisticsSource.CODES: _codes,
    StatisticsSource.REPAIRS: _repairs,
    StatisticsSource.CONVERSIONS: _conversions,
    StatisticsSource.LOOK_UPS: _look_ups,
}


# --- the root ---------------------------------------------------------------------------------------------------------


@sees(Statistic)
def _statistic(row: Frame, audience: Audience) -> SQL:
    """Whoever may ask is answered; what is counted is narrowed where it is read."""
    return EVERYBODY


def prepare(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """The values of a question. Raises BadInputError."""
    if not 1 <= arguments["first"] <= MOST_GROUPS:
        raise BadInputError(f"`first` must be 1 to {MOST_GROUPS}.")
    chosen = arguments["filter"]
    values = {name: getattr(chosen, name) if chosen else None for name in ("from_day", "to_day")}
    enums = {name: getattr(chosen, name) if chosen else None for name in ("stage", "colour", "outcome", "court_code")}
    texts = {name: text(value and str(value), name) for name, value in enums.items()}
    group_by = sorted({dimension.value for dimension in arguments["group_by"]})
    return Prepared({"of": arguments["of"].value, "group_by": group_by, "first": arguments["first"], **values, **texts})


ROOT = Root(
    Relation(
        target=Statistic,
        on=lambda arguments, group: sa.true(),
        keys=KEYS,
        many=True,
        orders={"LARGEST": Order(("ordinal",))},
        assumed=50,
    ),
    About(),
    prepare,
)
COURT = Relation(target=models.Court, on=lambda group, court: group.court == court.code, keys={"court": sa.Text()})
