"""The enums of the domain and their descriptions."""

from enum import Enum

import strawberry

from auth.audiences import Audience, Purpose
from casework.refusal import Code
from languages.words import ValueWords, read_error_kinds, read_values
from models.access_record import AccessResult, BorrowerRelation, MatchOutcome
from models.arbitral_award import AwardKind, RefusalState
from models.batch import BatchStatus
from models.bulk_operation import BulkError, BulkKind, BulkState
from models.bulletin import BulletinKind
from models.calendar import ReminderKind
from models.catalogue import BenefitKind, Colour, ItemKind, Stage, Tier
from models.client import DocumentPolicy
from models.code_record import CloseReason, Reading
from models.consent import ConsentOrigin
from models.consent_audit import LetterFinding
from models.court import StaffRole
from models.court_case import Confidentiality, Role
from models.deduction import DeductionStatus, FindingKind
from models.documents import DocumentKind
from models.event import EventKind
from models.forwarded_dispute import DisputeResponse
from models.grading import RiskGrade, RuleSource
from models.identity_claim import ClaimOutcome
from models.identity_conflict import ConflictOutcome, ConflictState, IdentityActKind, IdentityActState
from models.import_run import FindingLevel, ImportState
from models.incentive_loan import LoanOutcome
from models.listing import DebtorGround, ListingGrade, ListingKind
from models.measure import MeasureStatus
from models.objection import ObjectionOutcome, ReexaminingPart
from models.party import PartyKind
from models.party_name import NameStanding
from models.point_conversion import ConversionStatus
from models.policy_profile import PolicyProfile
from models.public_record import PublicRecordKind, ShownRecordKind
from models.relation import RelationKind
from models.repair import RepairGround, RepairOutcome
from models.risk_report import RiskKind, RiskResponse
from models.sanction import SanctionKind
from models.security_event import SecurityAct, SecurityResult, SecurityRoad
from models.subject_notice import NoticeKind
from models.watch import WatchOutcome
from models.webhook import DeliveryFailure, DisableReason

DESCRIPTIONS = {
    Purpose: "Why a subject is looked up (查询用途).",
    AccessResult: "What kind of answer was given (结果类别).",
    AwardKind: "An award, or a mediation, which binds as an award does (仲裁文书种类).",
    RefusalState: "Where a refusal to perform an award stands (拒不履行报告状态).",
    BatchStatus: "Where a batch stands (批次状态).",
    BulletinKind: "A kind of bulletin (通报种类).",
    Confidentiality: "Why a case, or part of it, stays inside the court (不公开类型).",
    Role: "Position of a participant in a case (诉讼地位).",
    Stage: "A stage of a case (诉讼环节), with a base of ten points.",
    Tier: "How grave a behaviour is (失信等级): T1 1–5 points, T2 6–8, T3 9–10.",
    Colour: "The colour of a code (信用码颜色): RED > YELLOW > BLUE > GOLD > GREEN.",
    BenefitKind: "What a benefit is about (礼遇类别).",
    RelationKind: "What a party is to an organization (关联关系).",
    ItemKind: "A kind of moral-bank item (道德银行项目类别).",
    Audience: "A kind of client (接入方类型).",
    Reading: "How an answer about a day is read: right by today's knowledge, or as it was given on that day, with "
    "nothing that was recorded later (查询口径).",
    CloseReason: "Why a record ended before its term (终止原因).",
    DocumentPolicy: "Which documents a client may send (文档策略).",
    DeliveryFailure: "Why no answer came to an attempt to deliver an event (推送失败原因).",
    DisableReason: "Why a webhook is sent nothing: its owner's wish, 410 Gone, or that nothing is taken (停用原因).",
    RiskGrade: "A grade (风险等级), best first.",
    RuleSource: "What a rule of grading looks at (记录类别).",
    RiskKind: "What a bank noticed of its customer: overdue, assets moved, assets found, out of reach (风险类型).",
    RiskResponse: "What a court makes of a risk that a bank reports (处理结果).",
    DisputeResponse: "What a court makes of a dispute that a bank forwards (处理结果).",
    LoanOutcome: "How an incentive loan ended (贷款结果).",
    LetterFinding: "What a court found of an authorisation letter (授权书核验结果).",
    NoticeKind: "What was done in a subject's name (告知事项).",
    ConsentOrigin: "Who says that there is a consent: its recipient on a letter, or its subject (授权来源).",
    WatchOutcome: "What came of an order to watch (监测委托结果).",
    DeductionStatus: "Where a deduction stands (扣分状态).",
    EventKind: "What happened to a subject (事件类型).",
    FindingKind: "The document in which a behaviour was found (认定文书).",
    StaffRole: "The part that a member of staff plays (工作人员角色).",
    ListingKind: "A public list (名单种类).",
    PolicyProfile: "Rules of publicity and repair that a court applies (政策文件).",
    PublicRecordKind: "What a published record is (公开记录种类).",
    ShownRecordKind: "What a report shows of its subject (报告事项种类).",
    ListingGrade: "How grave a dishonest debtor's conduct is: 轻微, 一般, 严重 (失信等级).",
    DebtorGround: "Why a judgment debtor is listed, by 法释〔2017〕7号, article 1 (失信行为情形).",
    MeasureStatus: "Where a measure stands (措施状态).",
    ObjectionOutcome: "How an objection ended (异议结果).",
    ReexaminingPart: "Who re-examines an objection before the panel (复核部门).",
    DocumentKind: "A kind of document that identifies (证件类型).",
    NameStanding: "What a name is to its party: current, former (曾用名), or a slip that is never matched (误写).",
    ConflictState: "Whether a conflict of identity awaits somebody (身份冲突状态).",
    ConflictOutcome: "What another name under one number was: the name corrected, a former name, or a wrong number.",
    ClaimOutcome: "Who took part, where a subject says that it did not (非本人申请结果).",
    IdentityActKind: "What is done with an identity (身份处理类型).",
    IdentityActState: "Where such an act stands (身份处理状态).",
    PartyKind: "A natural person or an organization (主体类型).",
    ConversionStatus: "Where a conversion stands (积分转换状态).",
    ReminderKind: "What a court is reminded of (提醒类型).",
    RepairGround: "Why a repair is asked for (修复事由).",
    RepairOutcome: "How a repair ended (修复结果).",
    SecurityAct: "What was done or tried, of sign-ins and administration (安全审计行为).",
    SecurityResult: "Whether it was done or refused (安全审计结果).",
    SecurityRoad: "By which road it came (途径).",
    SanctionKind: "A kind of sanction (制裁种类); fine, detention and conviction make red.",
    MatchOutcome: "How a look-up ended (核查结果).",
    BulkKind: "What a bulk operation reads (作业类型).",
    BulkState: "Where a bulk operation stands (作业状态).",
    BulkError: "Why a bulk operation failed: something that it had read may be shown no more, its file grew too "
    "large, its document is refused now, or by us (失败原因).",
    ImportState: "Where an import stands: INTERRUPTED where it did not come to its end; run it again (导入状态).",
    FindingLevel: "Whether lines were rejected, or taken with a warning (问题级别).",
    BorrowerRelation: "How the subject stands to the loan (与借款人关系).",
}


def register() -> None:
    """Register the enums with strawberry. This must precede the declaration of types that use them."""
    for enum, description in DESCRIPTIONS.items():
        declare_enum(enum, description)


def declare_enum(enum: type[Enum], description: str, name: str | None = None) -> None:
    """Register an enum with strawberry. Its values are described by `vocabulary/`. Raises KeyError for a value without
    words."""
    strawberry.enum(enum, name=name, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]  # strawberry adds it
        value.description = _find_words(enum, value.name).describe()


def _find_words(enum: type[Enum], value: str) -> ValueWords:
    """Return the words for a value; for an error code, from the catalogue of errors."""
    if enum is not Code:
        return read_values()[enum.__name__, value]
    kind = read_error_kinds()[value]
    return ValueWords(enum.__name__, value, kind.meaning.rstrip("."), kind.meaning_zh.rstrip("。"))
