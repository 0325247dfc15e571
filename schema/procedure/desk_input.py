"""Inputs of the judge's desk: divisions, marks and transfers of cases, suspicions."""

from datetime import date

import strawberry

import models
from schema.inputs import ID, REASON, id_input, key, mutation_input, optional, required
from schema.scalars import Money


@mutation_input
class OpenDivisionInput:
    """A division of the court (设立庭室)."""

    name: str = required("Its name, such as 民事审判第一庭 (庭室名称).")
    reason: str = required(REASON)


@mutation_input
class MarkCaseInput:
    """A litigant of a case who is not green (提示标记)."""

    case_id: strawberry.ID = key(models.CourtCase, "The case (案件).")
    party_id: strawberry.ID = key(models.Party, "The litigant (当事人).")
    reason: str = required("What the division should heed (提示理由).")


@mutation_input
class TransferCaseInput:
    """A case for a division of its court (案件移送)."""

    id: strawberry.ID = key(models.CourtCase, ID)
    division_id: strawberry.ID = key(models.Division, "The division (庭室).")
    reason: str = required(REASON)


@mutation_input
class EnterSuspicionInput:
    """A litigant who is suspected of false litigation (涉嫌虚假诉讼)."""

    case_id: strawberry.ID = key(models.CourtCase, "The case (案件).")
    party_id: strawberry.ID = key(models.Party, "The litigant (当事人).")
    reason: str = required("What the suspicion rests on (疑点).")


ClearSuspicionInput = id_input(
    "ClearSuspicionInput", models.CodeRecord, "A suspicion that has proved wrong (排除嫌疑).", REASON
)


@mutation_input
class ConfirmSuspicionInput:
    """A suspicion that a sanction confirms (查实)."""

    id: strawberry.ID = key(models.CodeRecord, ID)
    sanction_id: strawberry.ID = key(models.Sanction, "The fine, detention or conviction (制裁).")
    reason: str = required(REASON)


@mutation_input
class SetPanelQuorumInput:
    """The quorum of the court's review panel (评审小组法定人数)."""

    quorum: int = required("The least number of votes by which an item is decided, 1 to 15 (法定人数).")
    reexamines: bool | None = optional(
        "Whether objections are re-examined before the panel answers them (先行复核); as before if null."
    )
    reason: str = required(REASON)


@mutation_input
class RecordPerformanceInput:
    """An amount that was performed after a blue repair (修复后履行)."""

    code_record_id: strawberry.ID = key(models.CodeRecord, "The blue record (蓝码记录).")
    amount: Money = required("What was performed, in CNY (履行金额).")
    performed_on: date = required("Day of performance (履行日期).")
    document: str = required("Number of the receipt (履行凭证).")
    reason: str = required(REASON)


RevokePerformanceInput = id_input(
    "RevokePerformanceInput", models.RepairPerformance, "An amount that was recorded wrongly (撤销履行记录).", REASON
)
