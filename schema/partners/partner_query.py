"""Queries of partners."""

import strawberry

from auth.scopes import Scope
from engine.declare.connections import Connection
from engine.declare.fields import argument, root, root_connection
from engine.policy import all_of, any_of
from resolvers import roots
from resolvers.partners import forwarded_disputes, portfolio, risk_reports, scenarios
from resolvers.register import subjects
from resolvers.visibility import about
from schema.arbitration.award_query import AwardQuery
from schema.oversight.forwarded_dispute import DISPUTED, ForwardedDispute
from schema.oversight.risk_report import REPORTED, RiskReport
from schema.partner_filters import (
    ConsentAuditFilter,
    ConsentFilter,
    CreditLineFilter,
    ForwardedDisputeFilter,
    PortfolioFilter,
    RiskReportFilter,
    WatchFilter,
)
from schema.partners.bulk_operation import BulkOperation
from schema.partners.client import Client
from schema.partners.consent import Consent
from schema.partners.consent_audit import ConsentAudit
from schema.partners.incentive_loan import CreditLine, IncentiveLoan
from schema.partners.scenarios import (
    CommerceReport,
    EmployerReport,
    EmploymentReport,
    FinanceReport,
    SharedReport,
    ShownReport,
)
from schema.partners.watch import PortfolioEntry, Watch
from schema.partners.webhook import Webhook
from schema.register.subject import AccessInput, SubjectKey, SubjectReport
from schema.requirements import BULK, EVENT, LOAN, SUBJECT, WATCH

ACCESS = argument("access", AccessInput, "Why, and who asks in your house (查询事由).")


CONSENTED = argument("access", AccessInput | None, "The purpose that a person's consent names (查询事由).", None)


@strawberry.type(description="What partners ask (机构查询).")
class PartnerQuery(AwardQuery):
    """The root fields of look-ups, consents, watches, webhooks, loans and bulk operations."""

    subject: SubjectReport = root(
        subjects.build_subject_root(many=False),
        "A subject by name and number, for a purpose (主体核查).",
        argument("by", SubjectKey, "The subject (主体)."),
        ACCESS,
        requires=SUBJECT,
    )
    subjects: list[SubjectReport] = root(
        subjects.build_subject_root(many=True),
        "Up to 100 subjects in one call, in the order asked (批量核查).",
        argument("by", list[SubjectKey], "The subjects (主体)."),
        ACCESS,
        requires=SUBJECT,
        sized_by="by",
    )

    finance_check: list[FinanceReport] = root(
        scenarios.FINANCE,
        "A bank's check of up to 100 subjects, in the order asked (诉讼信用+金融).",
        argument("by", list[SubjectKey], "The subjects (主体)."),
        ACCESS,
        requires=all_of(Scope.SUBJECT, Scope.PERSON_CREDIT),
        sized_by="by",
    )
    employment_check: EmploymentReport = root(
        scenarios.EMPLOYMENT,
        "An employer's check of a candidate, by consent or share code (诉讼信用+就业).",
        argument("by", SubjectKey, "The candidate (求职者)."),
        ACCESS,
        requires=all_of(Scope.SUBJECT, Scope.PERSON_INTEGRITY),
    )
    commerce_check: CommerceReport = root(
        scenarios.COMMERCE,
        "A check of an organization, before a contract or by who looks for work (诉讼信用+商务).",
        argument("by", SubjectKey, "The organization (单位)."),
        ACCESS,
        requires=all_of(Scope.SUBJECT, Scope.ORGANIZATION),
    )
    shared_report: SharedReport | None = root(
        scenarios.SHARED,
        "What the subject of a share code shows (诉讼信用+社会); null for a code that is unknown, used or over.",
        argument("code", str, "The code (分享码)."),
        ACCESS,
        requires=all_of(Scope.SUBJECT, Scope.PERSON_INTEGRITY),
    )

    shown_report: ShownReport | None = root(
        scenarios.SHOWN,
        "What a subject shows to whoever is shown its code (分享码查验); null for a code that is unknown, used, over, "
        "or made for another purpose than PUBLIC_LOOKUP.",
        argument("code", str, "The code (分享码)."),
        requires=all_of(Scope.PUBLICATION),
    )
    employer_check: EmployerReport = root(
        scenarios.EMPLOYER,
        "A worker's look at an organization that employs it, or may (求职者查单位).",
        argument("by", SubjectKey, "The organization (单位)."),
        requires=all_of(Scope.SELF, Scope.ORGANIZATION),
    )

    consents: Connection[Consent] = root_connection(
        roots.CONSENTS,
        "The consents that persons have given you, newest first (授权记录).",
        requires=all_of(Scope.CONSENT),
        about=about.ABOUT_CONSENT,
        filter_type=ConsentFilter,
    )
    consent_audits: Connection[ConsentAudit] = root_connection(
        roots.CONSENT_AUDITS,
        "Audits of letters, those due first before others (授权书核验): a recipient's own, and all for courts.",
        requires=any_of(Scope.CONSENT, Scope.REGISTER),
        about=about.ABOUT_CONSENT_AUDIT,
        filter_type=ConsentAuditFilter,
    )
    recipients: Connection[Client] = root_connection(
        roots.RECIPIENTS, "The institutions that one may consent to (可授权机构).", requires=any_of(Scope.GRANT_WRITE)
    )
    incentive_loans: Connection[IncentiveLoan] = root_connection(
        roots.INCENTIVE_LOANS,
        "The loans that you reported, newest first (诚信履行贷).",
        CONSENTED,
        requires=LOAN,
        about=about.ABOUT_PARTY,
        prepare=roots.prepare_access,
    )
    credit_lines: Connection[CreditLine] = root_connection(
        roots.CREDIT_LINES,
        "The credit lines that you reported, newest first (诚信履行贷授信).",
        CONSENTED,
        requires=LOAN,
        about=about.ABOUT_PARTY,
        prepare=roots.prepare_access,
        filter_type=CreditLineFilter,
    )
    webhooks: list[Webhook] = root(roots.WEBHOOKS, "Where you are told of events (回调).", requires=EVENT)
    watches: Connection[Watch] = root_connection(
        roots.WATCHES,
        "Your watches, oldest first (监测名单).",
        requires=WATCH,
        about=about.ABOUT_WATCH,
        filter_type=WatchFilter,
    )
    portfolio: Connection[PortfolioEntry] = root_connection(
        portfolio.PORTFOLIO,
        "The customers whom you watch, by colour, grade and last change, in the order of your references (贷后客户).",
        ACCESS,
        requires=all_of(Scope.WATCH, Scope.PERSON_CREDIT, Scope.ORGANIZATION),
        about=portfolio.ABOUT,
        filter_type=PortfolioFilter,
        prepare=roots.prepare_access,
    )
    risk_reports: Connection[RiskReport] = root_connection(
        roots.RISK_REPORTS,
        "Reports of risks, newest first (预警反馈): a bank's own, and those to a court and the courts below it.",
        CONSENTED,
        requires=REPORTED,
        about=risk_reports.ABOUT,
        filter_type=RiskReportFilter,
        prepare=roots.prepare_access,
    )
    forwarded_disputes: Connection[ForwardedDispute] = root_connection(
        roots.FORWARDED_DISPUTES,
        "Disputes of customers that banks forwarded, newest first (异议转交): a bank's own, a subject's own, and those "
        "to a court and the courts below it.",
        CONSENTED,
        requires=DISPUTED,
        about=forwarded_disputes.ABOUT,
        filter_type=ForwardedDisputeFilter,
        prepare=roots.prepare_access,
    )
    bulk_operations: Connection[BulkOperation] = root_connection(
        roots.BULK_OPERATIONS, "Your bulk operations, newest first (批量作业).", requires=BULK
    )
