"""Candidates for the list of professional lenders, by numbers of cases: proposals for a judge (`models.lender`)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import About, Frame, Order, Prepared, Relation, Root
from engine.declare.sql import SQL
from engine.load.errors import BadPageSizeError
from engine.load.statements import ARGUMENT
from languages.sentence import say
from models.catalogue import Stage
from models.court_case import Role
from models.lender import CAUSE, INTERMEDIATE_CODE_LENGTH, THRESHOLDS, CourtLevel
from models.listing import ListingKind
from resolvers.joins import join
from resolvers.view import COURT as COURT_CODE
from resolvers.view import TODAY
from resolvers.visibility.audiences import EVERYBODY, NOBODY
from resolvers.visibility.publicity import is_of_minor
from resolvers.visibility.reach import is_in_jurisdiction

MOST = 100
FIRST = sa.bindparam(ARGUMENT + "first", type_=sa.Integer())


class LenderCandidate:
    """The row type's key: a party at a level of court."""


def select_candidates(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select the parties that reach a threshold in the caller's courts and are not listed, most cases first."""
    found = sa.union_all(*(_reaching(level) for level in CourtLevel)).subquery("reaching")
    listing = aliased(models.Listing)
    listed = sa.select(listing.id).where(
        listing.party_id == found.c.party_id,
        listing.kind == ListingKind.PROFESSIONAL_LENDER,
        listing.removed_on.is_(None),
    )
    order = sa.func.row_number().over(order_by=(found.c.in_three_years.desc(), found.c.party_id, found.c.court_code))
    numbered = sa.select(found, order.label("ordinal")).where(~listed.exists()).subquery("numbered")
    return sa.select(numbered).where(numbered.c.ordinal <= FIRST).subquery("candidates")


def _reaching(level: CourtLevel) -> Any:
    part, case = aliased(models.Participation), aliased(models.CourtCase)
    area: SQL = sa.func.substr(case.court_code, 1, INTERMEDIATE_CODE_LENGTH)
    court: Any = area if level is CourtLevel.INTERMEDIATE else case.court_code
    years = {one.years: _cases(case, one.years) for one in THRESHOLDS if one.level is level}
    reached = sa.or_(*(years[one.years] >= one.cases for one in THRESHOLDS if one.level is level))
    lent = sa.and_(
        part.role == Role.PLAINTIFF,
        part.party_id.is_not(None),
        case.stage == Stage.TRIAL,
        sa.func.starts_with(case.cause, CAUSE),
        case.disclosed,
        ~is_of_minor(part.party_id, case.filed_on),
        is_in_jurisdiction(case.court_code),
        case.filed_on > _since(max(years)),
    )
    if level is CourtLevel.INTERMEDIATE:  # a basic court does not see the cases of its neighbours
        lent = sa.and_(lent, sa.func.length(COURT_CODE) <= INTERMEDIATE_CODE_LENGTH)
    return (
        sa.select(
            part.party_id,
            court.label("court_code"),
            sa.literal(level.value, sa.Text).label("level"),
            years[1].label("in_one_year"),
            years[3].label("in_three_years"),
        )
        .join_from(part, case, case.id == part.case_id)
        .where(lent)
        .group_by(part.party_id, court)
        .having(reached)
    )


def _cases(case: Any, years: int) -> SQL:
    """Return the number of cases filed in the last `years`."""
    return sa.func.count(case.id.distinct()).filter(case.filed_on > _since(years))


def _since(years: int) -> SQL:
    return sa.cast(TODAY - sa.func.make_interval(years), sa.Date)


def may_see_candidate(row: Frame, audience: Audience) -> SQL:
    """Courts only: numbers of cases are no finding (R13)."""
    return EVERYBODY if audience is Audience.COURT else NOBODY


def prepare(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Check the number of candidates. Raises BadPageSizeError."""
    if not 1 <= arguments["first"] <= MOST:
        raise BadPageSizeError(say("`first` must be 1 to {most}.", most=MOST))
    return Prepared({"first": arguments["first"]})


ROOT = Root(
    Relation(
        target=LenderCandidate,
        on=lambda arguments, row: sa.true(),
        keys={"first": sa.Integer()},
        many=True,
        orders={"MOST": Order(("ordinal",))},
    ),
    About(lambda row: row.party_id),
    prepare,
)
PARTY = join(models.Party, "id", "party_id")
COURT = join(models.Court, "code", "court_code", sa.Text())
