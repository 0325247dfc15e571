"""Mutations of labour-arbitration bodies, and of the courts that decide on their reports."""

from functools import partial

import strawberry

from auth.scopes import Scope
from casework import arbitral_awards, award_refusals
from engine.policy import all_of
from resolvers.mutations import awards
from schema.arbitration.award import ArbitralAward, AwardRefusal
from schema.arbitration.award_input import (
    IssueAwardNoticeInput,
    PublishRefusalInput,
    RecordAwardInput,
    ReportAwardPerformanceInput,
    ReportRefusalInput,
    ReturnRefusalInput,
    WithdrawAwardInput,
    WithdrawRefusalInput,
)
from schema.mutation_fields import mutation
from schema.procedure.consequence_notice import ConsequenceNotice

by_body = partial(mutation, requires=all_of(Scope.AWARD, Scope.AWARD_WRITE))
by_staff = partial(mutation, requires=all_of(Scope.PROCEDURE_WRITE))


@strawberry.type(description="What labour-arbitration bodies do, and courts on their reports (仲裁办理).")
class AwardMutations:
    """The root fields of awards and refusals."""

    record_award = by_body(
        awards.record, RecordAwardInput, ArbitralAward, "A body records an award or a mediation (裁决报送)."
    )
    issue_award_notice = by_body(
        arbitral_awards.issue_award_notice,
        IssueAwardNoticeInput,
        ConsequenceNotice,
        "A body keeps that it served a legal-consequence notice for its award (法律后果告知).",
    )
    report_refusal = by_body(
        award_refusals.report_refusal,
        ReportRefusalInput,
        AwardRefusal,
        "A body reports that the debtor refuses to perform; the court publishes it or returns it (拒不履行报告).",
    )
    report_award_performance = by_body(
        arbitral_awards.report_award_performance,
        ReportAwardPerformanceInput,
        ArbitralAward,
        "A body reports full performance: a published refusal leaves the list at once (履行完毕报告).",
    )
    withdraw_award = by_body(
        arbitral_awards.withdraw_award,
        WithdrawAwardInput,
        ArbitralAward,
        "A body withdraws an award: what rests on it falls with it (撤回裁决).",
    )
    publish_refusal = by_staff(
        award_refusals.publish_refusal,
        PublishRefusalInput,
        AwardRefusal,
        "CENTRE: publish a refusal to perform an award on the list (公布拒不履行).",
    )
    return_refusal = by_staff(
        award_refusals.return_refusal,
        ReturnRefusalInput,
        AwardRefusal,
        "CENTRE: return a reported refusal to the body (退回).",
    )
    withdraw_refusal = by_staff(
        award_refusals.withdraw_refusal,
        WithdrawRefusalInput,
        AwardRefusal,
        "CENTRE: withdraw a published refusal that was wrong; its points are given back (撤销).",
    )
