"""Find the party of each staged subject: the holder of its number, a new one, or that of an identity conflict (R22)."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from ingest.merge.staging import resolved_subject, staged_mention, staged_subject
from models.court_case import CourtCase
from models.documents import DocumentKind
from models.identity_conflict import IdentityConflict
from models.party import Identity, Party, PartyKind
from models.party_name import PartyName

subject, resolved = staged_subject.c, resolved_subject.c
FRESH_KEY = sa.func.nextval(sa.literal_column("'party_id_seq'::regclass"))


def resolve_subjects() -> sa.Insert:
    """Find the party of each subject by number, or assign a new key (R22).

    A person's number with an unknown name is a conflict: the subject is then the provisional party of the conflict.
    """
    found = _found()
    holder, stated = _holders(found), _stated()
    party, conflict, provisional = aliased(Party), aliased(IdentityConflict), aliased(Party)
    starts = holder.c.fresh & (subject.place == subject.first)
    name = (
        sa.select(PartyName.id)
        .where(PartyName.party_id == party.id, PartyName.folded == subject.folded)
        .where(subject.kind == PartyKind.PERSON, party.folded != subject.folded)
        .limit(1)
        .lateral("name")
    )
    named = sa.func.coalesce(party.folded == subject.folded, sa.false()) | name.c.id.is_not(None)
    same = starts | named | (subject.kind == PartyKind.ORGANIZATION)
    stands = sa.func.coalesce(provisional.merged_id, provisional.id)
    places = (
        staged_subject.join(found, found.c.place == subject.place)
        .join(holder, holder.c.first == subject.first)
        .join(stated, stated.c.place == subject.place)
        .outerjoin(party, party.id == holder.c.party_id)
        .outerjoin(name, sa.true())
        .outerjoin(conflict, sa.and_(~same, conflict.holder_id == holder.c.party_id, conflict.folded == subject.folded))
        .outerjoin(provisional, provisional.id == conflict.provisional_id)
    )
    return sa.insert(resolved_subject).from_select(
        [column.name for column in resolved],
        sa.select(
            subject.place,
            sa.case((same, holder.c.party_id), else_=sa.func.coalesce(stands, FRESH_KEY)),
            sa.case((same, starts), else_=conflict.id.is_(None)),
            sa.case((~same, holder.c.party_id)),
            ~same & conflict.id.is_(None),
            found.c.numbered,
            found.c.joins,
            stated.c.disclosed,
            stated.c.of_age_from,
        )
        .select_from(places)
        .order_by(subject.place),
    )


def _found() -> sa.CTE:
    """The party with the number of each subject, and whether it was found only by the contained organization code."""
    same, other = aliased(Identity), aliased(Identity)
    unified = sa.select(other.id).where(
        other.party_id == same.party_id, other.type == DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE
    )
    contained = (
        sa.select(same.party_id)
        .where(Identity.id.is_(None), same.index == subject.code, ~unified.exists())
        .limit(1)
        .lateral("contained")
    )
    return (
        sa.select(subject.place, subject.first, Identity.id.is_not(None).label("numbered"))
        .add_columns(sa.func.coalesce(Identity.party_id, contained.c.party_id).label("known"))
        .add_columns((Identity.id.is_(None) & contained.c.party_id.is_not(None)).label("joins"))
        .select_from(
            staged_subject.outerjoin(Identity, Identity.index == subject.index).outerjoin(contained, sa.true())
        )
        .cte("found")
    )


def _holders(found: sa.CTE) -> sa.CTE:
    """The party of each number, or a new key. Materialized, because the keys come from a sequence."""
    numbers = (
        sa.select(found.c.first, sa.func.max(found.c.known).label("known"))
        .group_by(found.c.first)
        .order_by(found.c.first)
        .subquery("numbers")
    )
    return (
        sa.select(numbers.c.first, numbers.c.known.is_(None).label("fresh"))
        .add_columns(sa.func.coalesce(numbers.c.known, FRESH_KEY).label("party_id"))
        .cte("holders")
        .prefix_with("MATERIALIZED")
    )


def _stated() -> sa.Subquery:
    """For each subject: from when it is of age, and whether a line discloses it (R16)."""
    mention = staged_mention.c
    of_age = mention.of_age_from <= sa.func.coalesce(CourtCase.filed_on, mention.of_age_from)
    discloses = sa.func.coalesce(of_age, sa.false()) & sa.func.coalesce(CourtCase.disclosed, sa.true())
    return (
        sa.select(mention.place, sa.func.bool_or(discloses).label("disclosed"))
        .add_columns(sa.func.min(mention.of_age_from).label("of_age_from"))
        .select_from(staged_mention.outerjoin(CourtCase, CourtCase.number == mention.case_number))
        .group_by(mention.place)
        .subquery("stated")
    )
