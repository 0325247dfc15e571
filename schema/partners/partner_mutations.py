"""Mutations of partners, and of persons who consent to them."""

from functools import partial

import strawberry

from auth.scopes import Scope
from casework import bulk_operations as bulk
from casework import (
    consent_audits,
    consents,
    forwarded_disputes,
    incentive_loans,
    integrity_reports,
    risk_reports,
    share_codes,
    watches,
    webhooks,
)
from engine.policy import all_of, any_of
from resolvers.mutations import bulk_operations
from resolvers.mutations import consents as own_consents
from resolvers.mutations import incentive_loans as own_incentive_loans
from resolvers.mutations import integrity_reports as own_integrity_reports
from resolvers.mutations import webhooks as own_webhooks
from resolvers.mutations.acting import Also
from resolvers.partners.watches import LINES
from schema.credit.integrity_report import IntegrityReport, IssueIntegrityReportInput, RevokeIntegrityReportInput
from schema.mutation_fields import mutation
from schema.oversight.forwarded_dispute import ForwardDisputeInput, ForwardedDispute
from schema.oversight.risk_report import ReportRiskInput, RiskReport
from schema.partners.bulk_operation import (
    BulkOperation,
    CancelBulkOperationInput,
    SignDownloadInput,
    StartBatchCheckInput,
    StartBatchWatchInput,
    StartExportInput,
)
from schema.partners.consent import Consent, ShareCode
from schema.partners.consent_audit import ConsentAudit, DisputeConsentInput, ShowLetterInput
from schema.partners.consent_input import (
    CreateShareCodeInput,
    GrantConsentInput,
    RegisterConsentInput,
    RevokeConsentInput,
    RevokeShareCodeInput,
    UnwatchInput,
    WatchInput,
)
from schema.partners.incentive_loan import (
    CloseCreditLineInput,
    CloseIncentiveLoanInput,
    CreditLine,
    IncentiveLoan,
    RecordCreditLineInput,
    RecordIncentiveLoanInput,
)
from schema.partners.watch import WatchLine
from schema.partners.webhook import Webhook
from schema.partners.webhook_input import (
    ChangeWebhookInput,
    CreateWebhookInput,
    DeleteWebhookInput,
    DisableWebhookInput,
    EnableWebhookInput,
    ReplayEventsInput,
    RotateWebhookKeysInput,
)

by_subject = partial(mutation, requires=all_of(Scope.GRANT_WRITE))
on_bulk = partial(mutation, requires=all_of(Scope.BULK, Scope.BULK_WRITE))
on_loan = partial(mutation, requires=all_of(Scope.LOAN, Scope.LOAN_WRITE))
on_watch = partial(mutation, requires=all_of(Scope.WATCH, Scope.WATCH_WRITE), lines=LINES)
on_webhook = partial(mutation, requires=all_of(Scope.EVENT, Scope.WEBHOOK_WRITE))
SECRET = Also(
    "secret",
    "The secret to check `v1` signatures by (密钥). It is told here and nowhere else.",
    own_webhooks.show_secret,
)


@strawberry.type(description="What partners do (机构办理).")
class PartnerMutations:
    """The root fields of consents, watches, webhooks, loans and bulk operations."""

    register_consent = mutation(
        own_consents.register_consent,
        RegisterConsentInput,
        Consent,
        "A bank registers a letter that a person signed (授权登记).",
        requires=all_of(Scope.CONSENT, Scope.CONSENT_WRITE),
    )
    grant_consent = by_subject(
        consents.grant_consent, GrantConsentInput, Consent, "The authenticated subject consents to a recipient (授权)."
    )
    revoke_consent = mutation(
        own_consents.revoke_consent,
        RevokeConsentInput,
        Consent,
        "Its subject, or its recipient, ends a consent: the next query finds none (撤回授权).",
        requires=any_of(Scope.GRANT_WRITE, Scope.CONSENT_WRITE),
    )
    dispute_consent = by_subject(
        consent_audits.dispute_consent,
        DisputeConsentInput,
        ConsentAudit,
        "The authenticated subject disputes a letter that it did not sign: the next query finds none (授权异议).",
    )
    show_letter = mutation(
        consent_audits.show_letter,
        ShowLetterInput,
        ConsentAudit,
        "A bank shows the letter of an audited consent (出示授权书).",
        requires=all_of(Scope.CONSENT, Scope.CONSENT_WRITE),
    )
    create_share_code = by_subject(
        own_consents.create_share_code,
        CreateShareCodeInput,
        ShareCode,
        "The authenticated subject makes a code by which it shows its record (生成分享码).",
        also=[Also("code", "The code (分享码). It is told here and nowhere else.", own_consents.show_code)],
    )
    revoke_share_code = by_subject(
        share_codes.revoke_share_code,
        RevokeShareCodeInput,
        ShareCode,
        "The authenticated subject ends a share code (作废分享码).",
    )
    issue_integrity_report = by_subject(
        own_integrity_reports.issue,
        IssueIntegrityReportInput,
        IntegrityReport,
        "The authenticated subject has a signed report of its litigation credit issued (出具司法诚信报告).",
        also=[
            Also("code", "Its code (报告码). It is told here and nowhere else.", own_integrity_reports.show_code),
            Also("address", "Where whoever has it views the report (查验地址).", own_integrity_reports.show_address),
        ],
    )
    revoke_integrity_report = by_subject(
        integrity_reports.revoke_report,
        RevokeIntegrityReportInput,
        IntegrityReport,
        "The authenticated subject withdraws a report (撤回司法诚信报告).",
    )
    watch = on_watch(
        own_consents.watch,
        WatchInput,
        WatchLine,
        "A bank watches customers: it is told when something changes for them (监测).",
    )
    unwatch = on_watch(watches.unwatch, UnwatchInput, WatchLine, "A bank watches customers no longer (停止监测).")
    report_risk = mutation(
        risk_reports.report_risk,
        ReportRiskInput,
        RiskReport,
        "A bank tells the court of a record what it noticed of its customer (预警反馈).",
        requires=all_of(Scope.WATCH, Scope.WATCH_WRITE),
    )
    forward_dispute = mutation(
        forwarded_disputes.forward_dispute,
        ForwardDisputeInput,
        ForwardedDispute,
        "A bank sends what its customer disputes to the court of the item, and the customer is told (异议转交).",
        requires=all_of(Scope.WATCH, Scope.WATCH_WRITE),
    )
    record_credit_line = on_loan(
        own_incentive_loans.record_line,
        RecordCreditLineInput,
        CreditLine,
        "A bank reports a credit line that it granted on gold (诚信履行贷授信报送).",
    )
    close_credit_line = on_loan(
        incentive_loans.close_line,
        CloseCreditLineInput,
        CreditLine,
        "A bank reports that it closed such a line (授信终止).",
    )
    record_incentive_loan = on_loan(
        own_incentive_loans.record,
        RecordIncentiveLoanInput,
        IncentiveLoan,
        "A bank reports a loan that it granted on gold (诚信履行贷报送).",
    )
    close_incentive_loan = on_loan(
        incentive_loans.close_loan,
        CloseIncentiveLoanInput,
        IncentiveLoan,
        "A bank reports how such a loan ended (诚信履行贷结清).",
    )
    create_webhook = on_webhook(
        webhooks.create_webhook,
        CreateWebhookInput,
        Webhook,
        "A partner says where events are sent (登记回调).",
        also=[SECRET],
    )
    change_webhook = on_webhook(
        webhooks.change_webhook,
        ChangeWebhookInput,
        Webhook,
        "A partner is sent events at another address, or other kinds of them; the keys stay (变更回调). What waits goes"
        " to the new address at once, and what waits of other kinds is not sent.",
    )
    delete_webhook = on_webhook(
        webhooks.delete_webhook,
        DeleteWebhookInput,
        Webhook,
        "A partner has no more use for a webhook: it is sent nothing, and its address may be given anew (删除回调).",
    )
    rotate_webhook_keys = on_webhook(
        webhooks.rotate_keys,
        RotateWebhookKeysInput,
        Webhook,
        "A partner changes a webhook's keys; for a day both sign (更换密钥).",
        also=[SECRET],
    )
    disable_webhook = on_webhook(
        webhooks.disable_webhook,
        DisableWebhookInput,
        Webhook,
        "A partner is sent nothing more at a webhook (停用回调).",
    )
    enable_webhook = on_webhook(
        webhooks.enable_webhook,
        EnableWebhookInput,
        Webhook,
        "A partner is sent events again at a webhook, what was not delivered first (启用回调).",
    )
    replay_events = on_webhook(
        webhooks.replay,
        ReplayEventsInput,
        Webhook,
        "A partner is sent events once more, each under the id that it had (重新推送).",
    )
    start_export = on_bulk(
        bulk_operations.start_export,
        StartExportInput,
        BulkOperation,
        "A partner exports a whole list, into a file of JSON lines (导出).",
    )
    start_batch_check = on_bulk(
        bulk_operations.start_batch_check,
        StartBatchCheckInput,
        BulkOperation,
        "A partner has a file of up to 100,000 subjects checked, each line for itself (批量核查).",
    )
    start_batch_watch = mutation(
        bulk_operations.start_batch_watch,
        StartBatchWatchInput,
        BulkOperation,
        "A bank watches a file of up to 100,000 customers, each line for itself (批量监测).",
        requires=all_of(Scope.BULK, Scope.BULK_WRITE, Scope.WATCH, Scope.WATCH_WRITE),
    )
    cancel_bulk_operation = on_bulk(
        bulk.cancel,
        CancelBulkOperationInput,
        BulkOperation,
        "A partner ends a bulk operation; what it has written is deleted (取消作业).",
    )
    sign_download = on_bulk(
        bulk_operations.check_download,
        SignDownloadInput,
        BulkOperation,
        "A partner is told where to fetch a file, for a quarter of an hour (下载).",
        also=[
            Also("url", "The signed address (下载地址). Whoever has it may fetch the file.", bulk_operations.sign_url)
        ],
    )
