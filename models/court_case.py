"""Cases (案件) and their participants (R3)."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.catalogue import Stage
from models.court import Court
from models.party import Party


class Confidentiality(StrEnum):
    """The confidentiality of a case (R16)."""

    OPEN = "OPEN"
    FAMILY = "FAMILY"
    TRADE_SECRET = "TRADE_SECRET"  # noqa: S105 - a kind of case, not a credential
    PRIVACY = "PRIVACY"
    STATE_SECRET = "STATE_SECRET"  # noqa: S105 - a kind of case, not a credential


DISCLOSED = "confidentiality NOT IN ('PRIVACY', 'STATE_SECRET')"
"""SQL condition of cases that may be disclosed outside the court (R16)."""

NUMBER_WITHHELD = (Confidentiality.FAMILY, Confidentiality.TRADE_SECRET)
"""Cases that are disclosed without their number (R16)."""

LABOUR_WORDS = (
    "劳动", "劳务派遣", "集体合同", "竞业限制", "经济补偿金", "用工", "工伤", "社会保险", "养老", "医疗保险",
    "生育保险", "失业保险", "福利待遇", "人事争议", "辞职", "辞退", "聘用合同", "聘任",
)  # fmt: skip
"""Words of the causes of labour and personnel disputes (民事案件案由规定, part 6), hidden from employers."""


class Role(StrEnum):
    """The role of a participant (诉讼地位), always shown (R3)."""

    PLAINTIFF = "PLAINTIFF"
    DEFENDANT = "DEFENDANT"
    THIRD_PARTY = "THIRD_PARTY"
    ENFORCEMENT_APPLICANT = "ENFORCEMENT_APPLICANT"
    JUDGMENT_DEBTOR = "JUDGMENT_DEBTOR"
    AGENT = "AGENT"
    WITNESS = "WITNESS"
    APPRAISER = "APPRAISER"
    ASSISTING_BODY = "ASSISTING_BODY"
    BIDDER = "BIDDER"
    OUTSIDER = "OUTSIDER"


class CourtCase(Keyed):
    """A case. type_characters: empty for numbers before 2016. disclosed: false if nothing is disclosed (R16).

    division: name of the division (庭) of the court that has the case, since its last transfer or export; null if the
    court did not name it.
    """

    __tablename__ = "court_case"
    __table_args__ = (
        CheckConstraint("closed_on >= filed_on", name="closed_after_filed"),
        CheckConstraint("division <> ''", name="division_named"),
        ForeignKeyConstraint(["court_code", "division"], ["division.court_code", "division.name"]),
        Index("ix_court_case_division", "court_code", "division"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    year: Mapped[int] = mapped_column(SmallInteger)
    type_characters: Mapped[str]
    stage: Mapped[Stage]
    division: Mapped[str | None]
    cause: Mapped[str]
    confidentiality: Mapped[Confidentiality]
    filed_on: Mapped[date] = mapped_column(index=True)
    closed_on: Mapped[date | None]
    exported_on: Mapped[date | None]
    disclosed: Mapped[bool] = mapped_column(Computed(DISCLOSED, persisted=True))

    court: Mapped[Court] = link(foreign_keys=[court_code])
    participations: Mapped[list["Participation"]] = link()


class Participation(Keyed):
    """A participant in a case. Without an identity number there is no party, only the name.

    written_role: the role as written by the court, if it is not the standard word for `role`.
    """

    __tablename__ = "participation"
    __table_args__ = (
        Index("ix_participation_case", "case_id", "id"),
        index_where("uq_participation_party", "case_id", "role", "party_id", where="party_id IS NOT NULL", unique=True),
        index_where("uq_participation_unidentified", "case_id", "role", "name", where="party_id IS NULL", unique=True),
    )

    case_id: Mapped[int] = mapped_column(ForeignKey("court_case.id"))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    name: Mapped[str]
    role: Mapped[Role]
    written_role: Mapped[str | None]

    case: Mapped[CourtCase] = link()
    party: Mapped[Party | None] = link()
