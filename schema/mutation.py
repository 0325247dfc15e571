"""The mutations, by who may call them. One a request; send an Idempotency-Key with each."""

import strawberry

from auth.policy import OPEN, all_of, any_of
from auth.scopes import Scope
from resolvers.mutations import (
    consents,
    deductions,
    incentive_loans,
    measures,
    moral_bank,
    publications,
    remedies,
    sanctions,
    webhooks,
)
from resolvers.mutations.acting import Also
from resolvers.watches import LINES
from schema.batch import Batch
from schema.bulletin import Bulletin
from schema.certificate import Certificate
from schema.code_record import CodeRecord
from schema.consent import Consent, ShareCode
from schema.consent_input import (
    CreateShareCodeInput,
    GrantConsentInput,
    RegisterConsentInput,
    RevokeConsentInput,
    RevokeShareCodeInput,
    UnwatchInput,
    WatchInput,
)
from schema.consequence_notice import ConsequenceNotice
from schema.declaring import enter
from schema.deduction import Deduction
from schema.incentive_loan import CloseIncentiveLoanInput, IncentiveLoan, RecordIncentiveLoanInput
from schema.listing import Listing
from schema.measure import Measure
from schema.mutating import mutation
from schema.objection import Objection
from schema.point_conversion import PointConversion, VillageNotice
from schema.procedure_input import (
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
from schema.publication_input import (
    IssueConsequenceNoticeInput,
    ListLenderInput,
    PublishBulletinInput,
    RemoveListingInput,
)
from schema.remedy_input import (
    AcknowledgeNoticeInput,
    AnswerObjectionInput,
    ApplyForRepairInput,
    ConfirmConversionInput,
    DecideRepairInput,
    EndRepairInput,
    FileObjectionInput,
    IssueCertificateInput,
    RecordRecognitionInput,
    RecordSanctionInput,
    ReturnConversionInput,
    RevokeCertificateInput,
    RevokeSanctionInput,
)
from schema.repair import Repair
from schema.sanction import Sanction
from schema.watch import WatchLine
from schema.webhook import Webhook
from schema.webhook_input import (
    CreateWebhookInput,
    DisableWebhookInput,
    EnableWebhookInput,
    ReplayEventsInput,
    RotateWebhookKeysInput,
)

ACTING = all_of(Scope.PROCEDURE_WRITE)
REMEDY = all_of(Scope.REMEDY_WRITE)
CONVERSION = all_of(Scope.CONVERSION_WRITE)
GRANT = all_of(Scope.GRANT_WRITE)
CALLED = all_of(Scope.EVENT, Scope.WEBHOOK_WRITE)
SECRET = Also(
    "secret", "The secret to check `v1` signatures by (密钥). It is told here and nowhere else.", webhooks.secret
)
LENDING = all_of(Scope.LOAN, Scope.LOAN_WRITE)
WATCHING = all_of(Scope.WATCH, Scope.WATCH_WRITE)


@strawberry.type(
    description="What changes something (办理). One a request; each is done whole or not at all, and says why not."
)
class Mutation:
    """The roots that write."""

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
        deductions.review, ReviewDeductionInput, Deduction, "CHIEF: approve a proposal (审核通过).", requires=ACTING
    )
    return_deduction = mutation(
        deductions.send_back, ReturnDeductionInput, Deduction, "CHIEF: return a proposal (退回).", requires=ACTING
    )
    open_batch = mutation(
        deductions.open_batch, OpenBatchInput, Batch, "CENTRE: open the court's month (开立批次).", requires=ACTING
    )
    add_to_batch = mutation(
        deductions.add_to_batch,
        AddToBatchInput,
        Deduction,
        "CENTRE: add an approved deduction to a month (归集).",
        requires=ACTING,
    )
    decide_item = mutation(
        deductions.decide_item, DecideItemInput, Deduction, "PANEL: decide on an item (审定).", requires=ACTING
    )
    notify_subject = mutation(
        deductions.notify_subject,
        NotifySubjectInput,
        Deduction,
        "CENTRE: keep that the subject was notified (告知).",
        requires=ACTING,
    )
    publish_batch = mutation(
        deductions.publish_batch,
        PublishBatchInput,
        Batch,
        "CENTRE: publish a month, at once and once (发布).",
        requires=ACTING,
    )
    answer_objection = mutation(
        remedies.answer_objection,
        AnswerObjectionInput,
        Objection,
        "PANEL: answer an objection (答复异议).",
        requires=ACTING,
    )
    decide_repair = mutation(
        remedies.decide_repair,
        DecideRepairInput,
        Repair,
        "PANEL: decide on an application for repair (修复决定).",
        requires=ACTING,
    )
    end_repair = mutation(
        remedies.end_repair,
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
        sanctions.issue_certificate,
        IssueCertificateInput,
        Certificate,
        "CENTRE: certify an automatic performance (出具证明书).",
        requires=ACTING,
    )
    revoke_certificate = mutation(
        sanctions.revoke_certificate,
        RevokeCertificateInput,
        Certificate,
        "CENTRE: revoke a certificate (撤销证明书).",
        requires=ACTING,
    )
    list_lender = mutation(
        publications.list_lender,
        ListLenderInput,
        Listing,
        "JUDGE: list a professional lender (职业放贷人认定).",
        requires=ACTING,
    )
    remove_listing = mutation(
        publications.remove_listing,
        RemoveListingInput,
        Listing,
        "JUDGE: take a lender off the list (移出名录).",
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

    file_objection = mutation(
        remedies.file_objection,
        FileObjectionInput,
        Objection,
        "The authenticated subject objects to an item of its own (提出异议).",
        requires=REMEDY,
    )
    apply_for_repair = mutation(
        remedies.apply_for_repair,
        ApplyForRepairInput,
        Repair,
        "The authenticated subject applies for repair (申请修复).",
        requires=REMEDY,
    )

    confirm_conversion = mutation(
        moral_bank.confirm,
        ConfirmConversionInput,
        PointConversion,
        "The head office confirms a conversion (确认); the village is told next.",
        requires=CONVERSION,
    )
    return_conversion = mutation(
        moral_bank.send_back,
        ReturnConversionInput,
        PointConversion,
        "The head office returns a conversion (退回).",
        requires=CONVERSION,
    )
    record_recognition = mutation(
        measures.record_recognition,
        RecordRecognitionInput,
        Measure,
        "The city's platform recognises a measure (互认).",
        requires=all_of(Scope.MEASURE_WRITE),
    )
    register_consent = mutation(
        consents.register_consent,
        RegisterConsentInput,
        Consent,
        "A bank registers a letter that a person signed (授权登记).",
        requires=all_of(Scope.CONSENT, Scope.CONSENT_WRITE),
    )
    grant_consent = mutation(
        consents.grant_consent,
        GrantConsentInput,
        Consent,
        "The authenticated subject consents to a recipient (授权).",
        requires=GRANT,
    )
    revoke_consent = mutation(
        consents.revoke_consent,
        RevokeConsentInput,
        Consent,
        "Its subject, or its recipient, ends a consent: the next query finds none (撤回授权).",
        requires=any_of(Scope.GRANT_WRITE, Scope.CONSENT_WRITE),
    )
    create_share_code = mutation(
        consents.create_share_code,
        CreateShareCodeInput,
        ShareCode,
        "The authenticated subject makes a code by which it shows its record (生成分享码).",
        requires=GRANT,
        also=[Also("code", "The code (分享码). It is told here and nowhere else.", consents.told_code)],
    )
    revoke_share_code = mutation(
        consents.revoke_share_code,
        RevokeShareCodeInput,
        ShareCode,
        "The authenticated subject ends a share code (作废分享码).",
        requires=GRANT,
    )
    watch = mutation(
        consents.watch,
        WatchInput,
        WatchLine,
        "A bank watches customers: it is told when something changes for them (监测).",
        requires=WATCHING,
        lines=LINES,
    )
    unwatch = mutation(
        consents.unwatch,
        UnwatchInput,
        WatchLine,
        "A bank watches customers no longer (停止监测).",
        requires=WATCHING,
        lines=LINES,
    )
    record_incentive_loan = mutation(
        incentive_loans.record,
        RecordIncentiveLoanInput,
        IncentiveLoan,
        "A bank reports a loan that it granted on gold (诚信履行贷报送).",
        requires=LENDING,
    )
    close_incentive_loan = mutation(
        incentive_loans.close,
        CloseIncentiveLoanInput,
        IncentiveLoan,
        "A bank reports how such a loan ended (诚信履行贷结清).",
        requires=LENDING,
    )
    create_webhook = mutation(
        webhooks.create,
        CreateWebhookInput,
        Webhook,
        "A partner says where events are sent (登记回调).",
        requires=CALLED,
        also=[SECRET],
    )
    rotate_webhook_keys = mutation(
        webhooks.rotate,
        RotateWebhookKeysInput,
        Webhook,
        "A partner changes a webhook's keys; for a day both sign (更换密钥).",
        requires=CALLED,
        also=[SECRET],
    )
    disable_webhook = mutation(
        webhooks.disable,
        DisableWebhookInput,
        Webhook,
        "A partner is sent nothing more at a webhook (停用回调).",
        requires=CALLED,
    )
    enable_webhook = mutation(
        webhooks.enable,
        EnableWebhookInput,
        Webhook,
        "A partner is sent events again at a webhook, what was not delivered first (启用回调).",
        requires=CALLED,
    )
    replay_events = mutation(
        webhooks.replay,
        ReplayEventsInput,
        Webhook,
        "A partner is sent events once more, each under the id that it had (重新推送).",
        requires=CALLED,
    )
    acknowledge_notice = mutation(
        moral_bank.acknowledge,
        AcknowledgeNoticeInput,
        VillageNotice,
        "A village acknowledges its notice (签收).",
        requires=all_of(Scope.NOTICE_WRITE),
    )


enter(Mutation, None, OPEN)
