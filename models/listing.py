"""Listings: dishonest judgment debtors (失信被执行人, Y18), professional lenders (职业放贷人, Y01), and litigants
(不诚信诉讼) who are listed for a published deduction and coloured by it, and
debtors of labour-arbitration awards who refuse to perform (拒不履行仲裁裁决), who are not coloured by it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, literal_column
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.court import Court
from models.party import Party
from models.publicity import Public
from models.terms import add_months


class ListingKind(StrEnum):
    """The list of an entry."""

    DISHONEST_DEBTOR = "DISHONEST_DEBTOR"
    PROFESSIONAL_LENDER = "PROFESSIONAL_LENDER"
    DISHONEST_LITIGANT = "DISHONEST_LITIGANT"
    AWARD_REFUSAL = "AWARD_REFUSAL"


class ListingGrade(StrEnum):
    """How grave a dishonest debtor's conduct is: minor (轻微), ordinary (一般), serious (严重)."""

    MINOR = "MINOR"
    ORDINARY = "ORDINARY"
    SERIOUS = "SERIOUS"


class DebtorGround(StrEnum):
    """The ground on which a debtor is listed (法释〔2017〕7号, article 1)."""

    ABLE_BUT_REFUSES = "ABLE_BUT_REFUSES"
    OBSTRUCTION = "OBSTRUCTION"
    EVASION = "EVASION"
    PROPERTY_REPORT = "PROPERTY_REPORT"
    CONSUMPTION_RESTRICTION = "CONSUMPTION_RESTRICTION"
    SETTLEMENT_BROKEN = "SETTLEMENT_BROKEN"


UNTIL_PERFORMED = "有履行能力而拒不履行"
"""The beginning of the one ground without a term (article 2)."""

DEBTOR_GROUNDS = {
    DebtorGround.ABLE_BUT_REFUSES: f"{UNTIL_PERFORMED}生效法律文书确定义务",
    DebtorGround.OBSTRUCTION: "以伪造证据、暴力、威胁等方法妨碍、抗拒执行",
    DebtorGround.EVASION: "以虚假诉讼、虚假仲裁或者以隐匿、转移财产等方法规避执行",
    DebtorGround.PROPERTY_REPORT: "违反财产报告制度",
    DebtorGround.CONSUMPTION_RESTRICTION: "违反限制消费令",
    DebtorGround.SETTLEMENT_BROKEN: "无正当理由拒不履行执行和解协议",
}
"""The grounds in the words of the national list."""

DEBTOR_TERM_MONTHS = 24
REFUSAL_TERM_MONTHS = 24
"""Publicity of an entry of an award's debtor, if it does not perform before (R6)."""
GRACE_MONTHS = 3
"""The longest period of grace before an entry is published (法发〔2019〕35号, article 15)."""

LONGEST_LIFT = 30
"""Days of a single lift."""


def compute_debtor_end(grounds: str, published_on: date) -> date | None:
    """Return the last day of a debtor's listing, by its grounds; None until performance (article 2)."""
    return None if UNTIL_PERFORMED in grounds else add_months(published_on, DEBTOR_TERM_MONTHS)


class Removal(Keyed):
    """A removal from a list that a file reports; it ends the newest entry of that case (R23).

    Stored separately, since it may be imported before the entry. reason: a `CloseReason`.
    """

    __tablename__ = "removal"
    __table_args__ = (
        UniqueConstraint("kind", "party_id", "case_number"),
        CheckConstraint("reason IN ('DELISTED', 'PERFORMED', 'WITHDRAWN')", name="reason"),
        Index("ix_removal_party_id", "party_id"),
    )

    kind: Mapped[ListingKind]
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    case_number: Mapped[str]
    removed_on: Mapped[date]
    reason: Mapped[str]
    exported_on: Mapped[date | None]


class Listing(Public, Keyed):
    """An entry on a list, open until `removed_on` or `ends_on`. case_number: empty for lenders.

    grade: of a dishonest debtor; null where no court has said it. grace_ends_on: last day of the period of grace,
    before publication. deduction_id: what a dishonest litigant is listed for; the entry is public while that is.
    refusal_id: what the debtor of an award is listed for; its `listed_on` is the first day of the refusal.

    A removed party may be listed again, as another entry (R23). exported_on: of the newest export.
    """

    __tablename__ = "listing"
    __table_args__ = (
        index_where("ix_listing_untied", "case_number", where="case_id IS NULL AND case_number <> ''"),
        index_where(
            "uq_listing_debtor",
            "party_id",
            "case_number",
            "published_on",
            where="kind = 'DISHONEST_DEBTOR'",
            unique=True,
        ),
        index_where(
            "uq_listing_lender",
            "party_id",
            "court_code",
            "listed_on",
            where="kind = 'PROFESSIONAL_LENDER'",
            unique=True,
        ),
        index_where("uq_listing_litigant", "deduction_id", where="kind = 'DISHONEST_LITIGANT'", unique=True),
        CheckConstraint("(kind = 'DISHONEST_LITIGANT') = (deduction_id IS NOT NULL)", name="litigants_by_deduction"),
        index_where("uq_listing_refusal", "refusal_id", where="refusal_id IS NOT NULL", unique=True),
        CheckConstraint("(kind = 'AWARD_REFUSAL') = (refusal_id IS NOT NULL)", name="refusals_by_report"),
        CheckConstraint("published_on >= listed_on", name="published_after_listed"),
        CheckConstraint("grace_ends_on < published_on", name="published_after_grace"),
        CheckConstraint(
            "kind = 'DISHONEST_DEBTOR' OR num_nonnulls(grade, grace_ends_on) = 0", name="debtors_are_graded"
        ),
        CheckConstraint("removed_on >= published_on AND ends_on >= published_on", name="ends_after_published"),
        Index("ix_listing_published", "published_on", "id"),
    )

    kind: Mapped[ListingKind]
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("court_case.id"), index=True)
    deduction_id: Mapped[int | None] = mapped_column(ForeignKey("deduction.id"))
    refusal_id: Mapped[int | None] = mapped_column(ForeignKey("award_refusal.id"))
    case_number: Mapped[str]
    basis_number: Mapped[str]
    basis_unit: Mapped[str]
    obligation: Mapped[str]
    performance: Mapped[str]
    grounds: Mapped[str]
    grade: Mapped[ListingGrade | None]
    grace_ends_on: Mapped[date | None]
    listed_on: Mapped[date]
    published_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(index=True)
    removed_on: Mapped[date | None]
    exported_on: Mapped[date | None]

    court: Mapped[Court] = link()
    party: Mapped[Party] = link()


class ListingLift(Keyed):
    """A single lift (单次解禁) of the restrictions on a dishonest debtor: for a purpose, from one day to another.

    The entry stays as it is. lifted_until: the last day.
    """

    __tablename__ = "listing_lift"
    __table_args__ = (
        CheckConstraint("lifted_until BETWEEN lifted_on AND lifted_on + 29", name="a_few_days"),
        CheckConstraint("purpose <> ''", name="for_a_purpose"),
        ExcludeConstraint(
            ("listing_id", "="),
            (func.daterange(literal_column("lifted_on"), literal_column("lifted_until"), literal_column("'[]'")), "&&"),
            using="gist",
            name="one_at_a_time",
        ),
    )

    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id"))
    purpose: Mapped[str]
    lifted_on: Mapped[date]
    lifted_until: Mapped[date] = mapped_column(index=True)
    granted_at: Mapped[datetime]
