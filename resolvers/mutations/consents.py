"""Consents, share codes and watches."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

from auth.audiences import Purpose
from casework import consents, share_codes, watches
from casework.consents import Letter, Permission, check_reference
from casework.refusal import Refusal
from casework.share_codes import OFTEN, ONCE, CodeHolder, Sharing, make_share_code
from casework.watches import Customer
from engine.load.context import Context
from engine.load.rows import Row
from models.consent import Consent
from models.documents import ORGANIZATIONS, Document, mask_document, parse_document
from models.identifiers import IdentifierError
from models.names import fold, tidy
from models.party import PartyKind
from resolvers.mutations.acting import Acting
from resolvers.register.subject_keys import check_brake, find_document

Given = Mapping[str, Any]
"""A document in an input: its kind and its number."""


def read_numbered(id_number: str | None, organization_code: str | None, document: Given | None) -> SimpleNamespace:
    other = document and SimpleNamespace(**document)
    return SimpleNamespace(id_number=id_number, organization_code=organization_code, document=other)


async def register_consent(
    acting: Acting,
    *,
    letter_number: str,
    id_number: str | None,
    document: Given | None,
    signed_on: date,
    purposes: Sequence[Purpose],
    scopes: Sequence[str],
    valid_from: datetime | None,
    valid_to: datetime,
    evidence_hash: bytes,
) -> int:
    """Register a letter of authorization."""
    letter = Letter(letter_number, signed_on, evidence_hash)
    given = Permission(purposes, scopes, valid_from, valid_to)
    client, subject = acting.caller.principal.client_key, await acting.hash_person(id_number, document)
    return await consents.register_consent(acting.connection, client, subject, letter, given, acting.caller.now)


async def revoke_consent(acting: Acting, *, id: int) -> int:
    """End a consent, by its recipient or its subject."""
    principal = acting.caller.principal
    own = acting.own
    whose = Consent.client_key == principal.client_key if own is None else Consent.subject_index == own
    await consents.revoke_consent(acting.connection, whose, id, acting.caller.now)
    return id


async def create_share_code(
    acting: Acting,
    *,
    name: str,
    id_number: str | None,
    organization_code: str | None,
    document: Given | None,
    purposes: Sequence[Purpose],
    scopes: Sequence[str],
    valid_to: datetime,
    single_use: bool,
) -> int:
    """Create a share code of the authenticated subject."""
    shown = await check_own_identity(acting, name, id_number, organization_code, document)
    sharing = Sharing(purposes, scopes, valid_to, ONCE if single_use else OFTEN)
    secret = acting.caller.keyring.share_key
    return await share_codes.create_share_code(acting.connection, secret, shown, sharing, acting.caller.now)


async def check_own_identity(
    acting: Acting, name: str, id_number: str | None, organization_code: str | None, document: Given | None
) -> CodeHolder:
    """Return the identity that the authenticated subject shows. Raises Refusal NOT_YOURS, BAD_TEXT."""
    given = _document(read_numbered(id_number, organization_code, document))
    if given is None or acting.subject != await acting.hash(given):
        raise Refusal("NOT_YOURS", "This is not the number of who has signed in.", "Give your own.", "idNumber")
    return CodeHolder(acting.subject, _name(name, "name"), mask_document(given.value))


def show_code(context: Context, row: Row) -> str:
    """Return the share code; a repeated request gets the same."""
    assert context.performing.changed is not None  # noqa: S101 - there is a row
    return make_share_code(
        context.caller.keyring.share_key, context.performing.changed, ONCE if row.single_use else OFTEN
    )


async def watch(acting: Acting, *, subjects: Sequence[Mapping[str, Any]]) -> int:
    """Watch customers."""
    customers = [await read_customer(acting, f"subjects.{place}.", **one) for place, one in enumerate(subjects)]
    if any(one.kind is PartyKind.PERSON for one in customers):
        check_brake(acting.caller.principal, acting.caller.now)
    client = acting.caller.principal.client_key
    return await watches.watch(acting.connection, client, customers, acting.caller.now)


async def read_customer(
    acting: Acting,
    path: str,
    name: str,
    id_number: str | None,
    organization_code: str | None,
    document: Given | None,
    reference: str,
) -> Customer:
    """Return a customer by name, number and the client's reference. path: its place in the input. Raises Refusal
    BAD_TEXT."""
    numbered = read_numbered(id_number, organization_code, document)
    given = _document(numbered)
    index = await acting.hash(given) if given else None
    one = find_document(numbered)
    kind = PartyKind.PERSON if one and one[0] not in ORGANIZATIONS else PartyKind.ORGANIZATION
    named = _name(name, f"{path}name")
    return Customer(index, kind, named, check_reference(reference, f"{path}reference"))


def _document(given: SimpleNamespace) -> Document | None:
    """Return the document; None if there is none, there are several, or the number is invalid."""
    one = find_document(given)
    try:
        return parse_document(*one) if one else None
    except IdentifierError:
        return None


def _name(given: str, field: str) -> str:
    if not fold(given):
        raise Refusal("BAD_TEXT", "This is blank.", "Give the full name.", field)
    return tidy(given)
