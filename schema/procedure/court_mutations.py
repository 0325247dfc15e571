"""Mutations of a court's staff."""

from functools import partial

import strawberry

from auth.scopes import Scope
from casework import (
    batches,
    case_marks,
    certificates,
    consent_audits,
    deductions,
    forwarded_disputes,
    identities,
    objections,
    panel,
    publications,
    record_repairs,
    repair_performances,
    risk_reports,
    sanctions,
    settlements,
    suspicions,
)
from engine.policy import all_of
from resolvers.mutations import identities as own_identities
from schema.credit.certificate import Certificate
from schema.credit.code_record import CodeRecord
from schema.credit.sanction import Sanction
from schema.mutation_fields import mutation
from schema.oversight.forwarded_dispute import AnswerDisputeInput, ForwardedDispute
from schema.oversight.risk_report import AnswerRiskReportInput, RiskReport
from schema.partners.consent_audit import ConsentAudit, SettleConsentAuditInput
from schema.procedure.batch import Batch
from schema.procedure.bulletin import Bulletin
from schema.procedure.consequence_notice import ConsequenceNotice
from schema.procedure.deduction import Deduction
from schema.procedure.desk import CaseMark, PanelRule
from schema.procedure.desk_input import (
    ClearSuspicionInput,
    ConfirmSuspicionInput,
    EnterSuspicionInput,
    MarkCaseInput,
    OpenDivisionInput,
    RecordPerformanceInput,
    RevokePerformanceInput,
    SetPanelQuorumInput,
    TransferCaseInput,
)
from schema.procedure.objection import Objection
from schema.procedure.procedure_input import (
    AddToBatchInput,
    DecideItemInput,
    NotifySubjectInput,
    OpenBatchInput,
    ProposeDeductionInput,
    PublishBatchInput,
    ResubmitDeductionInput,
    ReturnDeductionInput,
    ReviewDeductionInput,
)
from schema.procedure.publication_input import (
    IssueConsequenceNoticeInput,
    PublishBulletinInput,
)
from schema.procedure.remedy_input import (
    AnswerObjectionInput,
    DecideRepairInput,
    EndRepairInput,
    IssueCertificateInput,
    RecordSanctionInput,
    RecordSettlementPerformedInput,
    RevokeCertificateInput,
    RevokeSanctionInput,
    RevokeSettlementInput,
)
from schema.procedure.repair import Repair, RepairPerformance
from schema.register.case import Case
from schema.register.division import Division
from schema.register.identity import IdentityAct
from schema.register.identity_input import (
    CorrectNameInput,
    DecideIdentityActInput,
    MergePartiesInput,
    ResolveIdentityInput,
    SplitPartyInput,
)
from schema.register.settlement import Settlement

by_staff = partial(mutation, requires=all_of(Scope.PROCEDURE_WRITE))


@strawberry.type(description="What a court's staff do (办理).")
class CourtMutations:
    """The root fields of staff."""

    open_division = by_staff(
        case_marks.open_division, OpenDivisionInput, Division, "PRESIDENT: add a division to the court (设立庭室)."
    )
    mark_case = by_staff(
        case_marks.mark_case, MarkCaseInput, CaseMark, "JUDGE or CENTRE: mark a litigant who is not green (提示标记)."
    )
    transfer_case = by_staff(
        case_marks.transfer_case,
        TransferCaseInput,
        Case,
        "JUDGE, CHIEF or CENTRE: transfer a case to a division of its court (移送).",
    )
    enter_suspicion = by_staff(
        suspicions.enter_suspicion,
        EnterSuspicionInput,
        CodeRecord,
        "JUDGE: enter a suspicion of false litigation, which only courts see (登记涉嫌虚假诉讼).",
    )
    clear_suspicion = by_staff(
        suspicions.clear_suspicion, ClearSuspicionInput, CodeRecord, "JUDGE: end a suspicion that is wrong (排除嫌疑)."
    )
    confirm_suspicion = by_staff(
        suspicions.confirm_suspicion,
        ConfirmSuspicionInput,
        CodeRecord,
        "JUDGE: end a suspicion that a sanction confirms (查实虚假诉讼).",
    )
    propose_deduction = by_staff(
        deductions.propose, ProposeDeductionInput, Deduction, "JUDGE: propose a deduction (提出扣分)."
    )
    resubmit_deduction = by_staff(
        deductions.resubmit,
        ResubmitDeductionInput,
        Deduction,
        "JUDGE: mend one's own proposal after its return (补正).",
    )
    review_deduction = by_staff(
        deductions.approve, ReviewDeductionInput, Deduction, "CHIEF: approve a proposal (审核通过)."
    )
    return_deduction = by_staff(
        deductions.send_back, ReturnDeductionInput, Deduction, "CHIEF: return a proposal (退回)."
    )
    open_batch = by_staff(batches.open_batch, OpenBatchInput, Batch, "CENTRE: open the court's month (开立批次).")
    add_to_batch = by_staff(
        batches.collect, AddToBatchInput, Deduction, "CENTRE: add an approved deduction to a month (归集)."
    )
    set_panel_quorum = by_staff(
        panel.set_quorum, SetPanelQuorumInput, PanelRule, "PRESIDENT: set the quorum of the panel (设定法定人数)."
    )
    decide_item = by_staff(
        batches.decide,
        DecideItemInput,
        Deduction,
        "PANEL: vote on an item; from the quorum on, the majority decides (审定).",
    )
    notify_subject = by_staff(
        batches.notify, NotifySubjectInput, Deduction, "CENTRE: keep that the subject was notified (告知)."
    )
    publish_batch = by_staff(
        batches.publish,
        PublishBatchInput,
        Batch,
        "CENTRE: publish a month, at once and once (发布).",
        steps_up=True,
    )
    answer_objection = by_staff(
        objections.answer_objection, AnswerObjectionInput, Objection, "PANEL: answer an objection (答复异议)."
    )
    decide_repair = by_staff(
        record_repairs.decide, DecideRepairInput, Repair, "PANEL: decide on an application for repair (修复决定)."
    )
    end_repair = by_staff(
        record_repairs.end_repair,
        EndRepairInput,
        CodeRecord,
        "CENTRE: end a repair in enforcement at its review (结束蓝码).",
    )
    record_performance = by_staff(
        repair_performances.record_performance,
        RecordPerformanceInput,
        RepairPerformance,
        "CENTRE: record an amount that was performed after a blue repair (登记修复后履行).",
    )
    revoke_performance = by_staff(
        repair_performances.revoke_performance,
        RevokePerformanceInput,
        RepairPerformance,
        "CENTRE: take back an amount that was recorded wrongly (撤销履行记录).",
    )
    record_sanction = by_staff(
        sanctions.record_sanction, RecordSanctionInput, Sanction, "CENTRE: record a sanction (录入制裁)."
    )
    revoke_sanction = by_staff(
        sanctions.revoke_sanction,
        RevokeSanctionInput,
        Sanction,
        "CENTRE: revoke a sanction on reconsideration (撤销制裁).",
    )
    issue_certificate = by_staff(
        certificates.issue_certificate,
        IssueCertificateInput,
        Certificate,
        "CENTRE: certify an automatic performance (出具证明书).",
    )
    revoke_certificate = by_staff(
        certificates.revoke_certificate,
        RevokeCertificateInput,
        Certificate,
        "CENTRE: revoke a certificate (撤销证明书).",
    )
    record_settlement_performed = by_staff(
        settlements.record_settlement,
        RecordSettlementPerformedInput,
        Settlement,
        "CENTRE: keep that a settlement or mediation was performed (登记和解履行).",
    )
    revoke_settlement = by_staff(
        settlements.revoke_settlement,
        RevokeSettlementInput,
        Settlement,
        "CENTRE: take back a settlement that was recorded wrongly (撤销履行记录).",
    )
    settle_consent_audit = by_staff(
        consent_audits.settle_audit,
        SettleConsentAuditInput,
        ConsentAudit,
        "CENTRE: decide whether a letter bears its consent (授权书核验).",
    )
    answer_risk_report = by_staff(
        risk_reports.answer_risk_report,
        AnswerRiskReportInput,
        RiskReport,
        "CENTRE or JUDGE: answer a bank that reported a risk (预警答复).",
    )
    answer_dispute = by_staff(
        forwarded_disputes.answer_dispute,
        AnswerDisputeInput,
        ForwardedDispute,
        "CENTRE or JUDGE: answer a dispute that a bank forwarded (异议转交答复).",
    )
    publish_bulletin = by_staff(
        publications.publish_bulletin, PublishBulletinInput, Bulletin, "CENTRE: publish a bulletin (发布通报)."
    )
    issue_consequence_notice = by_staff(
        publications.issue_notice,
        IssueConsequenceNoticeInput,
        ConsequenceNotice,
        "JUDGE: keep that a legal-consequence notice was served (法律后果告知).",
    )
    resolve_identity = by_staff(
        own_identities.resolve_identity,
        ResolveIdentityInput,
        IdentityAct,
        "CENTRE: propose how a conflict of identity is resolved (处理身份冲突).",
    )
    correct_name = by_staff(
        identities.correct_name, CorrectNameInput, IdentityAct, "CENTRE: propose another name of a party (更正姓名)."
    )
    merge_parties = by_staff(
        identities.merge_parties,
        MergePartiesInput,
        IdentityAct,
        "CENTRE: propose that two parties are one (合并当事人).",
    )
    split_party = by_staff(
        own_identities.split_party,
        SplitPartyInput,
        IdentityAct,
        "CENTRE: propose that items are another party's (拆分当事人).",
    )
    decide_identity_act = by_staff(
        identities.decide_act,
        DecideIdentityActInput,
        IdentityAct,
        "CENTRE or PRESIDENT: confirm or refuse what a colleague proposed; confirmed, it is done (复核身份事项).",
    )
