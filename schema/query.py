"""The query type."""

from datetime import date

import strawberry

import models
from auth.scopes import Scope
from engine.declare.connections import Connection
from engine.declare.fields import argument, root, root_connection
from engine.declare.nodes import Node
from engine.load.nodes import NodesRoot
from engine.policy import OPEN, all_of, any_of, require
from resolvers import roots
from resolvers.credit import lenders, public_records
from resolvers.oversight.log_proofs import LOG
from resolvers.register import litigants
from resolvers.statistics.statistic import ROOT as STATISTICS_ROOT
from resolvers.visibility import about
from schema import filters
from schema.credit.catalogue import Behaviour, CatalogueVersion, CodeType, MoralBankItem
from schema.credit.grading import GradingRule
from schema.credit.lender_candidate import LenderCandidate
from schema.credit.listing import Listing
from schema.credit.measure import Measure
from schema.credit.moral_bank_query import MoralBankQuery
from schema.credit.public_record import PublicRecord
from schema.integration.integration_query import IntegrationQuery
from schema.integration.rate_limit import RateLimit, get_rate_limit
from schema.integration.viewer import Viewer, get_viewer
from schema.oversight.access_record import AccessRecord
from schema.oversight.client_alarm import ALARMED, ClientAlarm
from schema.oversight.request_entry import ClientUsage, RequestEntry, RequestFilter, UsageFilter
from schema.oversight.security_event import SecurityEvent, SecurityEventFilter
from schema.oversight.statistics import ARGUMENTS as STATISTICS_ARGUMENTS
from schema.oversight.statistics import Statistic
from schema.oversight.transparency_log import TransparencyLog
from schema.partners.event import Event
from schema.partners.partner_query import CONSENTED, PartnerQuery
from schema.procedure.batch import Batch
from schema.procedure.bulletin import Bulletin
from schema.procedure.deduction import Deduction
from schema.procedure.objection import Objection
from schema.procedure.reminder import Reminder
from schema.procedure.repair import Repair
from schema.register.case import Case
from schema.register.court import Court
from schema.register.identity import IdentityAct, IdentityClaim, IdentityConflict
from schema.register.import_run import ImportRun
from schema.register.litigant import Litigant
from schema.register.party import Party
from schema.requirements import (
    CATALOGUE,
    COURT_PROCEDURE,
    EVENT,
    MEASURE,
    REGISTER,
    SELF,
    STATISTICS,
)

IN_FORCE = argument(
    "as_of", date | None, "Only what the edition in force on this day holds; every edition's by default.", None
)

AGGREGATION = 1_000
"""What statistics add to the cost beside their groups: as much as fifty milliseconds of the database."""


@strawberry.type(description="Where answers begin. Each field says which scopes it needs.")
class Query(MoralBankQuery, PartnerQuery, IntegrationQuery):
    """The root fields."""

    rate_limit: RateLimit | None = strawberry.field(
        resolver=get_rate_limit,
        description="What you have left of your budget (额度); none where there are no budgets.",
    )
    viewer: Viewer = strawberry.field(resolver=get_viewer, description="Who you are to this service (接入方身份).")
    request_log: Connection[RequestEntry] = root_connection(
        roots.REQUEST_LOG,
        "Your requests of the last seven days, newest first, a second after they were answered (请求日志).",
        filter_type=RequestFilter,
        requires=OPEN,
    )
    usage: Connection[ClientUsage] = root_connection(
        roots.USAGE, "Your requests by day and root field, newest first (用量).", filter_type=UsageFilter, requires=OPEN
    )
    node: Node | None = root(
        NodesRoot(many=False),
        "An object by its id; null where it is unknown or not for you, which look alike.",
        argument("id", strawberry.ID, "An id that this service gave out."),
        CONSENTED,
        requires=OPEN,
    )
    nodes: list[Node | None] = root(
        NodesRoot(many=True),
        "Up to 100 objects by their ids, in order; null as with `node`.",
        argument("ids", list[strawberry.ID], "Up to 100 such ids."),
        CONSENTED,
        requires=OPEN,
        sized_by="ids",
    )

    me: Litigant | None = root(
        litigants.SELF, "Everything about the authenticated subject (本人).", requires=SELF, about=litigants.ABOUT
    )

    party: Party | None = root(
        roots.PARTY,
        "A party by its id (当事人).",
        argument("id", strawberry.ID, "Its id."),
        requires=REGISTER,
        about=about.ABOUT_ITSELF,
        prepare=roots.prepare_party,
    )
    parties: Connection[Party] = root_connection(
        roots.list_everything(models.Party),
        "All parties (当事人).",
        requires=REGISTER,
        about=about.ABOUT_ITSELF,
        filter_type=filters.PartyFilter,
        order_type=filters.PartyOrder,
    )
    case: Case | None = root(
        roots.CASE,
        "A case by its number, however its brackets and digits are written (案件).",
        argument("number", str, "Case number (案号)."),
        requires=REGISTER,
        about=about.ABOUT_PARTICIPANTS,
        prepare=roots.prepare_case,
    )
    cases: Connection[Case] = root_connection(
        roots.list_everything(models.CourtCase),
        "Cases (案件).",
        requires=REGISTER,
        about=about.ABOUT_PARTICIPANTS,
        filter_type=filters.CaseFilter,
        order_type=filters.CaseOrder,
    )
    deductions: Connection[Deduction] = root_connection(
        roots.list_everything(models.Deduction),
        "Deductions in every state (扣分).",
        requires=COURT_PROCEDURE,
        about=about.ABOUT_PARTY,
        filter_type=filters.DeductionFilter,
        order_type=filters.DeductionOrder,
    )
    batches: Connection[Batch] = root_connection(
        roots.BATCHES, "Batches, newest first (批次).", requires=COURT_PROCEDURE, filter_type=filters.BatchFilter
    )
    objections: Connection[Objection] = root_connection(
        roots.OBJECTIONS,
        "Objections, those due first before others (异议).",
        requires=COURT_PROCEDURE,
        about=about.ABOUT_DEDUCTION,
        filter_type=filters.ObjectionFilter,
    )
    repairs: Connection[Repair] = root_connection(
        roots.REPAIRS,
        "Applications for repair, oldest first (修复申请).",
        requires=COURT_PROCEDURE,
        about=about.ABOUT_PARTY,
        filter_type=filters.RepairFilter,
    )

    identity_conflicts: Connection[IdentityConflict] = root_connection(
        roots.IDENTITY_CONFLICTS,
        "Numbers that files give to somebody of another name, oldest first (身份冲突).",
        requires=COURT_PROCEDURE,
        about=about.ABOUT_CONFLICT,
        filter_type=filters.IdentityConflictFilter,
    )
    identity_claims: Connection[IdentityClaim] = root_connection(
        roots.IDENTITY_CLAIMS,
        "What subjects say is somebody else's, oldest first (非本人申请).",
        requires=COURT_PROCEDURE,
        about=about.ABOUT_PARTY,
        filter_type=filters.IdentityClaimFilter,
    )
    identity_acts: Connection[IdentityAct] = root_connection(
        roots.IDENTITY_ACTS,
        "What was done with identities or awaits confirmation, oldest first (身份事项).",
        requires=COURT_PROCEDURE,
        about=about.ABOUT_PARTY,
        filter_type=filters.IdentityActFilter,
    )
    reminders: Connection[Reminder] = root_connection(
        roots.REMINDERS,
        "Reminders, those due first before others (期限提醒).",
        requires=COURT_PROCEDURE,
        filter_type=filters.ReminderFilter,
    )

    import_runs: Connection[ImportRun] = root_connection(
        roots.IMPORT_RUNS,
        "Imports of your court's files and what was wrong with them, newest first (导入批次): how good its data are.",
        requires=REGISTER,
        filter_type=filters.ImportRunFilter,
    )

    lender_candidates: list[LenderCandidate] = root(
        lenders.ROOT,
        "Who may be a professional lender, by the number of cases (职业放贷人线索): for a judge to decide.",
        argument("first", int, "How many, 1 to 100."),
        requires=COURT_PROCEDURE,
        sized_by="first",
    )

    public_records: Connection[PublicRecord] = root_connection(
        public_records.BY_NAME,
        "Published deductions, list entries and red records of everyone with exactly this name (公开查询), "
        "newest first, persons masked.",
        argument("name", str, "Exact name (姓名或名称)."),
        requires=all_of(Scope.PUBLICATION),
        about=about.ABOUT_PARTY,
        prepare=roots.prepare_name,
    )
    listings: Connection[Listing] = root_connection(
        roots.LISTINGS,
        "Entries on the public lists, newest first (名单信息).",
        requires=any_of(Scope.PUBLICATION, Scope.REGISTER),
        about=about.ABOUT_PARTY,
        filter_type=filters.ListingFilter,
    )
    bulletins: Connection[Bulletin] = root_connection(
        roots.BULLETINS, "Bulletins, newest first (通报).", requires=CATALOGUE
    )

    measures: Connection[Measure] = root_connection(
        roots.MEASURES, "Measures, newest first (互认措施).", requires=MEASURE, about=about.ABOUT_MEASURE
    )
    events: Connection[Event] = root_connection(
        roots.EVENTS,
        "Events, oldest first: keep the last endCursor, and ask for what came after it (变更事件). "
        "A partner's are those of whom it watches, of what vanished since it was served it, and of its consents.",
        CONSENTED,
        requires=EVENT,
        about=about.ABOUT_EVENT,
        filter_type=filters.EventFilter,
        prepare=roots.prepare_access,
    )
    statistics: list[Statistic] = root(
        STATISTICS_ROOT,
        "Figures of one source by groups, the largest first unless ordered otherwise (统计). See docs/statistics.md.",
        *STATISTICS_ARGUMENTS,
        requires=STATISTICS,
        sized_by="first",
        weight=AGGREGATION,
    )
    access_records: Connection[AccessRecord] = root_connection(
        roots.ACCESS_RECORDS,
        "The access log, newest first (访问日志).",
        requires=all_of(Scope.AUDIT),
        about=about.ABOUT_NOBODY,
        filter_type=filters.AccessRecordFilter,
    )

    transparency_log: TransparencyLog | None = root(
        LOG, "The transparency log of all answers (存证日志); null before its first entry.", requires=OPEN
    )
    client_alarms: Connection[ClientAlarm] = root_connection(
        roots.CLIENT_ALARMS,
        "Alarms over clients whose look-ups of persons were misses, newest first (核查异常预警).",
        requires=ALARMED,
        about=about.ABOUT_NOBODY,
    )
    security_events: Connection[SecurityEvent] = root_connection(
        roots.SECURITY_EVENTS,
        "Sign-ins and acts of administration, done and refused, newest first (安全审计事件).",
        requires=all_of(Scope.AUDIT),
        about=about.ABOUT_NOBODY,
        filter_type=SecurityEventFilter,
    )

    courts: list[Court] = root(roots.list_everything(models.Court), "Courts (法院).", requires=CATALOGUE)
    catalogue_versions: list[CatalogueVersion] = root(
        roots.EDITIONS, "Editions of the catalogue (目录版本).", IN_FORCE, requires=CATALOGUE
    )
    behaviours: list[Behaviour] = root(
        roots.list_edition(models.Behaviour), "Behaviours (失信行为).", IN_FORCE, requires=CATALOGUE
    )
    code_types: list[CodeType] = root(
        roots.list_edition(models.CodeType), "Code types (信用码类型).", IN_FORCE, requires=CATALOGUE
    )
    grading_rules: list[GradingRule] = root(
        roots.list_edition(models.GradingRule), "Rules of grading (分级规则).", IN_FORCE, requires=CATALOGUE
    )
    moral_bank_items: list[MoralBankItem] = root(
        roots.list_edition(models.MoralBankItem), "Moral-bank items (道德银行项目).", IN_FORCE, requires=CATALOGUE
    )


require(Query, OPEN)
