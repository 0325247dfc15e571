"""Words in courts' files and their meanings (DOMAIN 6). `vocabulary/*.csv` has the common ones."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed
from models.code_record import CloseReason
from models.court_case import Role
from models.deduction import AFTER_PUBLICATION, FindingKind
from models.documents import DocumentKind
from models.party import PartyKind
from models.repair import RepairGround
from models.sanction import SanctionKind


class WordKind(StrEnum):
    """A kind of words. The value is the name of its file."""

    ROLE = "roles"
    ROLE_QUALIFIER = "role_qualifiers"
    PARTY_KIND = "party_kinds"
    LISTED_KIND = "listed_kinds"
    DOCUMENT = "documents"
    COURT = "courts"
    SANCTION = "sanctions"
    REMOVAL_REASON = "removal_reasons"
    RELATION = "relations"
    YES_NO = "yes_no"
    BLANK = "blanks"
    FINDING = "findings"
    DEDUCTION_STATE = "deduction_states"
    REPAIR_GROUND = "repair_grounds"


EITHER = "EITHER"
"""A kind of party that follows from the document: 个体工商户 has its own code or its operator's card."""

STANDING = "STANDING"
"""The meaning of a bracket after a role that does not change the role."""

YES, NO, BLANK = "YES", "NO", "BLANK"

MEANINGS: dict[WordKind, frozenset[str] | None] = {
    WordKind.ROLE: frozenset(Role),
    WordKind.ROLE_QUALIFIER: frozenset({*Role, STANDING}),
    WordKind.PARTY_KIND: frozenset({*PartyKind, EITHER}),
    WordKind.LISTED_KIND: frozenset({*PartyKind, EITHER}),
    WordKind.DOCUMENT: frozenset(DocumentKind),
    WordKind.COURT: None,
    WordKind.SANCTION: frozenset(SanctionKind) - {SanctionKind.CONVICTION},
    WordKind.REMOVAL_REASON: frozenset({CloseReason.DELISTED, CloseReason.PERFORMED, CloseReason.WITHDRAWN}),
    WordKind.RELATION: frozenset({"LEGAL_REPRESENTATIVE", "AFFILIATE"}),
    WordKind.YES_NO: frozenset({YES, NO}),
    WordKind.BLANK: frozenset({BLANK}),
    WordKind.FINDING: frozenset(FindingKind),
    WordKind.DEDUCTION_STATE: frozenset(AFTER_PUBLICATION),
    WordKind.REPAIR_GROUND: frozenset(RepairGround),
}
"""The possible meanings by kind of word. A court's word means the code of a court."""

LONGEST_WORD = 100


class VocabularyWord(Keyed):
    """A word that the court added; it overrides a built-in one. folded: as compared (R21)."""

    __tablename__ = "vocabulary_word"
    __table_args__ = (
        UniqueConstraint("kind", "folded"),
        CheckConstraint(
            f"folded <> '' AND char_length(written) <= {LONGEST_WORD} AND meaning <> ''", name="word_is_written"
        ),
    )

    kind: Mapped[WordKind]
    folded: Mapped[str]
    written: Mapped[str]
    meaning: Mapped[str]
    loaded_at: Mapped[datetime] = mapped_column(server_default=func.now())
