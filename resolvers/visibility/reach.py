"""Which parties an audience reaches at all: the consent, the share code, the jurisdiction (R15-R17)."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import ORGANIZATION_PURPOSES, Audience
from auth.consent import live_consent, live_share
from auth.scopes import PERSONS, Scope
from engine.declare.relations import Frame
from engine.declare.sql import SQL, Operand
from models.party import PartyKind
from resolvers.view import CLIENT, COURT, LETTERS, NOW, PURPOSE, REQUEST, SCOPES, SHARES, SUBJECT
from resolvers.visibility.audiences import PARTNERS


def reach(party_id: SQL, audience: Audience, scope: Scope | None = None) -> SQL:
    """Whether `audience` may know of a party, and under consent to `scope` if one is named."""
    match audience:
        case Audience.COURT:
            return sa.true()
        case Audience.LITIGANT_PORTAL:
            return is_self(party_id)
        case Audience.BANK | Audience.EMPLOYER | Audience.COMMERCE:
            party = aliased(models.Party)
            known = may_be_known(Frame(party), audience, scope)
            return sa.select(party.id).where(party.id == party_id, known).exists()
        case Audience.PUBLIC_PORTAL | Audience.CREDIT_PLATFORM:
            return _disclosed(party_id)
        case _:
            return sa.false()


def may_be_known(party: Frame, audience: Audience, scope: Scope | None = None) -> SQL:
    """Whether a partner may know of a party's row: an organization, or a person that it has leave to know (R15)."""
    by_kind = party.kind == PartyKind.ORGANIZATION
    if audience is not Audience.COMMERCE:
        by_kind = sa.or_(by_kind, _permitted(party.id, scope))
    return sa.and_(party.disclosed, by_kind)


def known_by_scope(party: Frame, audience: Audience) -> Mapping[Scope | None, SQL]:
    """What all rows about a party are narrowed by before a partner: evaluated once for each party of a statement."""
    if audience not in PARTNERS:
        return {}
    return {scope: may_be_known(party, audience, scope) for scope in (None, *PERSONS)}


def reached(row: Frame, party_id: SQL, audience: Audience, scope: Scope | None = None) -> SQL:
    """`reach` for the party of a row, by the word of another row of that party where there is one."""
    known = row.hoisted.get(scope)
    return reach(party_id, audience, scope) if known is None else known


def is_self(party_id: Operand) -> SQL:
    """Whether the party is the authenticated litigant."""
    own = aliased(models.Identity)
    return sa.cast(party_id == sa.select(own.party_id).where(own.index == SUBJECT).scalar_subquery(), sa.Boolean)


def is_organization(party_id: SQL) -> SQL:
    """Whether the party is a disclosed organization: no consent is needed (R15)."""
    party = aliased(models.Party)
    return (
        sa.select(party.id).where(party.id == party_id, party.kind == PartyKind.ORGANIZATION, party.disclosed).exists()
    )


def jurisdiction(court_code: Operand) -> SQL:
    """Whether a court is the caller's own or below it (DOMAIN 3)."""
    return sa.func.starts_with(court_code, COURT)


def at_or_below(court_code: Operand, asked: Operand) -> SQL:
    """Whether a court is the one that is asked for, or below it; a code that is no court's leads to none."""
    court = aliased(models.Court)
    return sa.and_(sa.select(court.code).where(court.code == asked).exists(), sa.func.starts_with(court_code, asked))


def _disclosed(party_id: SQL) -> SQL:
    party = aliased(models.Party)
    return sa.select(party.id).where(party.id == party_id, party.disclosed).exists()


def _permitted(party_id: SQL, scope: Scope | None) -> SQL:
    """A live consent to this recipient for this purpose, or a live share code that was shown (R15).

    The token must hold the scope too: a type may be open to it because of organizations alone.
    """
    identity, consent, share = aliased(models.Identity), aliased(models.Consent), aliased(models.ShareCode)
    consented = sa.select(consent.id).where(
        identity.party_id == party_id, consent.subject_index == identity.index, consents(consent, scope)
    )
    shared = sa.select(share.id).where(
        identity.party_id == party_id, share.subject_index == identity.index, shares(share, scope)
    )
    return sa.and_(holds(*([scope] if scope else PERSONS)), sa.or_(consented.exists(), shared.exists()))


def holds(*scopes: Scope) -> SQL:
    """Whether the token holds one of `scopes`."""
    return sa.or_(*(sa.literal(scope.value, sa.Text) == sa.any_(SCOPES) for scope in scopes))


FOR_PERSONS: SQL = PURPOSE.not_in(sorted(ORGANIZATION_PURPOSES))
"""No letter and no code opens a person to a purpose that reaches organizations only."""


def consents(consent: type[models.Consent], scope: Scope | None = None) -> SQL:
    """A live consent to this caller, for its purpose; where it named a letter, that one."""
    return sa.and_(live_consent(consent, CLIENT, PURPOSE, NOW, scope), FOR_PERSONS, _as_named(consent))


def _as_named(consent: type[models.Consent]) -> SQL:
    """Where the caller named a letter of this subject's, that one and no other."""
    named = aliased(models.Consent)
    of_subject = sa.and_(named.subject_index == consent.subject_index, named.client_key == CLIENT)
    others = sa.select(named.id).where(of_subject, named.reference == sa.any_(LETTERS)).exists()
    return sa.or_(consent.reference == sa.any_(LETTERS), ~others)


def shares(share: type[models.ShareCode], scope: Scope | None = None) -> SQL:
    """A live share code that was shown with this request, for its purpose."""
    return sa.and_(share.code_hash == sa.any_(SHARES), live_share(share, PURPOSE, NOW, REQUEST, scope), FOR_PERSONS)
