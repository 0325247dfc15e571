"""Look-ups of subjects by partners."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar, dataclass_transform

import strawberry

from auth.audiences import Purpose
from engine.declare.fields import column, expression, relation
from engine.declare.relations import Predicate
from engine.declare.row_types import RowObject, row_type
from engine.policy import OPEN, Requirement, require
from models.access_record import BorrowerRelation, MatchOutcome
from models.party_name import NameStanding
from resolvers.register import subjects
from resolvers.register.subjects import may_see_subject
from schema.inputs import optional, required
from schema.register.document_input import OTHER_DOCUMENT, DocumentKey
from schema.register.party import Party
from schema.requirements import SUBJECT

Type = TypeVar("Type", bound=type)
AS_OF = "The court's day of this answer (基准日)."


@strawberry.input(description="A subject, by name and number together: never by one of them alone (姓名加证件号码).")
class SubjectKey:
    """Exactly one of `id_number`, `organization_code` and `document` must be given."""

    name: str = required("Full name (姓名或名称).")
    id_number: str | None = optional("A person's resident ID number (居民身份证号码).")
    organization_code: str | None = optional("An organization's unified social credit code (统一社会信用代码).")
    document: DocumentKey | None = optional(OTHER_DOCUMENT)
    consent: str | None = optional(
        "Number of the authorisation letter (授权书编号); any live consent on file by default."
    )
    consent_signed_on: date | None = optional("Day of that letter (授权书日期).")
    share_code: str | None = optional("A code that the subject gave you (分享码).")
    reference: str | None = optional(
        "Your own reference, given back as it is: letters, digits and . _ / : # + - (机构业务编号)."
    )
    relation: BorrowerRelation | None = optional("How the subject stands to the loan.")


@strawberry.input(description="Why you look up, and who does it in your house. Written to the access log (查询事由).")
class AccessInput:
    """The purpose and the operator of a request."""

    purpose: Purpose = required("Why (查询用途); one of those registered for you.")
    operator: str | None = optional("Staff number of who asks, not a name (操作员编号).")
    branch: str | None = optional("The branch that asks (查询机构网点).")


for _input in (SubjectKey, AccessInput):
    require(_input, OPEN)


@strawberry.type
class LookUpReport(RowObject):
    """The first fields of all reports of look-ups."""

    outcome: MatchOutcome = column("How the look-up ended (核查结果).")
    matched_name: NameStanding | None = column(
        "Which name matched, if MATCHED: the current one or a former one (匹配名称)."
    )
    reference: str | None = column("Your own reference (机构业务编号).")
    as_of: date = expression(subjects.as_of, AS_OF)


@dataclass_transform(kw_only_default=True)
def look_up_report(
    key: type, name: str, *, requires: Requirement, seen_by: Predicate = may_see_subject
) -> Callable[[Type], Type]:
    """Declare a report whose rows are those of `select_subjects`. key: the class that stands for the rows."""
    return row_type(
        key,
        name=name,
        seen_by=seen_by,
        subject="party_id",
        hoists=subjects.known_party,
        key=None,
        source=subjects.select_subjects,
        requires=requires,
    )


@look_up_report(subjects.Subject, "SubjectReport", requires=SUBJECT)
class SubjectReport(LookUpReport):
    """What may be told of one subject (主体报告). A person without consent looks the same known or unknown."""

    party: Party | None = relation(subjects.MATCHED_PARTY, "The subject, if MATCHED (主体).")
