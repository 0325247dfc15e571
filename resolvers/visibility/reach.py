"""Parties that an audience reaches: by consent, share code or jurisdiction (R15-R17)."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import ORGANIZATION_PURPOSES, Audience
from auth.consent import is_live_consent, is_live_share
from auth.scopes import PERSONS, Scope
from engine.declare.relations import Frame
from engine.declare.sql import SQL, Operand
from models.party import PartyKind
from resolvers.view import CLIENT, COURT, LETTERS, NOW, PURPOSE, REQUEST, SCOPES, SHARES, SUBJECT
from resolvers.visibility.audiences import PARTNERS


def reach(party_id: SQL, audience: Audience, scope: Scope | None = None) -> SQL:
    """Return whether an audience may know of a party; with a scope, under consent to it."""
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


def may_be_known(party: Frame, audience: Audience, scope: Scope | None = None, granted: SQL | None = None) -> SQL:
    """Return whether a partner may know of a party: an organization, or a person with consent or share code (R15).

    The token must hold the scope, too: organizations alone may open a type to it. granted: whether there is such a
    consent or code, if the statement has found it already.
    """
    by_kind = party.kind == PartyKind.ORGANIZATION
    if audience is not Audience.COMMERCE:
        given = _is_granted(party.id, scope) if granted is None else granted
        by_kind = sa.or_(by_kind, sa.and_(holds(*([scope] if scope else PERSONS)), given))
    return sa.and_(party.disclosed, by_kind)


def known_by_scope(party: Frame, audience: Audience) -> Mapping[Scope | None, SQL]:
    """Return the conditions on a party that its rows share; a statement evaluates them once for each party."""
    if audience not in PARTNERS:
        return {}
    return {scope: may_be_known(party, audience, scope) for scope in (None, *PERSONS)}


def reached(row: Frame, party_id: SQL, audience: Audience, scope: Scope | None = None) -> SQL:
    """Return `reach` of a row's party, from the condition that the statement has already evaluated if there is one."""
    known = row.hoisted.get(scope)
    return reach(party_id, audience, scope) if known is None else known


def find_own_party() -> SQL:
    """Return the key of the party that is the authenticated litigant, or NULL."""
    own = aliased(models.Identity)
    return sa.select(own.party_id).where(own.index == SUBJECT).scalar_subquery()


def is_self(party_id: Operand) -> SQL:
    """Return whether the party is the authenticated litigant."""
    return sa.cast(party_id == find_own_party(), sa.Boolean)


def is_organization(party_id: SQL) -> SQL:
    """Return whether the party is a disclosed organization, which needs no consent (R15)."""
    party = aliased(models.Party)
    return (
        sa.select(party.id).where(party.id == party_id, party.kind == PartyKind.ORGANIZATION, party.disclosed).exists()
    )


def is_in_jurisdiction(court_code: Operand) -> SQL:
    """Return whether a court is the caller's own or below it (DOMAIN 3)."""
    return sa.func.starts_with(court_code, COURT)


def is_at_or_below(court_code: Operand, asked: Operand) -> SQL:
    """Return whether a court is the requested one or below it; false for an unknown code."""
    court = aliased(models.Court)
    return sa.and_(sa.select(court.code).where(court.code == asked).exists(), sa.func.starts_with(court_code, asked))


def _disclosed(party_id: SQL) -> SQL:
    party = aliased(models.Party)
    return sa.select(party.id).where(party.id == party_id, party.disclosed).exists()


def _is_granted(party_id: SQL, scope: Scope | None) -> SQL:
    """Return whether there is a live consent to this recipient and purpose, or a live share code was sent (R15)."""
    identity, consent, share = aliased(models.Identity), aliased(models.Consent), aliased(models.ShareCode)
    consented = sa.select(consent.id).where(
        identity.party_id == party_id, consent.subject_index == identity.index, consents(consent, scope)
    )
    shared = sa.select(share.id).where(
        identity.party_id == party_id, share.subject_index == identity.index, shares(share, scope)
    )
    return sa.or_(consented.exists(), shared.exists())


def holds(*scopes: Scope) -> SQL:
    """Return whether the token holds one of `scopes`."""
    return sa.or_(*(sa.literal(scope.value, sa.Text) == sa.any_(SCOPES) for scope in scopes))


FOR_PERSONS: SQL = PURPOSE.not_in(sorted(ORGANIZATION_PURPOSES))
"""Consents and share codes do not extend to purposes for organizations only."""


def consents(consent: type[models.Consent], scope: Scope | None = None) -> SQL:
    """Return whether a consent is live for this caller and purpose, and the one that the caller names, if any."""
    return sa.and_(is_live_consent(consent, CLIENT, PURPOSE, NOW, scope), FOR_PERSONS, _as_named(consent))


def _as_named(consent: type[models.Consent]) -> SQL:
    """Return whether a consent is the letter that the caller names, if one of this subject is named."""
    named = aliased(models.Consent)
    of_subject = sa.and_(named.subject_index == consent.subject_index, named.client_key == CLIENT)
    others = sa.select(named.id).where(of_subject, named.reference == sa.any_(LETTERS)).exists()
    return sa.or_(sa.func.cardinality(LETTERS) == 0, consent.reference == sa.any_(LETTERS), ~others)


def shares(share: type[models.ShareCode], scope: Scope | None = None) -> SQL:
    """Return whether a share code was sent with this request, and is live for its purpose."""
    return sa.and_(share.code_hash == sa.any_(SHARES), is_live_share(share, PURPOSE, NOW, REQUEST, scope), FOR_PERSONS)


def use_up(*shown: SQL, by: Sequence[Scope] = PERSONS) -> sa.Update:
    """Return the statement that uses up the live single-use codes that are `shown` to a token with one of the scopes
    `by`."""
    code = models.ShareCode
    unused = (code.single_use, code.used_at.is_(None), shares(code), holds(*by), *shown)
    used = sa.update(code).where(*unused).values(used_at=NOW, used_request=REQUEST).returning(code.id)
    return used.execution_options(synchronize_session=False)
