"""Awards and mediations of labour-arbitration bodies (劳动人事争议仲裁), and refusals to perform them (DOMAIN 1, 5)."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.client import Client
from models.court import Court
from models.number_hashes import NumberHash
from models.party import Party, PartyKind


class AwardKind(StrEnum):
    """An award (裁决书), or a mediation (调解书), which binds as an award does."""

    AWARD = "AWARD"
    MEDIATION = "MEDIATION"


class RefusalState(StrEnum):
    """REPORTED → PUBLISHED | RETURNED; PUBLISHED → WITHDRAWN; REPORTED or PUBLISHED → PERFORMED."""

    REPORTED = "REPORTED"
    PUBLISHED = "PUBLISHED"
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"
    PERFORMED = "PERFORMED"


OPEN = (RefusalState.REPORTED, RefusalState.PUBLISHED)
"""The states of a refusal that lasts. An award has one such refusal at most."""


class ArbitralAward(Keyed):
    """An award against one debtor, as the arbitration body recorded it. The debtor is an employer or an employee.

    client_key: the body; court_code: the court at which awards of the body are enforced. number: unique for the body
    and the debtor. debtor_name, subject_index, masked: the debtor as the body named it; the keyed hash of its number
    (R18). party_id: the party of that number; null if the courts know the number under other names (R22). perform_by:
    last day for performance. performed_on: day of full performance. withdrawn_at: when the body withdrew it.
    """

    __tablename__ = "arbitral_award"
    __table_args__ = (
        UniqueConstraint("client_key", "number", "subject_index"),
        CheckConstraint("number <> '' AND obligation <> ''", name="described"),
        CheckConstraint("octet_length(subject_index) = 21", name="keyed_hash"),
        CheckConstraint("masked LIKE '%*%'", name="masked_form"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("effective_on >= made_on AND perform_by >= effective_on", name="ordered"),
        CheckConstraint("performed_on >= made_on", name="performed_later"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name="withdrawn_for_a_reason"),
        Index("ix_arbitral_award_recorded", "recorded_at", "id"),
        Index("ix_arbitral_award_subject", "subject_index"),
    )

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    number: Mapped[str]
    kind: Mapped[AwardKind]
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    debtor_kind: Mapped[PartyKind]
    debtor_name: Mapped[str]
    subject_index: Mapped[bytes] = mapped_column(NumberHash)
    masked: Mapped[str]
    obligation: Mapped[str]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    made_on: Mapped[date]
    effective_on: Mapped[date]
    perform_by: Mapped[date]
    recorded_at: Mapped[datetime]
    performed_on: Mapped[date | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None]

    body: Mapped[Client] = link()
    court: Mapped[Court] = link()
    party: Mapped[Party | None] = link()


class AwardRefusal(Keyed):
    """A refusal to perform an award, which the body reports and the court publishes as a list entry or returns.

    statement: what the body says. decided_by, decided_at, reason: of the court's last decision.
    """

    __tablename__ = "award_refusal"
    __table_args__ = (
        index_where("uq_award_refusal_open", "award_id", where="state IN ('REPORTED', 'PUBLISHED')", unique=True),
        Index("ix_award_refusal_award_id", "award_id"),
        Index("ix_award_refusal_reported", "reported_at", "id"),
        CheckConstraint("statement <> ''", name="stated"),
        CheckConstraint("num_nulls(decided_at, decided_by, reason) IN (0, 3)", name="decided_with_reason"),
        CheckConstraint(
            "state IN ('REPORTED', 'PERFORMED') OR decided_at IS NOT NULL OR state = 'WITHDRAWN'", name="decided"
        ),
    )

    award_id: Mapped[int] = mapped_column(ForeignKey("arbitral_award.id"))
    statement: Mapped[str]
    reported_at: Mapped[datetime]
    state: Mapped[RefusalState]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str | None]

    award: Mapped[ArbitralAward] = link()
