"""The tables. Importing this package registers all of them on `Base.metadata`."""

from models.access_answer import AccessAnswer, AccessIndex, AccessIndexState, AccessLogClosing, AccessShape, EarlierHash
from models.access_record import AccessRecord
from models.arbitral_award import ArbitralAward, AwardRefusal
from models.base import Base
from models.batch import Batch
from models.bulk_operation import BulkChunk, BulkOperation, BulkUpload, BulkUploadPiece
from models.bulletin import Bulletin
from models.calendar import CalendarDay, Reminder
from models.case_mark import CaseMark, CaseTransfer
from models.catalogue import Behaviour, Benefit, CaseType, CatalogueVersion, CodeType, MoralBankItem
from models.certificate import Certificate
from models.client import Client
from models.client_alarm import ClientAlarm, LookUpCount
from models.client_budget import ClientBudget
from models.code_record import CodePeriod, CodeRecord, CodeRecordVersion
from models.consent import Consent, ShareCode
from models.consent_audit import ConsentAudit
from models.consequence_notice import ConsequenceNotice
from models.court import Court, Division, Staff
from models.court_case import CourtCase, Participation
from models.deduction import Deduction, DeductionStep, DeductionVersion
from models.developer_session import DeveloperSession
from models.event import Event
from models.forwarded_dispute import ForwardedDispute
from models.grading import GradingRule
from models.grant_proposal import GrantProposal, PowerSeparation
from models.household import Household, HouseholdMember, Village
from models.idempotency_key import IdempotencyKey
from models.identity_claim import IdentityClaim
from models.identity_conflict import IdentityAct, IdentityConflict
from models.import_run import ImportFinding, ImportRun, RecordChange
from models.incentive_loan import CreditLine, IncentiveLoan
from models.integrity_report import IntegrityReport
from models.issued_token import AssertionUse, IssuedToken
from models.listing import Listing, ListingLift, Removal
from models.litigant_session import LitigantSession
from models.measure import Measure
from models.name_reading import NameReading
from models.number_hashes import EarlierForm
from models.objection import Objection, Reexamination
from models.panel import PanelRule, PanelVote
from models.party import Identity, Party
from models.party_card import CardedDeduction, CardedIdentity, CardWithdrawal, DeductionFacts, IdentityFacts, PartyCard
from models.party_name import PartyName
from models.point_conversion import PointConversion, VillageNotice
from models.policy_profile import CourtProfile
from models.published_key_set import PublishedKeySet
from models.pushed_request import PushedRequest
from models.record_step import RecordStep
from models.relation import PartyRelation
from models.repair import Repair
from models.repair_performance import RepairPerformance
from models.request_entry import ClientUsage, RequestEntry
from models.risk_report import RiskReport
from models.sanction import Sanction
from models.saved_document import SavedDocument
from models.security_event import SecurityEvent
from models.settlement import Settlement
from models.staff_account import (
    AuthorizationCode,
    RecoveryCode,
    SecondFactor,
    SecurityKey,
    SignInFailure,
    StaffAccount,
    StaffSession,
)
from models.staff_login import OpenIdAttempt, StaffLogin
from models.subject_notice import SubjectNotice
from models.transparency.tables import LogCheckpoint, LogCosignature, LogDeletion, LogLeaf, LogNode, LogRotation
from models.trusted_document import TrustedDocument
from models.used_proof import ProofMemory, UsedProof
from models.vocabulary import VocabularyWord
from models.watch import Notification, Watch, WatchLine, WatchOrder
from models.webhook import Delivery, Webhook

__all__ = [
    "AccessAnswer",
    "AccessIndex",
    "AccessIndexState",
    "AccessLogClosing",
    "AccessRecord",
    "AccessShape",
    "ArbitralAward",
    "AssertionUse",
    "AuthorizationCode",
    "AwardRefusal",
    "Base",
    "Batch",
    "Behaviour",
    "Benefit",
    "BulkChunk",
    "BulkOperation",
    "BulkUpload",
    "BulkUploadPiece",
    "Bulletin",
    "CalendarDay",
    "CardWithdrawal",
    "CardedDeduction",
    "CardedIdentity",
    "CaseMark",
    "CaseTransfer",
    "CaseType",
    "CatalogueVersion",
    "Certificate",
    "Client",
    "ClientAlarm",
    "ClientBudget",
    "ClientUsage",
    "CodePeriod",
    "CodeRecord",
    "CodeRecordVersion",
    "CodeType",
    "Consent",
    "ConsentAudit",
    "ConsequenceNotice",
    "Court",
    "CourtCase",
    "CourtProfile",
    "CreditLine",
    "Deduction",
    "DeductionFacts",
    "DeductionStep",
    "DeductionVersion",
    "Delivery",
    "DeveloperSession",
    "Division",
    "EarlierForm",
    "EarlierHash",
    "Event",
    "ForwardedDispute",
    "GradingRule",
    "GrantProposal",
    "Household",
    "HouseholdMember",
    "IdempotencyKey",
    "Identity",
    "IdentityAct",
    "IdentityClaim",
    "IdentityConflict",
    "IdentityFacts",
    "ImportFinding",
    "ImportRun",
    "IncentiveLoan",
    "IntegrityReport",
    "IssuedToken",
    "Listing",
    "ListingLift",
    "LitigantSession",
    "LogCheckpoint",
    "LogCosignature",
    "LogDeletion",
    "LogLeaf",
    "LogNode",
    "LogRotation",
    "LookUpCount",
    "Measure",
    "MoralBankItem",
    "NameReading",
    "Notification",
    "Objection",
    "OpenIdAttempt",
    "PanelRule",
    "PanelVote",
    "Participation",
    "Party",
    "PartyCard",
    "PartyName",
    "PartyRelation",
    "PointConversion",
    "PowerSeparation",
    "ProofMemory",
    "PublishedKeySet",
    "PushedRequest",
    "RecordChange",
    "RecordStep",
    "RecoveryCode",
    "Reexamination",
    "Reminder",
    "Removal",
    "Repair",
    "RepairPerformance",
    "RequestEntry",
    "RiskReport",
    "Sanction",
    "SavedDocument",
    "SecondFactor",
    "SecurityEvent",
    "SecurityKey",
    "Settlement",
    "ShareCode",
    "SignInFailure",
    "Staff",
    "StaffAccount",
    "StaffLogin",
    "StaffSession",
    "SubjectNotice",
    "TrustedDocument",
    "UsedProof",
    "Village",
    "VillageNotice",
    "VocabularyWord",
    "Watch",
    "WatchLine",
    "WatchOrder",
    "Webhook",
]  # fmt: skip
