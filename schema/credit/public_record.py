"""Published records."""

from datetime import date, datetime

from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.code_record import CloseReason
from models.court_case import Role
from models.public_record import PublicRecordKind
from resolvers.credit import public_records
from resolvers.credit.public_records import may_see_public_record
from resolvers.visibility.about import ABOUT_PARTY
from schema.credit.catalogue import Behaviour
from schema.lazy_types import LazyCase, LazyParty
from schema.register.court import Court
from schema.requirements import CASE, CATALOGUE, KNOWN_PARTY, PUBLISHED


@row_type(
    public_records.PublicRecord,
    seen_by=may_see_public_record,
    about=ABOUT_PARTY,
    requires=PUBLISHED,
    source=public_records.select_records,
    by_keys=public_records.is_of_rows,
    name="PublicRecord",
)
class PublicRecord(Node):
    """A published deduction, list entry or red record, itemised without commentary (公开记录)."""

    kind: PublicRecordKind = column("What it is (记录种类).")
    title: str = column("The behaviour, the ground of the listing, or the code type (事由).")
    case_number: str | None = column("Case number (案号); withheld for families and trade secrets.")
    published_on: date = column("The first day on which it is public (发布日期).")
    expires_on: date | None = column("Last day of its term (公示期满日); none where it is open.")
    ended_on: date | None = column("The day on which it ended early (终止日期): for the court and its subject.")
    end_reason: CloseReason | None = column("Why it ended before its term (终止原因).")
    under_objection: bool = column("Whether an objection to it is open (异议标注); it stays in force.")
    role: Role | None = column("The subject's position in the case, of a deduction (诉讼地位).")
    points: int | None = column("Points taken, of a deduction (扣分).")
    published_at: datetime | None = column("When a deduction was published (发布时间).")
    behaviour: Behaviour | None = relation(
        public_records.BEHAVIOUR, "The behaviour, of a deduction (失信行为).", requires=CATALOGUE
    )
    court: Court = relation(public_records.COURT, "The court (法院).", requires=CATALOGUE)
    case: LazyCase | None = relation(public_records.CASE, "The case (案件).", requires=CASE)
    party: LazyParty | None = relation(public_records.PARTY, "The subject (主体).", requires=KNOWN_PARTY)
