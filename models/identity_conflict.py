"""Conflicts of identity: one number under two names (R22); and acts that change a party's identity."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link, map_enum
from models.court import Court, StaffRole
from models.documents import DocumentKind
from models.names import fold_default
from models.number_hashes import SEALED, NumberHash
from models.party import Party


class ConflictState(StrEnum):
    """The state of a conflict."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class ConflictOutcome(StrEnum):
    """The explanation of the other name: misspelt, a former name, or a wrong number."""

    NAME_CORRECTED = "NAME_CORRECTED"
    FORMER_NAME = "FORMER_NAME"
    WRONG_NUMBER = "WRONG_NUMBER"


class IdentityConflict(Keyed):
    """A person's number with another name. Its lines belong to a provisional party until it is resolved.

    line: of the name in the file; first_line: of the number's first occurrence; run_id: of the import. resolved_by: who
    confirmed the resolution.
    """

    __tablename__ = "identity_conflict"
    __table_args__ = (
        UniqueConstraint("holder_id", "folded"),
        CheckConstraint("holder_id <> provisional_id", name="of_two_parties"),
        CheckConstraint("evidence_digest IS NULL OR octet_length(evidence_digest) = 32", name="evidence"),
        CheckConstraint("(state = 'RESOLVED') = (outcome IS NOT NULL)", name="resolved_somehow"),
        CheckConstraint("(outcome IS NULL) = (resolved_at IS NULL)", name="resolved_some_time"),
        CheckConstraint(
            "outcome IS NULL OR num_nulls(resolved_by, reason, evidence_digest) = 0", name="resolved_with_evidence"
        ),
        Index("ix_identity_conflict_provisional_id", "provisional_id", unique=True),
        Index("ix_identity_conflict_court_code", "court_code", "opened_at"),
    )

    holder_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    provisional_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(default=fold_default("name"))
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    opened_at: Mapped[datetime]
    line: Mapped[int | None]
    first_line: Mapped[int | None]
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[ConflictState] = mapped_column(server_default=ConflictState.OPEN.value)
    outcome: Mapped[ConflictOutcome | None]
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    resolved_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    evidence_digest: Mapped[bytes | None]

    court: Mapped[Court] = link()
    holder: Mapped[Party] = link(primaryjoin=lambda: IdentityConflict.holder_id == Party.id)
    provisional: Mapped[Party] = link(primaryjoin=lambda: IdentityConflict.provisional_id == Party.id)


class IdentityActKind(StrEnum):
    """The kind of an act."""

    RESOLVE = "RESOLVE"
    CORRECT_NAME = "CORRECT_NAME"
    MERGE = "MERGE"
    SPLIT = "SPLIT"


class IdentityActState(StrEnum):
    """Proposed by one officer; done or refused by another one."""

    PROPOSED = "PROPOSED"
    DONE = "DONE"
    REFUSED = "REFUSED"


class IdentityAct(Keyed):
    """An act on a party's identity, proposed with reason and evidence, and decided by a second officer.

    other_id: the merged party, or the party that receives the rows of a split. name: the corrected name, or that of a
    new party. items: keys by table that a split moves. number_*: the right number of a conflict's lines, sealed (R18).
    """

    __tablename__ = "identity_act"
    __table_args__ = (
        CheckConstraint("octet_length(evidence_digest) = 32", name="evidence"),
        CheckConstraint("decided_by <> proposed_by", name="two_officers"),
        CheckConstraint("(state = 'PROPOSED') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("num_nulls(decided_by, decided_role, decided_at, decision_reason) IN (0, 4)", name="decision"),
        CheckConstraint("(kind = 'RESOLVE') = (conflict_id IS NOT NULL)", name="resolves_a_conflict"),
        CheckConstraint("(kind = 'RESOLVE') = (outcome IS NOT NULL)", name="resolves_somehow"),
        CheckConstraint("kind <> 'CORRECT_NAME' OR name IS NOT NULL", name="corrects_a_name"),
        CheckConstraint("kind <> 'MERGE' OR other_id IS NOT NULL", name="merges_two"),
        CheckConstraint("(kind = 'SPLIT') = (items IS NOT NULL)", name="splits_items"),
        CheckConstraint("party_id <> other_id", name="of_two_parties"),
        CheckConstraint(
            "num_nulls(number_kind, number_index, number_sealed, number_masked) IN (0, 4)", name="whole_number"
        ),
        CheckConstraint("number_index IS NULL OR outcome = 'WRONG_NUMBER'", name="right_number"),
        Index("ix_identity_act_party_id", "party_id"),
        Index("ix_identity_act_other_id", "other_id"),
        Index("ix_identity_act_court_code", "court_code", "proposed_at"),
        index_where("uq_identity_act_conflict", "conflict_id", where="state = 'PROPOSED'", unique=True),
    )

    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    kind: Mapped[IdentityActKind]
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    other_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    conflict_id: Mapped[int | None] = mapped_column(ForeignKey("identity_conflict.id"))
    outcome: Mapped[ConflictOutcome | None]
    name: Mapped[str | None]
    items: Mapped[dict[str, Any] | None]
    number_kind: Mapped[DocumentKind | None] = mapped_column(map_enum(DocumentKind, "numberkind"))
    number_index: Mapped[bytes | None] = mapped_column(NumberHash, info={SEALED: "number_sealed"})
    number_sealed: Mapped[bytes | None]
    number_masked: Mapped[str | None]
    reason: Mapped[str]
    evidence_digest: Mapped[bytes]
    proposed_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    proposed_role: Mapped[StaffRole] = mapped_column(map_enum(StaffRole, "proposedrole"))
    proposed_at: Mapped[datetime]
    state: Mapped[IdentityActState] = mapped_column(server_default=IdentityActState.PROPOSED.value)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_role: Mapped[StaffRole | None] = mapped_column(map_enum(StaffRole, "decidedrole"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]

    conflict: Mapped[IdentityConflict | None] = link()
    party: Mapped[Party] = link(primaryjoin=lambda: IdentityAct.party_id == Party.id)
    other: Mapped[Party | None] = link(primaryjoin=lambda: IdentityAct.other_id == Party.id)
