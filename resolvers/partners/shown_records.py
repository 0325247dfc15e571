"""What a report shows of its subject, to a worker who looks at an employer and to whoever was shown a share code.

A report shows what is public of its subject, in one list, and nothing that leads further: a worker never reaches the
rows of anybody else (DOMAIN 3).
"""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience, Purpose
from auth.scopes import Scope
from engine.declare.relations import Frame, Order
from engine.declare.sql import SQL
from models.catalogue import Colour
from models.public_record import ShownRecordKind
from resolvers.credit.credit_codes import is_current
from resolvers.joins import join
from resolvers.view import PURPOSE
from resolvers.visibility import masking
from resolvers.visibility.audiences import NOBODY
from resolvers.visibility.items import is_published
from resolvers.visibility.publicity import is_public
from resolvers.visibility.reach import is_organization, shares

PARTS = 4
"""A record's key is the key of its row, times the number of parts, plus the place of its part."""

TEXT, NUMBER = sa.Text(), sa.BigInteger()
KIND = sa.Enum(
    ShownRecordKind, native_enum=False, length=40, values_callable=lambda members: [member.value for member in members]
)
OUTSIDE_COURTS = Audience.PUBLIC_PORTAL
"""The audience whose masks of case numbers and whose colours apply."""

Expression = Callable[[Frame, Audience], SQL]


class ShownRecord:
    """The row type's key, and the columns that the order reads."""

    id = models.Deduction.id
    published_on = models.Listing.published_on


def select_records(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select one row for each public record, with the scopes of which a share code must name one."""
    return sa.union_all(_deductions(), _listings(), _code_records(), _certificates()).subquery("shown_record")


def _deductions() -> sa.Select[Any]:
    item, case, behaviour = aliased(models.Deduction), aliased(models.CourtCase), aliased(models.Behaviour)
    columns = {
        "kind": _kind(ShownRecordKind.DEDUCTION.value),
        "title": behaviour.name,
        "court_code": case.court_code,
        "case_number": masking.case_number(Frame(case), OUTSIDE_COURTS),
        "published_on": sa.func.court_day(item.published_at, type_=sa.Date()),
        "expires_on": item.expires_on,
        "role": item.role,
        "points": sa.cast(item.points, sa.Integer),
    }
    joined = _select(0, item, columns, Scope.PERSON_CREDIT).join(case, case.id == item.case_id)
    return joined.join(behaviour, behaviour.id == item.behaviour_id).where(is_published(Frame(item)))


def _listings() -> sa.Select[Any]:
    item = aliased(models.Listing)
    columns = {
        "kind": _kind(sa.cast(item.kind, TEXT)),
        "title": item.grounds,
        "court_code": item.court_code,
        "case_number": masking.listed_case_number(Frame(item), OUTSIDE_COURTS),
        "published_on": item.published_on,
        "expires_on": item.ends_on,
    }
    return _select(1, item, columns, Scope.PERSON_INTEGRITY).where(is_public(Frame(item)))


def _code_records() -> sa.Select[Any]:
    item, type_, case = aliased(models.CodeRecord), aliased(models.CodeType), aliased(models.CourtCase)
    red = item.colour == Colour.RED
    columns = {
        "kind": _kind(sa.func.concat(sa.cast(item.colour, TEXT), "_RECORD")),
        "title": type_.name,
        "court_code": item.court_code,
        "case_number": masking.case_number(Frame(case), OUTSIDE_COURTS),
        "published_on": item.effective_on,
        "expires_on": item.ends_on,
    }
    joined = _select(2, item, columns, Scope.PERSON_CREDIT, also=(Scope.PERSON_INTEGRITY, red))
    joined = joined.join(type_, sa.and_(type_.id == item.code_type_id, type_.partner_visible))
    return joined.outerjoin(case, case.id == item.case_id).where(is_public(Frame(item)))


def _certificates() -> sa.Select[Any]:
    item, record = aliased(models.Certificate), aliased(models.CodeRecord)
    columns = {
        "kind": _kind(ShownRecordKind.CERTIFICATE.value),
        "title": item.number,
        "court_code": record.court_code,
        "case_number": masking.listed_case_number(Frame(item), OUTSIDE_COURTS),
        "published_on": item.issued_on,
        "expires_on": record.ends_on,
    }
    joined = _select(3, item, columns, Scope.PERSON_INTEGRITY).outerjoin(record, record.certificate_id == item.id)
    return joined.where(is_public(Frame(item)))


def _kind(value: Any) -> Any:
    return sa.type_coerce(sa.literal(value, TEXT) if isinstance(value, str) else value, KIND)


def _select(
    place: int, item: Any, columns: Mapping[str, Any], scope: Scope, also: tuple[Scope, SQL] | None = None
) -> sa.Select[Any]:
    """Select the columns of a part, in one order in all parts. also: a scope that shows the rows of a condition."""
    scopes: Any = sa.literal([scope.value], sa.ARRAY(TEXT))
    if also:
        scopes = sa.case((also[1], sa.literal([scope.value, also[0].value], sa.ARRAY(TEXT))), else_=scopes)
    role = columns.get("role", sa.cast(sa.null(), models.Deduction.role.type))
    blank = {"role": role, "points": columns.get("points", sa.cast(sa.null(), sa.Integer))}
    every = {"id": item.id * PARTS + place, "party_id": item.party_id, "scopes": scopes, **columns, **blank}
    return sa.select(*(column.label(name) for name, column in sorted(every.items()))).select_from(item)


def may_see_shown_record(row: Frame, audience: Audience) -> SQL:
    """A litigant, those of an organization that it looks up as its employer; the public, those that the share code of
    this request shows (R15)."""
    if audience is Audience.LITIGANT_PORTAL:
        return sa.and_(PURPOSE.in_([Purpose.EMPLOYER_CHECK.value]), is_organization(row.party_id))
    return _is_shown(row.party_id, row.scopes) if audience is Audience.PUBLIC_PORTAL else NOBODY


def _is_shown(party_id: SQL, scopes: SQL) -> SQL:
    """Return whether the share code of this request is of the party and names one of the scopes."""
    share, identity, party = aliased(models.ShareCode), aliased(models.Identity), aliased(models.Party)
    named: SQL = sa.type_coerce(share.scopes.op("&&")(scopes), sa.Boolean)
    shown = sa.select(share.id).join(identity, identity.index == share.subject_index)
    shown = shown.join(party, sa.and_(party.id == identity.party_id, party.disclosed))
    return shown.where(identity.party_id == party_id, shares(share), named).exists()


NEWEST = Order(("published_on", "id"), descending=True, total=True)
RECORDS = join(ShownRecord, "party_id", "party_id", many=True, PUBLISHED=NEWEST)
COURT = join(models.Court, "code", "court_code", TEXT)


def show_colour(shown: Callable[[Frame], SQL]) -> Expression:
    """Return the expression for the subject's colour today, GREEN without records; null unless it is `shown`."""

    def build(row: Frame, audience: Audience) -> SQL:
        period = aliased(models.CodePeriod)
        green = sa.literal(Colour.GREEN, models.CodePeriod.colour.type)
        return sa.case((shown(row), sa.func.coalesce(_current(row, period, period.colour), green)))

    return build


def show_change(shown: Callable[[Frame], SQL]) -> Expression:
    """Return the expression for the day of the next change of colour that is certain; null unless it is `shown`."""

    def build(row: Frame, audience: Audience) -> SQL:
        period = aliased(models.CodePeriod)
        return sa.case((shown(row), _current(row, period, sa.func.upper(period.during, type_=sa.Date()))))

    return build


def _current(row: Frame, period: Any, value: Any) -> SQL:
    """Return a value of the period outside the courts that covers today."""
    return sa.select(value).where(is_current(period, row.party_id, OUTSIDE_COURTS)).scalar_subquery()
