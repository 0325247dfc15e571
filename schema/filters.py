"""Filters and orders of lists."""

from datetime import date, datetime
from enum import Enum
from typing import Any

from auth.audiences import Audience, Purpose
from engine.declare.filters import Filters, filter_by, filter_input
from engine.declare.relations import Order
from models.access_record import AccessResult
from models.batch import BatchStatus
from models.calendar import ReminderKind
from models.catalogue import Stage, Tier
from models.deduction import DeductionStatus
from models.event import EventKind
from models.identity_conflict import ConflictState, IdentityActState
from models.import_run import ImportState
from models.listing import ListingKind
from models.name_reading import fold_pinyin, select_read_as
from models.names import fold
from models.party import PartyKind
from models.party_name import select_bearers, select_resembling
from resolvers.procedure import case_marks, deductions
from resolvers.procedure.deductions import counted_on, status_today, to_court_date
from resolvers.visibility.reach import is_at_or_below
from schema.credit.listing import Listing
from schema.enums import declare_enum
from schema.oversight.access_record import AccessRecord
from schema.partners.event import Event
from schema.procedure.batch import Batch
from schema.procedure.deduction import Deduction
from schema.procedure.objection import Objection
from schema.procedure.reminder import Reminder
from schema.procedure.repair import Repair
from schema.register.case import Case
from schema.register.identity import IdentityAct, IdentityClaim, IdentityConflict
from schema.register.import_run import ImportRun
from schema.register.party import Party

COURT_AND_BELOW = "A court and all below it (法院代字)."


def filter_by_court(of: Any) -> Any:
    """Declare a filter by the court of a row and its lower courts."""
    return filter_by(of, "court", COURT_AND_BELOW, lambda row, value: is_at_or_below(row.court_code, value))


class DeductionOrder(Enum):
    """By day of proposal."""

    PROPOSED_DESC = Order(("proposed_at",), descending=True)
    PROPOSED_ASC = Order(("proposed_at",))


class CaseOrder(Enum):
    """By day of filing."""

    FILED_DESC = Order(("filed_on",), descending=True)
    FILED_ASC = Order(("filed_on",))


class PartyOrder(Enum):
    """By entry or by name."""

    ENTERED_ASC = Order(())
    ENTERED_DESC = Order((), descending=True)
    NAME_ASC = Order(("name",))


declare_enum(DeductionOrder, "Order of deductions (扣分排序).")
declare_enum(CaseOrder, "Order of cases (案件排序).")
declare_enum(PartyOrder, "Order of parties (当事人排序).")


@filter_input
class PartyFilter(Filters):
    """Which parties (当事人筛选)."""

    name: str | None = filter_by(
        Party,
        "name",
        "Name, a former one included, as names are compared (姓名或名称).",
        lambda party, value: party.id.in_(select_bearers(value)),
    )
    name_contains: str | None = filter_by(
        Party,
        "name",
        "Part of the name, or of a former one, as names are compared (姓名或名称的一部分).",
        lambda party, value: party.id.in_(select_resembling(value)),
    )
    pinyin: str | None = filter_by(
        Party,
        "name",
        "The beginning of the name, or of a former one, in pinyin without tones, or of its initials (拼音或首字母).",
        lambda party, value: party.id.in_(select_read_as(value)),
    )
    kind: PartyKind | None = filter_by(
        Party, "id", "Persons or organizations.", lambda party, value: party.kind == value
    )

    def __post_init__(self) -> None:
        """Fold the names, because names are compared folded (R21)."""
        self.name = None if self.name is None else fold(self.name)
        self.name_contains = None if self.name_contains is None else fold(self.name_contains)
        self.pinyin = None if self.pinyin is None else fold_pinyin(self.pinyin)


@filter_input
class CaseFilter(Filters):
    """Which cases (案件筛选)."""

    court_code: str | None = filter_by_court(Case)
    stage: Stage | None = filter_by(Case, "stage", "Stage (环节).")
    cause: str | None = filter_by(Case, "cause", "Cause of action (案由).")
    filed_from: date | None = filter_by(
        Case, "filedOn", "Filed on or after.", lambda case, value: case.filed_on >= value
    )
    filed_to: date | None = filter_by(
        Case, "filedOn", "Filed on or before.", lambda case, value: case.filed_on <= value
    )
    division: str | None = filter_by(
        Case, "division", "Name of the division that has them (承办庭室).", case_marks.is_in_division
    )
    marked: bool | None = filter_by(Case, "marks", "Whether they bear a prompt (有提示标记).", case_marks.is_marked)


@filter_input
class DeductionFilter(Filters):
    """Which deductions (扣分筛选)."""

    court_code: str | None = filter_by(Deduction, "case", COURT_AND_BELOW, deductions.is_of_court)
    status: DeductionStatus | None = filter_by(
        Deduction,
        "status",
        "Where they stand today (状态).",
        lambda row, value: status_today(row, Audience.COURT) == value,
    )
    stage: Stage | None = filter_by(Deduction, "stage", "Stage (环节).")
    tier: Tier | None = filter_by(Deduction, "tier", "Tier (等级).")
    behaviour: str | None = filter_by(
        Deduction, "behaviour", "Code of the behaviour, such as E01 (行为代码).", deductions.is_of_behaviour
    )
    batch_month: date | None = filter_by(
        Deduction, "batch", "In the batch of the month of this day (批次月份).", deductions.is_of_month
    )
    proposed_from: date | None = filter_by(
        Deduction,
        "proposedAt",
        "Proposed on or after (提出日期起).",
        lambda row, value: to_court_date(row.proposed_at) >= value,
    )
    proposed_to: date | None = filter_by(
        Deduction,
        "proposedAt",
        "Proposed on or before (提出日期止).",
        lambda row, value: to_court_date(row.proposed_at) <= value,
    )
    counted_from: date | None = filter_by(
        Deduction,
        "proposedAt",
        "Determined, or until then proposed, on or after: the day by which statistics count them (统计日期起).",
        lambda row, value: counted_on(row) >= value,
    )
    counted_to: date | None = filter_by(
        Deduction,
        "proposedAt",
        "Determined, or until then proposed, on or before: the day by which statistics count them (统计日期止).",
        lambda row, value: counted_on(row) <= value,
    )


@filter_input
class ListingFilter(Filters):
    """Which list entries (名单筛选)."""

    kind: ListingKind | None = filter_by(Listing, "kind", "Which list (名单种类).")
    court_code: str | None = filter_by(
        Listing, "caseNumber", COURT_AND_BELOW, lambda row, value: is_at_or_below(row.court_code, value)
    )
    name: str | None = filter_by(
        Listing,
        "id",
        "Exact name, a former one included, as names are compared (姓名或名称).",
        lambda row, value: row.party_id.in_(select_bearers(value)),
    )

    def __post_init__(self) -> None:
        """Fold the name, because names are compared folded (R21)."""
        self.name = None if self.name is None else fold(self.name)


@filter_input
class BatchFilter(Filters):
    """Which batches (批次筛选)."""

    court_code: str | None = filter_by_court(Batch)
    month: date | None = filter_by(Batch, "month", "The first of a month (月份).")
    status: BatchStatus | None = filter_by(Batch, "status", "Status (状态).")


@filter_input
class ObjectionFilter(Filters):
    """Which objections (异议筛选)."""

    open: bool | None = filter_by(
        Objection, "outcome", "Whether they await an answer.", lambda row, value: row.outcome.is_(None) == value
    )
    due_from: date | None = filter_by(Objection, "dueOn", "Due on or after.", lambda row, value: row.due_on >= value)
    due_to: date | None = filter_by(Objection, "dueOn", "Due on or before.", lambda row, value: row.due_on <= value)
    behaviour: str | None = filter_by(
        Objection, "deduction", "Code of the behaviour of the item (行为代码).", deductions.is_objection_of_behaviour
    )


@filter_input
class RepairFilter(Filters):
    """Which applications for repair (修复筛选)."""

    open: bool | None = filter_by(
        Repair, "outcome", "Whether they await a decision.", lambda row, value: row.outcome.is_(None) == value
    )
    applied_from: date | None = filter_by(
        Repair, "appliedOn", "Applied for on or after.", lambda row, value: row.applied_on >= value
    )
    applied_to: date | None = filter_by(
        Repair, "appliedOn", "Applied for on or before.", lambda row, value: row.applied_on <= value
    )


@filter_input
class ReminderFilter(Filters):
    """Which reminders (提醒筛选)."""

    court_code: str | None = filter_by_court(Reminder)
    kind: ReminderKind | None = filter_by(Reminder, "kind", "Of what (类型).")
    due_from: date | None = filter_by(Reminder, "dueOn", "Due on or after.", lambda row, value: row.due_on >= value)
    due_to: date | None = filter_by(Reminder, "dueOn", "Due on or before.", lambda row, value: row.due_on <= value)


@filter_input
class ImportRunFilter(Filters):
    """Which imports (导入筛选)."""

    format: str | None = filter_by(ImportRun, "format", "What the lines are (格式).")
    state: ImportState | None = filter_by(ImportRun, "state", "Where they stand (状态).")


@filter_input
class EventFilter(Filters):
    """Which events (事件筛选)."""

    since: datetime | None = filter_by(Event, "occurredAt", "At or after.", lambda row, value: row.occurred_at >= value)
    kind: EventKind | None = filter_by(Event, "kind", "What happened (类型).")


@filter_input
class AccessRecordFilter(Filters):
    """Which entries of the log (访问记录筛选)."""

    since: datetime | None = filter_by(AccessRecord, "at", "At or after.", lambda row, value: row.at >= value)
    before: datetime | None = filter_by(AccessRecord, "at", "Before.", lambda row, value: row.at < value)
    purpose: Purpose | None = filter_by(AccessRecord, "purpose", "Purpose (用途).")
    result: AccessResult | None = filter_by(AccessRecord, "result", "Result (结果类别).")


@filter_input
class IdentityConflictFilter(Filters):
    """Which conflicts of identity (身份冲突筛选)."""

    state: ConflictState | None = filter_by(IdentityConflict, "state", "Open or resolved (状态).")


@filter_input
class IdentityClaimFilter(Filters):
    """Which claims of identity (非本人申请筛选)."""

    open: bool | None = filter_by(
        IdentityClaim, "outcome", "Whether they await an answer.", lambda row, value: row.outcome.is_(None) == value
    )


@filter_input
class IdentityActFilter(Filters):
    """Which steps with identities (身份事项筛选)."""

    state: IdentityActState | None = filter_by(IdentityAct, "state", "Proposed, done or refused (状态).")
