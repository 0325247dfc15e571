"""Inputs of the procedure: deductions and batches."""

from datetime import date

import strawberry

import models
from models.court_case import Role
from models.deduction import FindingKind
from schema.inputs import ID, REASON, VERSION, id_input, key, mutation_input, required
from schema.scalars import Sha256


@mutation_input
class FindingInput:
    """The document in which the conduct was found (认定文书, R7)."""

    # The file itself stays with the court.
    kind: FindingKind = required("Its kind (种类).")
    number: str = required("Its number (文书号).")
    issued_on: date = required("Its day (作出日期).")
    digest: Sha256 = required("SHA-256 of the file (摘要).")


@mutation_input
class ProposeDeductionInput:
    """What a judge holds against a participant (扣分建议)."""

    case_id: strawberry.ID = key(models.CourtCase, "The case (案件).")
    party_id: strawberry.ID = key(models.Party, "The participant (主体).")
    role: Role = required("Their position in the case (诉讼地位).")
    behaviour: str = required("Code of the behaviour, such as E01 (行为代码).")
    points: int = required("Points, within the behaviour's band (扣分).")
    conduct_on: date = required("Day of the conduct (行为日期).")
    finding: FindingInput = required("The document that finds it (认定文书).")
    reason: str = required(REASON)


@mutation_input
class ResubmitDeductionInput(ProposeDeductionInput):
    """A proposal that was returned, mended by its proposer (补正)."""

    # Case, participant and role cannot be changed.
    id: strawberry.ID = key(models.Deduction, ID)
    version: int = required(VERSION)


@mutation_input
class ReviewDeductionInput:
    """The chief's approval (庭长审核)."""

    id: strawberry.ID = key(models.Deduction, ID)
    version: int = required(VERSION)
    reason: str = required(REASON)


@mutation_input
class ReturnDeductionInput(ReviewDeductionInput):
    """The chief's return, with what is missing as the reason (庭长退回)."""


@mutation_input
class OpenBatchInput:
    """A month of the court (批次)."""

    month: date = required("Any day of the month (月份).")


@mutation_input
class AddToBatchInput:
    """An approved deduction for a month (归集)."""

    batch_id: strawberry.ID = key(models.Batch, "The batch (批次).")
    deduction_id: strawberry.ID = key(models.Deduction, "The deduction (扣分).")
    version: int = required(VERSION)
    reason: str = required(REASON)


@mutation_input
class DecideItemInput:
    """A vote of a member of the panel on an item (评审小组审定)."""

    id: strawberry.ID = key(models.Deduction, "The deduction (扣分).")
    version: int = required(VERSION)
    approved: bool = required("Whether the member would pass it (是否通过).")
    reason: str = required(REASON)


@mutation_input
class NotifySubjectInput:
    """That the subject was told, before publication (发布前告知, R4)."""

    id: strawberry.ID = key(models.Deduction, "The deduction (扣分).")
    reason: str = required("How and when it was served (送达方式).")


PublishBatchInput = id_input(
    "PublishBatchInput", models.Batch, "A month to publish, all of it and for good (发布).", REASON
)
