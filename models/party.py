"""Parties (当事人) and their identity documents. Numbers are sealed and found by keyed hash (R18)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link, map_enum
from models.documents import DocumentKind
from models.household import Household, Village
from models.names import fold_default
from models.number_hashes import SEALED, NumberHash


class PartyKind(StrEnum):
    """A natural person, whose data requires consent (R15), or an organization."""

    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"


IdentityType = DocumentKind
"""The kind of document whose number identifies a party (R22)."""


class Party(Keyed):
    """A person or organization.

    name: the current one, as written; folded: as compared (R21). All names are in `party_name`. disclosed: false if the
    party is known from confidential matters only (R16); it is hidden outside the courts. merged_id: the party into
    which this one was merged. village_id: from the courts' files; household_id: from the moral bank.

    of_age_from: the earliest day on which the person is known to have been of age; infinity if unknown, -infinity for
    organizations. Only `casework.majority` lowers it. Conduct before it is a minor's. held: the provisional party of a
    name conflict (R22), which has no document and is never public.
    """

    __tablename__ = "party"
    __table_args__ = (
        CheckConstraint("merged_id IS NULL OR (merged_id <> id AND NOT disclosed)", name="merged_is_hidden"),
        index_where("ix_party_household_id", "household_id", where="household_id IS NOT NULL"),
        CheckConstraint("kind <> 'ORGANIZATION' OR of_age_from = '-infinity'", name="organizations_are_of_age"),
        CheckConstraint("NOT (held AND disclosed)", name="held_is_not_disclosed"),
        index_where("ix_party_merged_id", "merged_id", where="merged_id IS NOT NULL"),
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
    """An identity document of a party: the number sealed, its keyed hash, and its masked form.

    index: the version of the key and the hash of `make_document_key`. sealed: bound to `index`. main: the document
    whose number is shown.
    """

    __tablename__ = "identity"
    __table_args__ = (
        CheckConstraint("octet_length(index) = 21", name="keyed_hash"),
        CheckConstraint("masked LIKE '%*%'", name="masked_form"),
        Index("ix_identity_party_id", "party_id"),
        index_where("uq_identity_main", "party_id", where="main", unique=True),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    type: Mapped[IdentityType] = mapped_column(map_enum(DocumentKind, "identitytype"))
    index: Mapped[bytes] = mapped_column(NumberHash, unique=True, info={SEALED: "sealed"})
    sealed: Mapped[bytes]
    masked: Mapped[str]
    main: Mapped[bool] = mapped_column(server_default=text("true"))
