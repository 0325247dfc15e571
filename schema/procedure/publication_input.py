"""Inputs of lists, bulletins and notices."""

from datetime import date

import strawberry

import models
from models.bulletin import BulletinKind
from models.listing import DebtorGround, ListingGrade
from schema.inputs import REASON, id_input, key, mutation_input, optional, required
from schema.scalars import Sha256


@mutation_input
class ListLenderInput:
    """A professional lender to list (职业放贷人认定)."""

    party_id: strawberry.ID = key(models.Party, "The party (当事人).")
    reason: str = required("The ground of the listing (认定依据).")


@mutation_input
class ListLitigantInput:
    """A dishonest litigant to list (不诚信诉讼名单)."""

    deduction_id: strawberry.ID = key(models.Deduction, "The published deduction that it is listed for (扣分).")
    reason: str = required("The ground of the listing (认定依据).")


@mutation_input
class ListDebtorInput:
    """A dishonest judgment debtor to list (纳入失信被执行人名单)."""

    case_id: strawberry.ID = key(models.CourtCase, "The enforcement case (执行案件).")
    party_id: strawberry.ID = key(models.Party, "The judgment debtor (被执行人).")
    ground: DebtorGround = required("Which ground of 法释〔2017〕7号, article 1 (失信行为情形).")
    basis_number: str = required("Number of the document that is enforced (执行依据文号).")
    basis_unit: str = required("Who made that document (做出执行依据单位).")
    obligation: str = required("What it demands (生效法律文书确定的义务).")
    performance: str = required("How far that was performed (被执行人的履行情况).")
    grade: ListingGrade | None = optional("How grave the conduct is (失信等级).")
    grace_ends_on: date | None = optional("Last day of a period of grace of at most three months (宽限期届满日).")
    reason: str = required(REASON)


@mutation_input
class GradeListingInput:
    """A dishonest debtor's entry to grade (确定失信等级)."""

    id: strawberry.ID = key(models.Listing, "Its id.")
    grade: ListingGrade = required("How grave the conduct is (失信等级).")
    reason: str = required(REASON)


@mutation_input
class LiftListingInput:
    """A dishonest debtor whose restrictions to lift once (单次解禁)."""

    id: strawberry.ID = key(models.Listing, "The entry's id.")
    purpose: str = required("What for (用途): for the court and the debtor alone.")
    days: int = required("For how many days, today included (天数): 30 at most.")
    reason: str = required(REASON)


RemoveListingInput = id_input("RemoveListingInput", models.Listing, "An entry to take off its list (移出名单).", REASON)


@mutation_input
class PublishBulletinInput:
    """A bulletin about a month, without persons (通报)."""

    kind: BulletinKind = required("Its kind (种类).")
    month: date = required("Any day of its month (月份).")
    title: str = required("Title (标题).")
    body: str = required("Text (正文).")


@mutation_input
class IssueConsequenceNoticeInput:
    """A legal-consequence notice that was served (法律后果告知书)."""

    number: str = required("Its number (告知书编号).")
    case_id: strawberry.ID = key(models.CourtCase, "The case (案件).")
    party_id: strawberry.ID = key(models.Party, "On whom it was served (被告知人).")
    served_on: date = required("Day of service (送达日期).")
    digest: Sha256 = required("SHA-256 of the document (摘要).")
    reason: str = required(REASON)
