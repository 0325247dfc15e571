"""Inputs of objections, repairs, sanctions and certificates."""

from datetime import date

import strawberry

import models
from models.objection import ObjectionOutcome
from models.repair import RepairGround, RepairOutcome
from models.sanction import SanctionKind
from schema.inputs import ID, REASON, id_input, key, mutation_input, optional, required
from schema.scalars import Money, Sha256


@mutation_input
class FileObjectionInput:
    """A written objection to an item of one's own (异议)."""

    # Exactly one of the four ids must be given.
    deduction_id: strawberry.ID | None = key(models.Deduction, "A deduction (扣分).", default=None)
    listing_id: strawberry.ID | None = key(models.Listing, "A list entry (名单信息).", default=None)
    sanction_id: strawberry.ID | None = key(models.Sanction, "A sanction (司法制裁).", default=None)
    code_record_id: strawberry.ID | None = key(
        models.CodeRecord, "A code record without one of these behind it (信用码记录).", default=None
    )
    statement: str = required("What is wrong with it (异议理由).")


@mutation_input
class ReexamineObjectionInput:
    """The opinion of the Centre, or of the proposing division, on an objection (复核意见)."""

    id: strawberry.ID = key(models.Objection, ID)
    opinion: ObjectionOutcome = required("The outcome that it proposes (建议).")
    reason: str = required("Why (理由), for the panel.")


@mutation_input
class AnswerObjectionInput:
    """The panel's answer to an objection (异议答复, R8)."""

    id: strawberry.ID = key(models.Objection, ID)
    outcome: ObjectionOutcome = required("The outcome (结果).")
    points: int | None = optional("AMENDED only: the new points (更正后扣分).")
    reason: str = required("The reasons that the subject is given (理由).")


@mutation_input
class EvidenceInput:
    """A document that shows what was performed or settled (履行凭证或和解协议)."""

    # The file itself is sent to the court.
    document: str = required("Its kind and number (文书名称及编号).")
    digest: Sha256 = required("SHA-256 of the file (摘要).")


@mutation_input
class ApplyForRepairInput:
    """An application for repair of an item, or of a record, of one's own (信用修复申请, R9)."""

    # Exactly one of the two ids must be given.
    deduction_id: strawberry.ID | None = key(models.Deduction, "The item (扣分).", default=None)
    code_record_id: strawberry.ID | None = key(models.CodeRecord, "The yellow record (黄码记录).", default=None)
    ground: RepairGround = required("Why (事由).")
    commitment: str = required("What one commits oneself to (信用承诺).")
    amount_performed: Money = required("What was performed, in CNY (履行金额).")
    evidence: EvidenceInput | None = optional(
        "The receipt or settlement; FULL_PERFORMANCE and SETTLEMENT_KEPT demand it (凭证)."
    )


@mutation_input
class DecideRepairInput:
    """The panel's decision on an application (信用修复决定, R9)."""

    id: strawberry.ID = key(models.Repair, ID)
    outcome: RepairOutcome = required("The outcome (结果).")
    new_end: date | None = optional("SHORTENED only: the new last day (缩短后期满日).")
    reason: str = required("The reasons that the subject is given (理由).")


@mutation_input
class EndRepairInput:
    """How a repair in enforcement ended, at a review (蓝码复核)."""

    code_record_id: strawberry.ID = key(models.CodeRecord, "The blue record (蓝码记录).")
    performed: bool = required("Whether the obligation was performed; else it was broken (是否履行).")
    reason: str = required(REASON)


@mutation_input
class RecordSanctionInput:
    """A decision of fine, detention, admonition, order to leave, or a conviction (司法制裁)."""

    number: str = required("Number of the decision (决定书案号).")
    case_id: strawberry.ID = key(models.CourtCase, "The case (案件).")
    party_id: strawberry.ID = key(models.Party, "Who was sanctioned (被制裁人).")
    kind: SanctionKind = required("Its kind (种类).")
    decided_on: date = required("Day of the decision (决定日期).")
    effective_on: date = required("Day of effect (生效日期).")
    amount: Money | None = optional("Fine only: CNY (罚款金额).")
    days: int | None = optional("Detention only: days (拘留天数).")
    sentence_ends_on: date | None = optional("Conviction only: end of the custodial sentence (刑期届满日).")
    behaviour: str | None = optional("Code of the behaviour, such as T08 (行为代码); ADMONITION demands it.")
    reason: str = required(REASON)


@mutation_input
class RevokeSanctionInput:
    """A reconsideration that revokes a sanction (复议撤销)."""

    id: strawberry.ID = key(models.Sanction, ID)
    revoked_on: date = required("Day of the reconsideration (撤销日期).")
    reason: str = required(REASON)


@mutation_input
class IssueCertificateInput:
    """A certificate of automatic performance (自动履行证明书)."""

    number: str = required("Its number (证明书编号).")
    case_id: strawberry.ID = key(models.CourtCase, "The case (案件).")
    party_id: strawberry.ID = key(models.Party, "Who performed (履行人).")
    performed_on: date = required("Day of performance (履行完毕日期).")
    reason: str = required(REASON)


@mutation_input
class RecordSettlementPerformedInput:
    """A settlement or mediation that a participant has performed (和解、调解已履行)."""

    case_id: strawberry.ID = key(models.CourtCase, "The case (案件).")
    party_id: strawberry.ID = key(models.Party, "Who performed (履行人).")
    document: str = required("Number of the settlement or mediation document (文书号).")
    performed_on: date = required("Day of performance (履行完毕日期).")
    reason: str = required(REASON)


RevokeSettlementInput = id_input(
    "RevokeSettlementInput", models.Settlement, "A settlement that was recorded wrongly (撤销履行记录).", REASON
)


@mutation_input
class EnrolMemberInput:
    """A person whom the head office enrols in a household (入册)."""

    household_key: str = required("The key of the household (户号).")
    village: str = required("Its village, with the township (村社区).")
    name: str = required("Name (姓名).")
    id_number: str = required("Resident ID number (公民身份号码).")
    relation: str = required("Relation to the head of the household (与户主关系).")
    consent_number: str = required("Number of the letter of authorisation (授权书号).")
    consented_on: date = required("Day of that letter (授权日期).")
    enrolled_on: date = required("Day of enrolment (入册日期).")


@mutation_input
class EndMembershipInput:
    """A person who leaves a household (迁出)."""

    id: strawberry.ID = key(models.HouseholdMember, ID)
    left_on: date = required("The first day on which the person is no longer there (迁出日期).")


RevokeCertificateInput = id_input(
    "RevokeCertificateInput", models.Certificate, "A certificate to revoke (撤销证明书).", REASON
)
ConfirmConversionInput = id_input(
    "ConfirmConversionInput", models.PointConversion, "A conversion that the head office confirms (确认)."
)
ReturnConversionInput = id_input(
    "ReturnConversionInput",
    models.PointConversion,
    "A conversion that the head office returns (退回).",
    "What is wrong with it (退回理由).",
)


@mutation_input
class RecordRecognitionInput:
    """A measure that the city's platform recognised (互认反馈)."""

    id: strawberry.ID = key(models.Measure, ID)
    recognised_on: date = required("Day of recognition (互认日期).")


AcknowledgeNoticeInput = id_input(
    "AcknowledgeNoticeInput", models.VillageNotice, "A notice that the village has read (签收)."
)
