"""Reports of the "credit +" scenarios."""

from datetime import date, datetime

import models
from auth.scopes import Scope
from engine.declare.connections import Connection
from engine.declare.fields import column, connection, expression, relation
from engine.declare.relations import Order
from engine.declare.row_types import RowObject, row_type
from engine.policy import all_of, any_of
from models.catalogue import Colour
from models.court_case import Role
from models.public_record import ShownRecordKind
from resolvers.credit import grading
from resolvers.partners import scenarios, shown_records
from resolvers.partners.scenarios import may_see_report
from resolvers.register import subjects
from resolvers.register.parties import list_of_party
from resolvers.visibility.about import ABOUT_PARTY
from schema.credit.certificate import Certificate
from schema.credit.code_record import CodeRecord
from schema.credit.grading import RiskAssessment
from schema.credit.listing import Listing
from schema.register.court import Court
from schema.register.party import Party
from schema.register.subject import AS_OF, LookUpReport, look_up_report
from schema.requirements import CATALOGUE, CREDIT, INTEGRITY, KNOWN_PARTY

RECEIPT = "What the access log knows this answer by (回执)."
LATEST = "The newest month that a court has published (最新批次)."
NEXT = "The day from which the running month may be published (下次发布)."
UNTIL = "Until the next publication, or the end of the consent if that is earlier (有效期至)."


@look_up_report(scenarios.FinanceReport, "FinanceReport", requires=all_of(Scope.SUBJECT, Scope.PERSON_CREDIT))
class FinanceReport(LookUpReport):
    """What a bank is told of a subject (诉讼信用+金融). Unknown and unconsented persons look alike."""

    party: Party | None = relation(subjects.MATCHED_PARTY, "The subject, if MATCHED, with all that you may see (主体).")
    risk: RiskAssessment | None = relation(
        grading.GRADE,
        "Its grade with the reasons, if MATCHED and no court withholds it (风险等级).",
        requires=CREDIT,
    )
    risk_withheld: bool | None = expression(
        scenarios.is_risk_withheld,
        "Whether a court that published about it gives no grades; the records are told all the same (不提供风险等级).",
        requires=CREDIT,
    )
    eligible_for_incentive_loan: bool | None = expression(
        scenarios.is_eligible, "Whether it is gold today, and may be lent to on that (诚信履行贷准入).", requires=CREDIT
    )
    consent: str | None = expression(scenarios.letter, "Number of the letter that opened this answer (授权书编号).")
    latest_month: date | None = expression(scenarios.latest_month, LATEST)
    next_publication_on: date = expression(scenarios.next_publication, NEXT)
    valid_until: datetime = expression(scenarios.valid_until, UNTIL)
    receipt: str = expression(scenarios.receipt, RECEIPT)


@look_up_report(scenarios.EmploymentReport, "EmploymentReport", requires=all_of(Scope.SUBJECT, Scope.PERSON_INTEGRITY))
class EmploymentReport(LookUpReport):
    """What an employer is told of a candidate (诉讼信用+就业): what is a matter of the post alone."""

    listings: list[Listing] = relation(
        list_of_party(models.Listing, Order(("published_on",), descending=True), "party_id"),
        "Entries on the list of dishonest debtors, for SENIOR_POST_QUALIFICATION (失信被执行人).",
        requires=INTEGRITY,
    )
    serious_records: list[CodeRecord] = relation(
        list_of_party(models.CodeRecord, Order(("effective_on",)), "party_id"),
        "Red records in force (有效红码记录).",
        requires=INTEGRITY,
    )
    certificates: list[Certificate] = relation(
        list_of_party(models.Certificate, Order(("issued_on",)), "party_id"),
        "Performance certificates (履行证明).",
        requires=INTEGRITY,
    )
    notice: str = expression(scenarios.narrow, "What the employer must know of this answer (告知).")
    receipt: str = expression(scenarios.receipt, RECEIPT)


@look_up_report(scenarios.CommerceReport, "CommerceReport", requires=all_of(Scope.SUBJECT, Scope.ORGANIZATION))
class CommerceReport(LookUpReport):
    """What anybody is told of an organization (诉讼信用+商务). No consent is needed."""

    organization: Party | None = relation(subjects.MATCHED_PARTY, "The organization, if MATCHED (单位).")
    latest_month: date | None = expression(scenarios.latest_month, LATEST)
    next_publication_on: date = expression(scenarios.next_publication, NEXT)
    receipt: str = expression(scenarios.receipt, RECEIPT)


@row_type(
    shown_records.ShownRecord,
    seen_by=shown_records.may_see_shown_record,
    about=ABOUT_PARTY,
    requires=any_of(Scope.SELF, Scope.PUBLICATION),
    key=None,
    source=shown_records.select_records,
    name="ShownRecord",
)
class ShownRecord(RowObject):
    """What is public of the subject of a report, itemised without commentary (报告事项)."""

    kind: ShownRecordKind = column("What it is (事项种类).")
    title: str = column("The behaviour, the ground, the code type, or the number of the certificate (事由).")
    case_number: str | None = column("Case number (案号); withheld for families and trade secrets.")
    published_on: date = column("The first day on which it is public (发布日期).")
    expires_on: date | None = column("Last day of its term (公示期满日); none where it is open.")
    role: Role | None = column("The subject's position in the case, of a deduction (诉讼地位).")
    points: int | None = column("Points taken, of a deduction (扣分).")
    court: Court | None = relation(shown_records.COURT, "The court (法院).", requires=CATALOGUE)


@look_up_report(
    scenarios.EmployerReport,
    "EmployerReport",
    requires=all_of(Scope.SELF, Scope.ORGANIZATION),
    seen_by=scenarios.may_see_employer,
)
class EmployerReport(LookUpReport):
    """What a worker is told of an organization that employs it, or may (诉讼信用+就业). No consent is needed."""

    colour: Colour | None = expression(
        shown_records.show_colour(scenarios.is_matched), "Its colour today, if MATCHED (颜色)."
    )
    changes_on: date | None = expression(
        shown_records.show_change(scenarios.is_matched),
        "Day of the next change of colour that is certain (下次变更日期).",
    )
    records: Connection[ShownRecord] = connection(
        shown_records.RECORDS,
        "What is public of it, newest first (公开事项).",
        requires=all_of(Scope.SELF, Scope.ORGANIZATION),
    )
    latest_month: date | None = expression(scenarios.latest_month, LATEST)
    next_publication_on: date = expression(scenarios.next_publication, NEXT)
    receipt: str = expression(scenarios.receipt, RECEIPT)


@row_type(
    scenarios.ShownReport,
    seen_by=scenarios.may_see_shown,
    subject="party_id",
    key=None,
    source=scenarios.select_shown,
    requires=all_of(Scope.PUBLICATION),
)
class ShownReport(RowObject):
    """What a subject shows to whoever is shown its code (诉讼信用+社会): compare name and number with who shows it."""

    name: str = column("Who shows it (姓名或名称).", of="shown_name")
    masked_number: str = column("Its number, masked (证件号码, 脱敏).", of="shown_number")
    scopes: list[str] = column("What it chose to show (范围).")
    single_use: bool = column("Whether the code is used up now (一次有效).")
    valid_to: datetime = column("Until when the code is good (失效时间).")
    as_of: date = expression(subjects.as_of, AS_OF)
    colour: Colour | None = expression(
        shown_records.show_colour(scenarios.shows_credit), "Its colour today, if person.credit.read is shown (颜色)."
    )
    changes_on: date | None = expression(
        shown_records.show_change(scenarios.shows_credit),
        "Day of the next change of colour that is certain, if person.credit.read is shown (下次变更日期).",
    )
    records: Connection[ShownRecord] = connection(
        shown_records.RECORDS,
        "What is public of it within what it shows, newest first (公开事项).",
        requires=all_of(Scope.PUBLICATION),
    )
    receipt: str = expression(scenarios.receipt, RECEIPT)


@row_type(
    scenarios.SharedReport,
    seen_by=may_see_report,
    key=None,
    source=scenarios.select_shared,
    requires=all_of(Scope.SUBJECT, Scope.PERSON_INTEGRITY),
)
class SharedReport(RowObject):
    """What a subject shows by its share code (诉讼信用+社会): compare name and number with who shows it."""

    name: str = column("Who shows it (姓名或名称).", of="shown_name")
    masked_number: str = column("Its number, masked (证件号码, 脱敏).", of="shown_number")
    scopes: list[str] = column("What it chose to show (范围).")
    single_use: bool = column("Whether the code is used up now (一次有效).")
    valid_to: datetime = column("Until when the code is good (失效时间).")
    as_of: date = expression(subjects.as_of, AS_OF)
    party: Party | None = relation(
        subjects.PARTY,
        "What courts hold about it, as far as it is shown; none where they hold nothing (诉讼信用).",
        requires=KNOWN_PARTY,
    )
    receipt: str = expression(scenarios.receipt, RECEIPT)
