"""Inputs of lists, bulletins and notices."""

from datetime import date

import strawberry

import models
from models.bulletin import BulletinKind
from models.listing import DebtorGround
from schema.mutation_fields import key, mutation_input
from schema.procedure.procedure_input import ID, REASON
from schema.scalars import Sha256


@mutation_input
class ListLenderInput:
    """A professional lender to list (职业放贷人认定)."""

    party_id: strawberry.ID = key(models.Party, "The party (当事人).")
    reason: str = strawberry.field(description="The ground of the listing (认定依据).")


@mutation_input
class ListDebtorInput:
    """A dishonest judgment debtor to list (纳入失信被执行人名单)."""

    case_id: strawberry.ID = key(models.CourtCase, "The enforcement case (执行案件).")
    party_id: strawberry.ID = key(models.Party, "The judgment debtor (被执行人).")
    ground: DebtorGround = strawberry.field(description="Which ground of 法释〔2017〕7号, article 1 (失信行为情形).")
    basis_number: str = strawberry.field(description="Number of the document that is enforced (执行依据文号).")
    basis_unit: str = strawberry.field(description="Who made that document (做出执行依据单位).")
    obligation: str = strawberry.field(description="What it demands (生效法律文书确定的义务).")
    performance: str = strawberry.field(description="How far that was performed (被执行人的履行情况).")
    reason: str = strawberry.field(description=REASON)


@mutation_input
class RemoveListingInput:
    """An entry to take off its list (移出名单)."""

    id: strawberry.ID = key(models.Listing, ID)
    reason: str = strawberry.field(description=REASON)


@mutation_input
class PublishBulletinInput:
    """A bulletin about a month, without persons (通报)."""

    kind: BulletinKind = strawberry.field(description="Its kind (种类).")
    month: date = strawberry.field(description="Any day of its month (月份).")
    title: str = strawberry.field(description="Title (标题).")
    body: str = strawberry.field(description="Text (正文).")


@mutation_input
class IssueConsequenceNoticeInput:
    """A legal-consequence notice that was served (法律后果告知书)."""

    number: str = strawberry.field(description="Its number (告知书编号).")
    case_id: strawberry.ID = key(models.CourtCase, "The case (案件).")
    party_id: strawberry.ID = key(models.Party, "On whom it was served (被告知人).")
    served_on: date = strawberry.field(description="Day of service (送达日期).")
    digest: Sha256 = strawberry.field(description="SHA-256 of the document (摘要).")
    reason: str = strawberry.field(description=REASON)
