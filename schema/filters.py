"""Filters and orders of the courts' lists."""

from datetime import date, datetime
from enum import Enum

import sqlalchemy as sa
import strawberry

from auth.audiences import Audience, Purpose
from models.access_record import AccessResult
from models.catalogue import Stage, Tier
from models.deduction import DeductionStatus
from models.listing import ListingKind
from models.party import PartyKind
from resolvers.declarations import Order
from resolvers.deductions import status_today
from schema.access_record import AccessRecord
from schema.case import Case
from schema.deduction import Deduction
from schema.filtering import Filters, filter_input, filtered
from schema.listing import Listing
from schema.party import Party


@strawberry.enum(description="Order of deductions.")
class DeductionOrder(Enum):
    """By proposal."""

    PROPOSED_DESC = Order(("proposed_at",), descending=True)
    PROPOSED_ASC = Order(("proposed_at",))


@strawberry.enum(description="Order of cases.")
class CaseOrder(Enum):
    """By filing."""

    FILED_DESC = Order(("filed_on",), descending=True)
    FILED_ASC = Order(("filed_on",))


@strawberry.enum(description="Order of parties.")
class PartyOrder(Enum):
    """By first entry, or by name."""

    ENTERED_ASC = Order(())
    ENTERED_DESC = Order((), descending=True)
    NAME_ASC = Order(("name",))


@filter_input("Which parties (当事人筛选).")
class PartyFilter(Filters):
    """Parties by name and kind."""

    name: str | None = filtered(Party, "name", lambda party, value: party.name == value, "Exact name (姓名或名称).")
    kind: PartyKind | None = filtered(
        Party, "id", lambda party, value: party.kind == value, "Persons or organizations."
    )


@filter_input("Which cases (案件筛选).")
class CaseFilter(Filters):
    """Cases by court, stage, cause and filing."""

    court_code: str | None = filtered(
        Case,
        "court",
        lambda case, value: sa.func.starts_with(case.court_code, value),
        "A court and all below it (法院代字).",
    )
    stage: Stage | None = filtered(Case, "stage", lambda case, value: case.stage == value, "Stage (环节).")
    cause: str | None = filtered(Case, "cause", lambda case, value: case.cause == value, "Cause of action (案由).")
    filed_from: date | None = filtered(
        Case, "filedOn", lambda case, value: case.filed_on >= value, "Filed on or after."
    )
    filed_to: date | None = filtered(Case, "filedOn", lambda case, value: case.filed_on <= value, "Filed on or before.")


@filter_input("Which deductions (扣分筛选).")
class DeductionFilter(Filters):
    """Deductions by state and kind."""

    status: DeductionStatus | None = filtered(
        Deduction,
        "status",
        lambda row, value: status_today(row, Audience.COURT) == value,
        "Where they stand today (状态).",
    )
    stage: Stage | None = filtered(Deduction, "stage", lambda row, value: row.stage == value, "Stage (环节).")
    tier: Tier | None = filtered(Deduction, "tier", lambda row, value: row.tier == value, "Tier (等级).")


@filter_input("Which list entries (名单筛选).")
class ListingFilter(Filters):
    """Listings by list."""

    kind: ListingKind | None = filtered(Listing, "kind", lambda row, value: row.kind == value, "Which list (名单种类).")


@filter_input("Which entries of the log (访问记录筛选).")
class AccessRecordFilter(Filters):
    """Entries by time, purpose and result."""

    since: datetime | None = filtered(AccessRecord, "at", lambda row, value: row.at >= value, "At or after.")
    before: datetime | None = filtered(AccessRecord, "at", lambda row, value: row.at < value, "Before.")
    purpose: Purpose | None = filtered(
        AccessRecord, "purpose", lambda row, value: row.purpose == value, "Purpose (用途)."
    )
    result: AccessResult | None = filtered(
        AccessRecord, "result", lambda row, value: row.result == value, "Result (结果类别)."
    )
