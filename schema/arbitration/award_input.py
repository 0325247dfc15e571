"""Inputs of awards, and of what follows from them."""

from datetime import date

import strawberry

import models
from models.arbitral_award import AwardKind
from schema.inputs import ID, REASON, id_input, key, mutation_input, optional, required
from schema.register.document_input import OTHER_DOCUMENT, DocumentKey
from schema.scalars import Money, Sha256


@mutation_input
class RecordAwardInput:
    """An award against one debtor (裁决报送). Record an award against several once for each."""

    # Exactly one of id_number, organization_code and document must be given.
    name: str = required("Full name of the debtor (义务人姓名或名称).")
    id_number: str | None = optional("A person's resident ID number (居民身份证号码).")
    organization_code: str | None = optional("An organization's unified social credit code (统一社会信用代码).")
    document: DocumentKey | None = optional(OTHER_DOCUMENT)
    number: str = required("Number of the award (文书号).")
    kind: AwardKind = required("An award or a mediation (文书种类).")
    obligation: str = required("What is to be performed, without names of persons (履行义务).")
    amount: Money | None = optional("Its amount in CNY, if it is one of money (金额).")
    made_on: date = required("Day of the award (作出日期).")
    effective_on: date = required("Day of its effect (生效日期).")
    perform_by: date = required("Last day for performance (履行期限届满日).")


@mutation_input
class IssueAwardNoticeInput:
    """A legal-consequence notice that the body served on the debtor of an award (法律后果告知书)."""

    award_id: strawberry.ID = key(models.ArbitralAward, "The award (裁决).")
    number: str = required("Number of the notice (告知书编号).")
    served_on: date = required("Day of service (送达日期).")
    digest: Sha256 = required("SHA-256 of the document (摘要).")


@mutation_input
class ReportRefusalInput:
    """A refusal to perform an award, after notice and term (拒不履行报告)."""

    award_id: strawberry.ID = key(models.ArbitralAward, "The award (裁决).")
    statement: str = required("What was refused, and how this was established (情况说明).")


@mutation_input
class ReportAwardPerformanceInput:
    """Full performance of an award (履行完毕报告)."""

    id: strawberry.ID = key(models.ArbitralAward, ID)
    performed_on: date = required("Day of full performance (履行完毕日期).")


@mutation_input
class WithdrawAwardInput:
    """An award that was set aside, or recorded by mistake (撤回裁决)."""

    id: strawberry.ID = key(models.ArbitralAward, ID)
    reason: str = required("Why (撤回理由).")


PublishRefusalInput = id_input(
    "PublishRefusalInput", models.AwardRefusal, "A reported refusal to publish on the list (公布拒不履行).", REASON
)
ReturnRefusalInput = id_input(
    "ReturnRefusalInput", models.AwardRefusal, "A reported refusal to return to the body (退回).", REASON
)
WithdrawRefusalInput = id_input(
    "WithdrawRefusalInput", models.AwardRefusal, "A published refusal that was wrong (撤销).", REASON
)
