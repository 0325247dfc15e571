"""Integrity reports."""

from datetime import datetime

import strawberry

import models
from auth.audiences import Purpose
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from resolvers.visibility.about import ABOUT_REPORT
from resolvers.visibility.predicates import may_see_integrity_report
from schema.inputs import id_input, mutation_input, optional, required
from schema.partners.consent import ShareCode
from schema.partners.consent_input import SCOPES
from schema.register.document_input import OTHER_DOCUMENT, DocumentKey
from schema.requirements import SELF


@row_type(models.IntegrityReport, seen_by=may_see_integrity_report, about=ABOUT_REPORT, requires=SELF)
class IntegrityReport(Node):
    """A signed report by which a subject shows its litigation credit (司法诚信报告): see /reports/{code}."""

    # The code is returned once, when the report is issued. The content is not stored.
    share_code: ShareCode = relation(
        models.IntegrityReport.share_code, "What it shows, for what, and until when (出示范围与有效期)."
    )
    views: int = column("How often it was viewed (查看次数).")
    last_viewed_at: datetime | None = column("When it was viewed last (最近查看时间).")


@mutation_input
class IssueIntegrityReportInput:
    """A signed report of one's own litigation credit (出具司法诚信报告)."""

    # Exactly one of id_number, organization_code and document must be given.
    name: str = required("One's own full name, shown in the report (姓名或名称).")
    id_number: str | None = optional("One's own resident ID number (身份证号码).")
    organization_code: str | None = optional("One's own unified social credit code (统一社会信用代码).")
    document: DocumentKey | None = optional(OTHER_DOCUMENT)
    scopes: list[str] = required(SCOPES)
    purpose: Purpose = strawberry.field(
        default=Purpose.SELF,
        description="For what it is to be used (用途): it shows what whoever asks for that is shown. SELF: to anybody.",
    )
    valid_to: datetime | None = optional("Until when (失效时间), 90 days at most; 30 days by default.")


RevokeIntegrityReportInput = id_input(
    "RevokeIntegrityReportInput", models.IntegrityReport, "A report to withdraw (撤回司法诚信报告)."
)
