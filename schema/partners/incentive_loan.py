"""Incentive loans, their credit lines, and their inputs."""

from datetime import date, datetime

import strawberry

import models
from engine.declare.connections import Connection
from engine.declare.fields import column, connection, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.incentive_loan import LoanOutcome
from resolvers.partners import credit_lines
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.predicates import may_see_bank_row
from schema.credit.certificate import Certificate
from schema.inputs import ID, key, mutation_input, optional, required
from schema.register.document_input import OTHER_DOCUMENT, DocumentKey
from schema.requirements import INTEGRITY, LOAN
from schema.scalars import Money


@row_type(models.IncentiveLoan, seen_by=may_see_bank_row, about=ABOUT_PARTY, requires=LOAN)
class IncentiveLoan(Node):
    """A loan that a bank granted on gold (诚信履行贷)."""

    reference: str = column("Your own reference (机构业务编号).")
    amount: Money = column("What was lent, in CNY (金额).")
    granted_on: date = column("When (发放日期).")
    closed_on: date | None = column("When it ended (结清日期).")
    outcome: LoanOutcome | None = column("How it ended (结果); none while it runs.")
    recorded_at: datetime = column("When it was reported (报送时间).")
    certificate: Certificate | None = relation(
        models.IncentiveLoan.certificate, "The certificate that it rests on (履行证明).", requires=INTEGRITY
    )


@row_type(models.CreditLine, seen_by=may_see_bank_row, about=ABOUT_PARTY, requires=LOAN)
class CreditLine(Node):
    """A credit line that a bank granted on gold (诚信履行贷授信)."""

    reference: str = column("Your own reference (机构业务编号).")
    amount: Money = column("What was granted, in CNY (授信金额).")
    lent: Money = expression(credit_lines.lent, "What was lent on it, ever, in CNY (累计放款).")
    drawn: Money = expression(credit_lines.drawn, "What is drawn of it: lent and not repaid, in CNY (已用额度).")
    repaid: Money = expression(credit_lines.repaid, "What was repaid, in CNY (已还金额).")
    open: bool = expression(credit_lines.may_be_drawn_on, "Whether it can be drawn on today (可用).")
    granted_on: date = column("When (授信日期).")
    expires_on: date = column("The last day on which it can be drawn on (到期日期).")
    closed_on: date | None = column("When you closed it (终止日期).")
    recorded_at: datetime = column("When it was reported (报送时间).")
    certificate: Certificate | None = relation(
        models.CreditLine.certificate, "The certificate that it rests on (履行证明).", requires=INTEGRITY
    )
    loans: Connection[IncentiveLoan] = connection(credit_lines.LOANS, "Its loans, newest first (放款).")


@mutation_input
class RecordCreditLineInput:
    """A credit line granted on gold (诚信履行贷授信报送). Persons must consent to INCENTIVE_LOAN."""

    # Exactly one of id_number, organization_code and document must be given.
    name: str = required("The borrower's full name (姓名或名称).")
    id_number: str | None = optional("Resident ID number (居民身份证号码).")
    organization_code: str | None = optional("Unified social credit code (统一社会信用代码).")
    document: DocumentKey | None = optional(OTHER_DOCUMENT)
    reference: str = required("Your own reference of the line (机构业务编号).")
    amount: Money = required("What was granted, in CNY (授信金额).")
    granted_on: date = required("When (授信日期).")
    expires_on: date = required("The last day on which it can be drawn on (到期日期).")


@mutation_input
class CloseCreditLineInput:
    """The end of a credit line (授信终止). Its loans run on."""

    id: strawberry.ID = key(models.CreditLine, ID)
    closed_on: date = required("When (终止日期).")


@mutation_input
class RecordIncentiveLoanInput:
    """A loan granted on gold (诚信履行贷报送). Persons must consent to INCENTIVE_LOAN."""

    # Exactly one of id_number, organization_code and document must be given.
    name: str = required("The borrower's full name (姓名或名称).")
    id_number: str | None = optional("Resident ID number (居民身份证号码).")
    organization_code: str | None = optional("Unified social credit code (统一社会信用代码).")
    document: DocumentKey | None = optional(OTHER_DOCUMENT)
    reference: str = required("Your own reference of the loan (机构业务编号).")
    amount: Money = required("What was lent, in CNY (金额).")
    granted_on: date = required("When (发放日期).")
    credit_line_id: strawberry.ID | None = key(
        models.CreditLine, "The credit line that it is drawn on (授信).", default=None
    )


@mutation_input
class CloseIncentiveLoanInput:
    """The end of a loan (诚信履行贷结清)."""

    id: strawberry.ID = key(models.IncentiveLoan, ID)
    outcome: LoanOutcome = required("How it ended (结果).")
    closed_on: date = required("When (结清日期).")
