"""The subjects of a look-up as clients name them: checked, folded and hashed. Numbers are discarded (R18)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from auth.principal import Principal
from casework.share_codes import hash_code
from casework.texts import find_fault
from engine.load.errors import BadInputError
from languages.sentence import say
from models.access_record import BorrowerRelation
from models.documents import ORGANIZATIONS, DocumentKind, make_document_key, normalize_number
from models.identifiers import IdentifierError
from models.keyring import Keyring, NumberForms
from models.names import fold
from models.number_recogniser import holds_identity_number
from models.readable import UNREADABLE_LINE
from models.references import Alphabet
from resolvers.errors import BrakedError, PurposeError
from resolvers.view import Access, View

ASKED: Mapping[str, TypeEngine[Any]] = {
    "newest": sa.LargeBinary(),
    "earlier": sa.LargeBinary(),
    "folded": sa.Text(),
    "person": sa.Boolean(),
    "consent": sa.Text(),
    "signed_on": sa.Date(),
    "share": sa.LargeBinary(),
    "reference": sa.Text(),
    "relation": sa.Text(),
}
"""The values bound for each subject, as arrays of equal length, or null if all are. A null
hash is an invalid number."""

KEYS: Mapping[str, TypeEngine[Any]] = {name: sa.ARRAY(type_) for name, type_ in ASKED.items()}


def bind_subjects(by: Any, keyring: Keyring) -> dict[str, Sequence[Any] | None]:
    """Return the values of `ASKED` for a subject, or for each of a list. Raises BadInputError, whose message says the
    place within a list, from 1."""
    placed = enumerate(by, 1) if isinstance(by, list) else [(None, by)]
    rows = [_bind(key, place, keyring) for place, key in placed]
    return dict(zip(ASKED, map(_array, zip(*rows, strict=True)), strict=True))


def build_view(
    access: Any, context: Any, shares: frozenset[bytes] = frozenset(), letters: frozenset[str] = frozenset()
) -> View:
    """Return the view of a look-up for a purpose. Raises PurposeError for a purpose that the client may not name."""
    allowed = context.principal.purposes
    if access.purpose not in allowed:
        names = ", ".join(sorted(allowed))
        raise PurposeError(
            say(
                "{value} is not among the purposes registered for this client and document: {names}.",
                value=access.purpose.value,
                names=names,
            )
        )
    told = Access(access.purpose, check_own_text(access.operator, "operator"), check_own_text(access.branch, "branch"))
    view: View = context.view
    return replace(view, access=told, shares=shares, letters=letters)


def _array(values: Sequence[Any]) -> Sequence[Any] | None:
    """Return the values as an array; None if all are null, because unnest() fills up shorter arrays with nulls."""
    return None if values.count(None) == len(values) else list(values)


def _bind(key: Any, place: int | None, keyring: Keyring) -> tuple[Any, ...]:
    try:
        return _bound(key, keyring)
    except BadInputError as error:
        if place is None:
            raise
        raise BadInputError(say("Subject {place}: {fault}", place=place, fault=error.message)) from None


def _bound(key: Any, keyring: Keyring) -> tuple[Any, ...]:
    """Return the values of `ASKED` for one subject. Raises BadInputError."""
    forms, person = _hash(key, keyring)
    code = check_text(key.share_code, "shareCode")
    relation: BorrowerRelation | None = key.relation
    return (
        forms and forms.newest,
        forms and forms.earlier,
        _folded(key.name),
        person,
        check_text(key.consent, "consent"),
        key.consent_signed_on,
        hash_code(code) if code else None,
        check_own_reference(key.reference),
        relation and relation.value,
    )


def _folded(given: str) -> str:
    folded = fold(check_text(given, "name") or "")
    if not folded:
        raise BadInputError(say("The full `name` is needed: a number alone finds nobody."))
    return folded


def _hash(key: Any, keyring: Keyring) -> tuple[NumberForms | None, bool]:
    """Return the keyed hashes of a number (None for an invalid one), and whether it is a person's. The number is
    discarded (R18)."""
    given = find_document(key)
    if given is None:
        raise BadInputError(say("One of `idNumber`, `organizationCode` and `document` is needed, and no other."))
    kind, number = given
    person = kind not in ORGANIZATIONS
    try:
        return keyring.hash(make_document_key(kind, normalize_number(kind, number))), person
    except IdentifierError:
        return None, person


def find_document(key: Any) -> tuple[DocumentKind, str] | None:
    """Return kind and number of a subject; None unless exactly one is given."""
    person, organization, other = key.id_number, key.organization_code, key.document
    if (person is None) + (organization is None) + (other is None) != 2:
        return None
    if person is not None:
        return DocumentKind.RESIDENT_ID, person
    if organization is not None:
        return DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE, organization
    return other.kind, other.number


def is_person(key: Any) -> bool:
    """Return whether a subject is named by a person's document."""
    given = find_document(key)
    return given is not None and given[0] not in ORGANIZATIONS


def is_braked(principal: Principal, now: datetime) -> bool:
    """Return whether the client's look-ups of persons are refused at this time (`casework.client_alarms`)."""
    return principal.braked_until is not None and principal.braked_until > now


def check_brake(principal: Principal, now: datetime) -> None:
    """Raise BrakedError while the client's look-ups of persons are refused."""
    if principal.braked_until and is_braked(principal, now):
        wait = math.ceil((principal.braked_until - now).total_seconds())
        message = say(
            "Too many of your look-ups of persons were without consent or under another "
            "name, so that none is answered for {wait} seconds. Check your consents and "
            "names; the court can lift this earlier.",
            wait=wait,
        )
        raise BrakedError(message, retryAfter=wait)


LONGEST_TEXT = 200


def check_text(value: str | None, name: str) -> str | None:
    """Return `value` if it is readable and not too long. Raises BadInputError, which does not quote it."""
    if value is not None and (fault := find_fault(value, LONGEST_TEXT, UNREADABLE_LINE, name)):
        raise BadInputError(fault[0])
    return value


def check_own_text(value: str | None, name: str) -> str | None:
    """Return a text that is stored in the access log. Raises BadInputError also for an identity number (R18)."""
    if value is not None and holds_identity_number(value):
        raise BadInputError(
            say("`{name}` holds an identity number, which is never stored (R18): send one of your own.", name=name)
        )
    return check_text(value, name)


def check_own_reference(value: str | None) -> str | None:
    """Return a client's own reference. Raises BadInputError for other characters and for an identity number (R18)."""
    reference = check_own_text(value, "reference")
    if reference is not None and not Alphabet.OWN.covers(reference):
        raise BadInputError(say("`reference` consists of {characters}.", characters=Alphabet.OWN.characters))
    return reference
