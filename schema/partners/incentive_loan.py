"""Incentive loans and their inputs."""

from datetime import date, datetime

import strawberry

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.incentive_loan import LoanOutcome
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


@mutation_input
class CloseIncentiveLoanInput:
    """The end of a loan (诚信履行贷结清)."""

    id: strawberry.ID = key(models.IncentiveLoan, ID)
    outcome: LoanOutcome = required("How it ended (结果).")
    closed_on: date = required("When (结清日期).")
