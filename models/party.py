"""Parties (当事人) and the documents that identify them. A number itself is sealed; the keyed hash finds it (R18)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, choice, link, partial_index
from models.documents import DocumentKind
from models.household import Household, Village
from models.names import fold_default


class PartyKind(StrEnum):
    """A natural person or an organization: consent binds the first only (R15)."""

    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"


IdentityType = DocumentKind
"""The kind of document whose number identifies a party (R22)."""


class Party(Keyed):
    """A person or organization that took part in a case.

    `name` is the current one as it is written, `folded` as it is compared (R21); all names stand in `party_name`.
    `disclosed` is false for a party known only from matters that never leave the court (R16): a minor's, a private
    case's. For everyone outside, such a party does not exist; the database keeps it. `merged_id`: the party that this
    one turned out to be; nothing stands on it any more but what was told of it. The village is the one that the court's
    files name; the household, where there is one, is the moral bank's.

    of_age_from: the earliest day on which a person is established to have been of age; infinity while nothing is
    established, -infinity of an organization. Only `casework.majority` lowers it. What was done before it is a minor's.
    held: the provisional party of a name conflict (R22): the conflict's rows stand on it, nothing of it is public, and
    it has no document.
    """

    __tablename__ = "party"
    __table_args__ = (
        CheckConstraint("merged_id IS NULL OR (merged_id <> id AND NOT disclosed)", name="merged_is_hidden"),
        partial_index("ix_party_household_id", "household_id", where="household_id IS NOT NULL"),
        CheckConstraint("kind <> 'ORGANIZATION' OR of_age_from = '-infinity'", name="organizations_are_of_age"),
        CheckConstraint("NOT (held AND disclosed)", name="held_is_not_disclosed"),
        partial_index("ix_party_merged_id", "merged_id", where="merged_id IS NOT NULL"),
    )

    kind: Mapped[PartyKind]
    name: Mapped[str] = mapped_column(index=True)
    folded: Mapped[str] = mapped_column(index=True, default=fold_default("name"))
    disclosed: Mapped[bool]
    merged_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    of_age_from: Mapped[date] = mapped_column(server_default="infinity")
    held: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime]

    village: Mapped[Village | None] = link()
    household: Mapped[Household | None] = link()


class Identity(Keyed):
    """A document of a party: its number sealed, indexed by keyed hash, and in masked form.

    `sealed` is bound to `index`, so that it opens in this row only. `index` starts with the version of its key, and
    is made of `document_key`. A party may have several documents; `main` is the one whose number is shown.
    """

    __tablename__ = "identity"
    __table_args__ = (
        CheckConstraint("octet_length(index) = 21", name="keyed_hash"),
        CheckConstraint("masked LIKE '%*%'", name="masked_form"),
        Index("ix_identity_party_id", "party_id"),
        partial_index("uq_identity_main", "party_id", where="main", unique=True),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    type: Mapped[IdentityType] = mapped_column(choice(DocumentKind, "identitytype"))
    index: Mapped[bytes] = mapped_column(unique=True)
    sealed: Mapped[bytes]
    masked: Mapped[str]
    main: Mapped[bool] = mapped_column(server_default=text("true"))
