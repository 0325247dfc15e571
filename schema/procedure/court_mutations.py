"""What a court's staff do, each in its own role."""

import strawberry

from auth.scopes import Scope
from casework import (
    batches,
    certificates,
    deductions,
    identities,
    listings,
    objections,
    publications,
    record_repairs,
    sanctions,
    settlements,
)
from engine.policy import all_of
from resolvers.mutations import identities as own_identities
from schema.credit.certificate import Certificate
from schema.credit.code_record import CodeRecord
from schema.credit.listing import Listing
from schema.credit.sanction import Sanction
from schema.mutation_fields import mutation
from schema.procedure.batch import Batch
from schema.procedure.bulletin import Bulletin
from schema.procedure.consequence_notice import ConsequenceNotice
from schema.procedure.deduction import Deduction
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
    ListDebtorInput,
    ListLenderInput,
    PublishBulletinInput,
    RemoveListingInput,
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
from schema.procedure.repair import Repair
from schema.register.identity import IdentityAct
from schema.register.identity_input import (
    CorrectNameInput,
    DecideIdentityActInput,
    MergePartiesInput,
    ResolveIdentityInput,
    SplitPartyInput,
)
from schema.register.settlement import Settlement

ACTING = all_of(Scope.PROCEDURE_WRITE)


@strawberry.type(description="What a court's staff do (办理).")
class CourtMutations:
    """The roots by which staff act."""

    propose_deduction = mutation(
        deductions.propose, ProposeDeductionInput, Deduction, "JUDGE: propose a deduction (提出扣分).", requires=ACTING
    )
    resubmit_deduction = mutation(
        deductions.resubmit,
        ResubmitDeductionInput,
        Deduction,
        "JUDGE: mend one's own proposal after its return (补正).",
        requires=ACTING,
    )
    review_deduction = mutation(
        deductions.approve, ReviewDeductionInput, Deduction, "CHIEF: approve a proposal (审核通过).", requires=ACTING
    )
    return_deduction = mutation(
        deductions.send_back, ReturnDeductionInput, Deduction, "CHIEF: return a proposal (退回).", requires=ACTING
    )
    open_batch = mutation(
        batches.open_batch, OpenBatchInput, Batch, "CENTRE: open the court's month (开立批次).", requires=ACTING
    )
    add_to_batch = mutation(
        batches.collect,
        AddToBatchInput,
        Deduction,
        "CENTRE: add an approved deduction to a month (归集).",
        requires=ACTING,
    )
    decide_item = mutation(
        batches.decide, DecideItemInput, Deduction, "PANEL: decide on an item (审定).", requires=ACTING
    )
    notify_subject = mutation(
        batches.notify,
        NotifySubjectInput,
        Deduction,
        "CENTRE: keep that the subject was notified (告知).",
        requires=ACTING,
    )
    publish_batch = mutation(
        batches.publish,
        PublishBatchInput,
        Batch,
        "CENTRE: publish a month, at once and once (发布).",
        requires=ACTING,
    )
    answer_objection = mutation(
        objections.answer_objection,
        AnswerObjectionInput,
        Objection,
        "PANEL: answer an objection (答复异议).",
        requires=ACTING,
    )
    decide_repair = mutation(
        record_repairs.decide,
        DecideRepairInput,
        Repair,
        "PANEL: decide on an application for repair (修复决定).",
        requires=ACTING,
    )
    end_repair = mutation(
        record_repairs.end_repair,
        EndRepairInput,
        CodeRecord,
        "CENTRE: end a repair in enforcement at its review (结束蓝码).",
        requires=ACTING,
    )
    record_sanction = mutation(
        sanctions.record_sanction,
        RecordSanctionInput,
        Sanction,
        "CENTRE: record a sanction (录入制裁).",
        requires=ACTING,
    )
    revoke_sanction = mutation(
        sanctions.revoke_sanction,
        RevokeSanctionInput,
        Sanction,
        "CENTRE: revoke a sanction on reconsideration (撤销制裁).",
        requires=ACTING,
    )
    issue_certificate = mutation(
        certificates.issue_certificate,
        IssueCertificateInput,
        Certificate,
        "CENTRE: certify an automatic performance (出具证明书).",
        requires=ACTING,
    )
    revoke_certificate = mutation(
        certificates.revoke_certificate,
        RevokeCertificateInput,
        Certificate,
        "CENTRE: revoke a certificate (撤销证明书).",
        requires=ACTING,
    )
    record_settlement_performed = mutation(
        settlements.record_settlement,
        RecordSettlementPerformedInput,
        Settlement,
        "CENTRE: keep that a settlement or mediation was performed (登记和解履行).",
        requires=ACTING,
    )
    revoke_settlement = mutation(
        settlements.revoke_settlement,
        RevokeSettlementInput,
        Settlement,
        "CENTRE: take back a settlement that was recorded wrongly (撤销履行记录).",
        requires=ACTING,
    )
    list_lender = mutation(
        listings.list_lender,
        ListLenderInput,
        Listing,
        "JUDGE: list a professional lender (职业放贷人认定).",
        requires=ACTING,
    )
    list_debtor = mutation(
        listings.list_debtor,
        ListDebtorInput,
        Listing,
        "JUDGE: list a dishonest judgment debtor (纳入失信被执行人名单).",
        requires=ACTING,
    )
    remove_listing = mutation(
        listings.remove_listing,
        RemoveListingInput,
        Listing,
        "JUDGE or CENTRE: take an entry off its list (移出名单).",
        requires=ACTING,
    )
    publish_bulletin = mutation(
        publications.publish_bulletin,
        PublishBulletinInput,
        Bulletin,
        "CENTRE: publish a bulletin (发布通报).",
        requires=ACTING,
    )
    issue_consequence_notice = mutation(
        publications.issue_notice,
        IssueConsequenceNoticeInput,
        ConsequenceNotice,
        "JUDGE: keep that a legal-consequence notice was served (法律后果告知).",
        requires=ACTING,
    )
    resolve_identity = mutation(
        own_identities.resolve_identity,
        ResolveIdentityInput,
        IdentityAct,
        "CENTRE: propose how a conflict of identity is resolved (处理身份冲突).",
        requires=ACTING,
    )
    correct_name = mutation(
        identities.correct_name,
        CorrectNameInput,
        IdentityAct,
        "CENTRE: propose another name of a party (更正姓名).",
        requires=ACTING,
    )
    merge_parties = mutation(
        identities.merge_parties,
        MergePartiesInput,
        IdentityAct,
        "CENTRE: propose that two parties are one (合并当事人).",
        requires=ACTING,
    )
    split_party = mutation(
        own_identities.split_party,
        SplitPartyInput,
        IdentityAct,
        "CENTRE: propose that items are another party's (拆分当事人).",
        requires=ACTING,
    )
    decide_identity_act = mutation(
        identities.decide_act,
        DecideIdentityActInput,
        IdentityAct,
        "CENTRE or PRESIDENT: confirm or refuse what a colleague proposed; confirmed, it is done (复核身份事项).",
        requires=ACTING,
    )
