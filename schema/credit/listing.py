"""Listings."""

from datetime import date, datetime

import models
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import RowObject, row_type
from models.listing import ListingGrade, ListingKind
from resolvers.credit import listing_lifts as lifts_of
from resolvers.procedure.record_steps import is_contested
from resolvers.visibility import masking
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_listing
from schema.lazy_types import LazyParty
from schema.procedure.objection import Objection, record_objections
from schema.procedure.record_change import RecordChange, record_changes
from schema.procedure.record_step import RecordStep, record_steps
from schema.register.court import Court
from schema.requirements import CATALOGUE, COURT_OR_SUBJECT, KNOWN_PARTY, LISTED


@row_type(models.ListingLift, seen_by=lifts_of.may_see_lift, requires=COURT_OR_SUBJECT, key=None, name="ListingLift")
class ListingLift(RowObject):
    """A single lift of the restrictions on a dishonest debtor (单次解禁)."""

    purpose: str = column("What for (用途).")
    lifted_on: date = column("Its first day (起始日期).")
    lifted_until: date = column("Its last day (届满日期).")
    granted_at: datetime = column("When it was granted (批准时间).")


@row_type(models.Listing, seen_by=may_see_listing, about=ABOUT_PARTY, requires=LISTED)
class Listing(Node):
    """An entry on a public list (名单信息)."""

    # Field names of the national list are in brackets.
    kind: ListingKind = column("Which list (名单种类).")
    case_number: str | None = expression(masking.listed_case_number, "Enforcement case number (案号, caseCode).")
    obligation: str | None = expression(
        masking.listed_obligation, "What was to be performed (义务, duty); withheld for families and trade secrets."
    )
    performance: str = column("How far it was performed (履行情况, performance).")
    grounds: str = column("Ground of the listing (失信行为具体情形, disruptTypeName).")
    grade: ListingGrade | None = column(
        "How grave a dishonest debtor's conduct is (失信等级); none where no court said it."
    )
    grace_ends_on: date | None = column(
        "Last day of the period of grace (宽限期届满日): the entry is published on the next day."
    )
    lifted_until: date | None = expression(
        lifts_of.find_running,
        "Last day of a single lift that runs (单次解禁至): until then what it restricts is permitted, and it stays.",
    )
    lifts: list[ListingLift] = relation(
        lifts_of.OF_LISTING, "Its single lifts, newest first (单次解禁记录).", requires=COURT_OR_SUBJECT
    )
    listed_on: date = column("Day of the case's filing (立案日期, regDate).")
    published_on: date = column("Day of publication (发布日期, publishDate).")
    ends_on: date | None = column("Last day of the term (期满日期); none where it is open.")
    removed_on: date | None = column("Day of deletion (删除日期).")
    court: Court = relation(models.Listing.court, "The court (执行法院, courtName).", requires=CATALOGUE)
    party: LazyParty | None = relation(models.Listing.party, "Who is listed (被列入人, iname).", requires=KNOWN_PARTY)
    under_objection: bool = expression(
        is_contested("listing_id"), "Whether an objection to it is open (异议处理中); it stays in force."
    )
    objections: list[Objection] = record_objections("listing_id")
    steps: list[RecordStep] = record_steps("listing_id")
    changes: list[RecordChange] = record_changes("listing_id")
