"""Look-up of subjects by name and number, under consent or a share code (R15, R17, R20). CONSENT_REQUIRED is decided
from consents alone, so that it does not reveal whether a person is known."""

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from auth.consent import names
from auth.scopes import PERSONS, Scope
from casework.share_codes import is_single_use
from engine.declare.relations import About, Frame, Order, Prepared, Relation, Root
from engine.declare.sql import ROW_BY_ROW, SQL
from engine.load.errors import TooManySubjectsError
from engine.load.statements import ARGUMENT
from languages.sentence import say
from models.access_record import MatchOutcome
from models.number_hashes import find_stored
from models.party import PartyKind
from models.party_card import PARTY_COLUMNS
from models.party_name import NameStanding, is_known_as
from resolvers.joins import join
from resolvers.register.cards import COLOUR, DURING, read_party
from resolvers.register.subject_keys import ASKED, KEYS, bind_subjects, build_view, check_brake, is_person
from resolvers.view import SHARES, TODAY
from resolvers.visibility.audiences import PARTNERS
from resolvers.visibility.reach import consents, holds, may_be_known, shares, use_up

LARGEST_BATCH = 100


class Subject:
    """The row type's key: a subject of a look-up."""


PARTY_COLUMN = "party_"
"""The prefix of the columns of the party."""

KNOWN: Mapping[Scope | None, str] = {None: "known"} | {scope: f"known_by_{scope.name.lower()}" for scope in PERSONS}
"""The columns that say whether a party may be known, by the scope of consent or share code."""


def select_subjects(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select one row for each subject, in order, with its outcome, and its party if MATCHED."""
    asked = _asked()
    party, join_party = read_party(asked.c.index, _kind(asked))
    documents = _documents(asked, party)
    consent, share = _consents(asked, documents), _share(asked)
    outcome = _outcome(asked, audience, consent, share, party)
    found = sa.select(
        asked.c.ordinal,
        asked.c.index,
        asked.c.reference,
        asked.c.relation,
        outcome.label("outcome"),
        party.id.is_not(None).label("registered"),
        sa.case((outcome == MatchOutcome.MATCHED.value, party.id)).label("party_id"),
        _matched_name(asked, outcome, party).label("matched_name"),
        consent.c.id.label("consent_id"),
        share.c.id.label("share_code_id"),
        *(getattr(party, name).label(PARTY_COLUMN + name) for name in (*PARTY_COLUMNS, COLOUR, DURING)),
        *(
            may_be_known(party, audience, scope, _is_granted(consent, documents, scope)).label(name)
            for scope, name in KNOWN.items()
        ),
    )
    others = (documents, consent, share)
    source = reduce(lambda joined, other: joined.outerjoin(other, sa.true()), others, join_party(asked))
    return found.select_from(source).offset(ROW_BY_ROW).subquery("looked_up")


def _kind(asked: Any) -> SQL:
    """Return the kind that the number is of: codes need no consent, so they must not match a person (R15)."""
    kinds = models.Party.kind.type
    return sa.case(
        (asked.c.person, sa.literal(PartyKind.PERSON, kinds)), else_=sa.literal(PartyKind.ORGANIZATION, kinds)
    )


def _asked() -> Any:
    arrays = [sa.bindparam(ARGUMENT + name, type_=type_) for name, type_ in KEYS.items()]
    columns: list[sa.ColumnClause[Any]] = [sa.column(name, type_) for name, type_ in ASKED.items()]
    named = sa.func.unnest(*arrays).table_valued(*columns, with_ordinality="ordinal", name="named").render_derived()
    stored = find_stored(named.c.newest, named.c.earlier)
    return sa.select(named, stored.label("index")).offset(ROW_BY_ROW).subquery("asked")


def _documents(asked: Any, party: Frame) -> Any:
    """Select the keyed hashes of all documents of a person, as an array. Organizations need no consent."""
    identity, arrays = aliased(models.Identity), sa.ARRAY(sa.LargeBinary)
    own = sa.select(sa.func.array_agg(identity.index, type_=arrays)).where(identity.party_id == party.id)
    own = own.correlate_except(identity)
    indexes = sa.func.coalesce(party.indexes, own.scalar_subquery(), type_=arrays)
    one = sa.select(sa.literal(1).label("one")).subquery("one")
    read = sa.select(sa.case((asked.c.person, indexes)).label("indexes")).select_from(one)
    return read.offset(ROW_BY_ROW).lateral("documents")


def _consents(asked: Any, documents: Any) -> Any:
    """Select from the live consents of a subject, read once: the newest by the number asked for, or the one that the
    client names, as `id`; and for each scope whether one by any document of the party permits it."""
    consent = aliased(models.Consent)
    named = sa.or_(asked.c.consent.is_(None), consent.reference == asked.c.consent)
    dated = sa.or_(asked.c.signed_on.is_(None), consent.signed_on == asked.c.signed_on)
    by_number = sa.and_(consent.subject_index == asked.c.index, named, dated)
    of_party = consent.subject_index == sa.any_(documents.c.indexes)
    every = sa.func.array_prepend(asked.c.index, documents.c.indexes, type_=sa.ARRAY(sa.LargeBinary))
    return (
        sa.select(
            sa.func.max(consent.id).filter(by_number).label("id"),
            *(
                sa.func.coalesce(sa.func.bool_or(names(consent, scope)).filter(of_party), sa.false()).label(name)
                for scope, name in KNOWN.items()
            ),
        )
        .where(asked.c.person, consent.subject_index == sa.any_(every), consents(consent))
        .lateral("consent")
    )


def _is_granted(consent: Any, documents: Any, scope: Scope | None) -> SQL:
    """Return whether a live consent or a live share code permits a scope, by any document of the party (R15)."""
    share = aliased(models.ShareCode)
    shown = sa.select(share.id).where(share.subject_index == sa.any_(documents.c.indexes), shares(share, scope))
    return sa.or_(consent.c[KNOWN[scope]], sa.and_(sa.func.cardinality(SHARES) > 0, shown.exists()))


def _share(asked: Any) -> Any:
    """Select the share code that was sent, if it is of this subject."""
    share = aliased(models.ShareCode)
    shown = sa.and_(share.code_hash == asked.c.share, share.subject_index == asked.c.index)
    return sa.select(share.id).where(shown, shares(share)).lateral("share")


def _redeem() -> sa.Update:
    """Use up the single-use codes sent for their own subject, by name and number (R17). One request wins the row; for
    all others the code is invalid from then on. Whether a code is used up does not depend on whether a court knows its
    subject, unless it is sent with a former name (R20)."""
    asked, identity, party = _asked(), aliased(models.Identity), aliased(models.Party)
    same = sa.select(party.id).where(
        party.id == identity.party_id, identity.index == asked.c.index, is_known_as(party, asked.c.folded)
    )
    code = models.ShareCode
    named = sa.or_(code.shown_folded == asked.c.folded, same.exists())
    return use_up(code.code_hash == asked.c.share, code.subject_index == asked.c.index, named)


def _outcome(asked: Any, audience: Audience, consent: Any, share: Any, party: Any) -> SQL:
    """Return the outcome. The order ensures that nothing is revealed of a person without consent. A person's wrong name
    looks like an unknown number, and is found by the same comparison (R20)."""
    permitted = sa.and_(sa.or_(consent.c.id.is_not(None), share.c.id.is_not(None)), holds(*PERSONS))
    refused = asked.c.person if audience is Audience.COMMERCE else sa.and_(asked.c.person, ~permitted)
    return sa.case(
        (asked.c.index.is_(None), MatchOutcome.INVALID_NUMBER.value),
        (refused, MatchOutcome.CONSENT_REQUIRED.value),
        (is_known_as(party, asked.c.folded), MatchOutcome.MATCHED.value),
        (sa.or_(asked.c.person, party.id.is_(None)), MatchOutcome.NOT_FOUND.value),
        else_=MatchOutcome.NAME_MISMATCH.value,
    )


def _read_result(row: Frame) -> SQL:
    """Return the result for the access log, which tells a person's wrong name from an unknown number."""
    misnamed = sa.and_(row.outcome == MatchOutcome.NOT_FOUND.value, row.registered)
    return sa.case((misnamed, MatchOutcome.NAME_MISMATCH.value), else_=row.outcome)


def _matched_name(asked: Any, outcome: SQL, party: Any) -> SQL:
    """Return whether the present or a former name matched (R22)."""
    named = sa.case((party.folded == asked.c.folded, NameStanding.CURRENT.value), else_=NameStanding.FORMER.value)
    return sa.case((outcome == MatchOutcome.MATCHED.value, named))


def may_see_subject(row: Frame, audience: Audience) -> SQL:
    """Every caller; the party is narrowed."""
    return sa.true()


REDEEM = _redeem()
PARTY = join(models.Party, "id", "party_id")


def _read_party(report: Frame, audience: Audience) -> sa.Select[Any]:
    """Select the party that `select_subjects` has read."""
    others = [getattr(report, PARTY_COLUMN + name).label(name) for name in (*PARTY_COLUMNS, COLOUR, DURING)]
    return sa.select(report.party_id.label("id"), *others)


MATCHED_PARTY = replace(PARTY, read=_read_party)
"""The party of a row of `select_subjects`."""


def known_party(report: Frame, audience: Audience) -> Mapping[Scope | None, SQL]:
    """Return the conditions on a party that `select_subjects` has evaluated (`reach.known_by_scope`)."""
    if audience not in PARTNERS:
        return {}
    return {scope: getattr(report, name) for scope, name in KNOWN.items()}


ABOUT = About(
    lambda row: row.party_id,
    details={
        "index": lambda row: row.index,
        "result": _read_result,
        "consent": lambda row: row.consent_id,
        "share_code": lambda row: row.share_code_id,
        "reference": lambda row: row.reference,
        "relation": lambda row: row.relation,
    },
)


def as_of(row: Frame, audience: Audience) -> SQL:
    """Return the court's day of the answer."""
    return TODAY


def build_subject_root(many: bool) -> Root:
    """Return the root of a look-up of one subject, or of at most LARGEST_BATCH."""
    relation = Relation(
        target=Subject,
        on=lambda arguments, subject: sa.true(),
        keys=KEYS,
        many=many,
        orders={"ASKED": Order(("ordinal",))},
    )
    return Root(relation, ABOUT, prepare)


def prepare(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Fold names, convert numbers to keyed hashes, and set the purpose of the view. Raises TooManySubjectsError,
    PurposeError, BadInputError, BrakedError."""
    by, access = arguments["by"], arguments["access"]
    keys = by if isinstance(by, list) else [by]
    if not 1 <= len(keys) <= LARGEST_BATCH:
        raise TooManySubjectsError(
            say(
                "`by` must hold 1 to {largest_batch} subjects; send the rest in another call.",
                largest_batch=LARGEST_BATCH,
            )
        )
    values = bind_subjects(by, context.keyring)
    if any(map(is_person, keys)):
        check_brake(context.principal, context.now)
    shares = frozenset(share for share in values["share"] or () if share)
    once = any(key.share_code and is_single_use(key.share_code) for key in keys)
    letters = frozenset(letter for letter in values["consent"] or () if letter)
    return Prepared(values, build_view(access, context, shares, letters), REDEEM if once else None)
