"""Published records: deductions, list entries and red records of a subject in one list (R6, R10, R17).

Each part is selected by the predicate of its own type, so that a record is here whenever it is anywhere.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order, Relation
from engine.declare.sql import SQL
from models.catalogue import Colour
from models.code_record import CloseReason
from models.deduction import DeductionStatus
from models.party_name import select_bearers
from models.public_record import PublicRecordKind
from resolvers.joins import join
from resolvers.procedure.deductions import is_under_objection
from resolvers.procedure.record_steps import is_contested
from resolvers.visibility import masking
from resolvers.visibility.audiences import EVERYBODY, NOBODY, OUTSIDE
from resolvers.visibility.items import may_see_code_record, may_see_deduction, may_see_listing

PARTS = 3
"""A record's key is the key of its row, times the number of parts, plus the place of its part."""

TEXT, DAY, NUMBER = sa.Text(), sa.Date(), sa.BigInteger()
KIND, REASON = (
    sa.Enum(enum, native_enum=False, length=40, values_callable=lambda members: [member.value for member in members])
    for enum in (PublicRecordKind, CloseReason)
)


class PublicRecord:
    """The row type's key, and the columns that orders read."""

    id = models.Deduction.id
    published_on = models.Listing.published_on


def select_records(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select one row for each record that the audience may see."""
    parts = (_deductions(audience), _listings(audience), _red_records(audience))
    return sa.union_all(*parts).subquery("public_record")


def _deductions(audience: Audience) -> sa.Select[Any]:
    item, case, behaviour = aliased(models.Deduction), aliased(models.CourtCase), aliased(models.Behaviour)
    status = sa.cast(item.status, TEXT)
    ended = status.in_([DeductionStatus.WITHDRAWN.value, DeductionStatus.SHIELDED.value])
    columns = {
        "kind": _kind(PublicRecordKind.DEDUCTION),
        "title": behaviour.name,
        "court_code": case.court_code,
        "case_number": masking.case_number(Frame(case), audience),
        "published_on": _court_day(item.published_at),
        "expires_on": item.expires_on,
        "ended_on": _court_day(item.ended_at),
        "end_reason": sa.type_coerce(sa.case((ended, status)), REASON),
        "under_objection": is_under_objection(Frame(item), audience),
        "role": item.role,
        "points": sa.cast(item.points, sa.Integer),
        "published_at": item.published_at,
        "behaviour_id": item.behaviour_id,
    }
    joined = _select(0, item, columns).join(case, case.id == item.case_id)
    joined = joined.join(behaviour, behaviour.id == item.behaviour_id)
    return joined.where(item.published_at.is_not(None), may_see_deduction(Frame(item), audience))


def _listings(audience: Audience) -> sa.Select[Any]:
    item, record = aliased(models.Listing), aliased(models.CodeRecord)
    removed = sa.case((item.removed_on.is_not(None), CloseReason.DELISTED.value))
    columns = {
        "kind": sa.type_coerce(sa.cast(item.kind, TEXT), KIND),
        "title": item.grounds,
        "court_code": item.court_code,
        "case_number": masking.listed_case_number(Frame(item), audience),
        "published_on": item.published_on,
        "expires_on": item.ends_on,
        "ended_on": sa.func.coalesce(item.removed_on, record.closed_on),
        "end_reason": sa.type_coerce(sa.func.coalesce(sa.cast(record.close_reason, TEXT), removed), REASON),
        "under_objection": is_contested("listing_id")(Frame(item), audience),
    }
    joined = _select(1, item, columns).outerjoin(record, record.listing_id == item.id)
    return joined.where(may_see_listing(Frame(item), audience))


def _red_records(audience: Audience) -> sa.Select[Any]:
    item, type_, case = aliased(models.CodeRecord), aliased(models.CodeType), aliased(models.CourtCase)
    columns = {
        "kind": _kind(PublicRecordKind.RED_RECORD),
        "title": type_.name,
        "court_code": item.court_code,
        "case_number": masking.case_number(Frame(case), audience),
        "published_on": item.effective_on,
        "expires_on": item.ends_on,
        "ended_on": item.closed_on,
        "end_reason": sa.type_coerce(sa.cast(item.close_reason, TEXT), REASON),
        "under_objection": _is_contested_record(item),
    }
    joined = _select(2, item, columns).join(type_, type_.id == item.code_type_id)
    joined = joined.outerjoin(case, case.id == item.case_id)
    return joined.where(item.colour == Colour.RED, may_see_code_record(Frame(item), audience))


def _is_contested_record(item: Any) -> SQL:
    """Return whether an objection is open to a red record, or to what it follows from (R8)."""
    objection = aliased(models.Objection)
    targets = (
        objection.code_record_id == item.id,
        objection.sanction_id == item.sanction_id,
        objection.deduction_id == item.deduction_id,
    )
    return sa.select(objection.id).where(sa.or_(*targets), objection.outcome.is_(None)).exists()


OF_DEDUCTIONS: Mapping[str, Any] = {
    "role": models.Deduction.role.type,
    "points": sa.Integer(),
    "published_at": models.Deduction.published_at.type,
    "behaviour_id": NUMBER,
}
"""The columns that only deductions have, and their types."""


def _select(place: int, item: Any, columns: Mapping[str, Any]) -> sa.Select[Any]:
    """Select the columns of a part, in one order in all parts."""
    blank = {name: sa.cast(sa.null(), type_) for name, type_ in OF_DEDUCTIONS.items()}
    keys = {"id": item.id * PARTS + place, "item_id": item.id, "party_id": item.party_id, "case_id": item.case_id}
    every = {**keys, **columns, **{name: columns.get(name, value) for name, value in blank.items()}}
    return sa.select(*(column.label(name) for name, column in every.items())).select_from(item)


def _kind(kind: PublicRecordKind) -> Any:
    return sa.literal_column(f"'{kind.value}'", KIND)


def _court_day(moment: Any) -> Any:
    return sa.func.court_day(moment, type_=DAY)


def is_of_rows(row: Frame, keys: SQL) -> SQL:
    """Return whether a record is one of those with these keys, by the indexes of the rows' own keys."""
    key = sa.func.unnest(keys, type_=NUMBER).column_valued("key")
    found: SQL = row.item_id == sa.any_(sa.func.array(sa.select(key // PARTS).scalar_subquery()))
    return found


def may_see_public_record(row: Frame, audience: Audience) -> SQL:
    """Whoever sees the deduction, the list entry or the red record that it is."""
    return EVERYBODY if audience in OUTSIDE | {Audience.COURT, Audience.LITIGANT_PORTAL} else NOBODY


def _named(arguments: Frame, record: Frame) -> SQL:
    """Match the name, present or former, exactly: for the public portal only (R17)."""
    bearers = sa.func.array(
        select_bearers(arguments.name).scalar_subquery()
    )  # an array restricts each part by its index
    named: SQL = record.party_id == sa.any_(bearers)
    return named


NEWEST = Order(("published_on",), descending=True)
BY_NAME = Relation(PublicRecord, _named, {"name": TEXT}, many=True, orders={"PUBLISHED": NEWEST})
OF_PARTY = join(PublicRecord, "party_id", many=True, PUBLISHED=NEWEST)
COURT = join(models.Court, "code", "court_code", TEXT)
CASE = join(models.CourtCase, "id", "case_id")
BEHAVIOUR = join(models.Behaviour, "id", "behaviour_id")
PARTY = join(models.Party, "id", "party_id")
