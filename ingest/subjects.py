"""Subjects of lines. Numbers are kept only as keyed hash, sealed and masked (R18)."""

import re
from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from ingest.report import LineError
from models.documents import (
    ORGANIZATIONS,
    Document,
    DocumentKind,
    extract_organization_code,
    make_document_key,
    mask_document,
    parse_document,
)
from models.identifiers import PersonNumber, parse_party_number
from models.keyring import Keyring
from models.names import fold, tidy
from models.number_recogniser import holds_identity_number
from models.party import PartyKind

REMEMBERED = 100_000
"""Subjects that are cached. The cache is cleared when it is full."""

NAME_LENGTH = 200
TEXT_LENGTH = 10_000
NUMBER_INSIDE = re.compile(r"(?:\d\s?){15}")
FIRST_DOCUMENTS = {
    PartyKind.PERSON: DocumentKind.RESIDENT_ID,
    PartyKind.ORGANIZATION: DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE,
}
"""The kind of document of a number if only the kind of its holder is known."""


class Number(NamedTuple):
    """A number: the kind of its document, keyed hash, sealed, masked; and the hash of before a change to SM."""

    document: DocumentKind
    keyed_hash: bytes
    sealed: bytes
    masked: str
    earlier: bytes | None = None

    def choose_form(self, claimed: Collection[bytes]) -> bytes:
        """Return the hash under which the number is stored. claimed: earlier hashes that are (ADR 41)."""
        return self.earlier if self.earlier and self.earlier in claimed else self.keyed_hash


class LineSubject(NamedTuple):
    """The subject of a line. `folded`: its name for comparison. code: the organization code in a unified code."""

    kind: PartyKind
    name: str
    folded: str
    number: Number
    code: Number | None
    born_on: date | None
    check_digit_valid: bool

    @property
    def keyed_hash(self) -> bytes:
        """The keyed hash of the number."""
        return self.number.keyed_hash


Asked = tuple[PartyKind | None, str, str, DocumentKind | None]


class SubjectReader:
    """Reads names and numbers. Results are cached, so that each number is hashed and sealed once."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._known: dict[Asked, LineSubject] = {}

    def read(self, kind: PartyKind | None, name: str, number: str, document: DocumentKind | None = None) -> LineSubject:
        """Read a subject. Without `document`, the kind of party determines the document; without both, the number does.

        Raises IdentifierError ID_NUMBER or NAME.
        """
        key = (kind, name, number, document)
        subject = self._known.get(key)
        if subject is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            subject = self._known[key] = self._subject(*key)
        return subject

    def _subject(self, kind: PartyKind | None, name: str, number: str, document: DocumentKind | None) -> LineSubject:
        if not number:
            raise LineError("ID_NUMBER", "The identity number is missing: a record without it names nobody.")
        parsed = parse_document(document or FIRST_DOCUMENTS[kind or find_holder_kind(number)], number)
        code, kept = extract_organization_code(parsed), read_name(name)
        return LineSubject(
            PartyKind.ORGANIZATION if parsed.kind in ORGANIZATIONS else PartyKind.PERSON,
            kept,
            fold(kept),
            self._number(parsed),
            self._number(code) if code else None,
            parsed.born_on,
            parsed.check_digit_valid,
        )

    def _number(self, document: Document) -> Number:
        forms = self._keyring.hash(make_document_key(document.kind, document.value))
        sealed = self._keyring.seal(document.value, forms.newest)
        return Number(document.kind, forms.newest, sealed, mask_document(document.value), forms.earlier)


def find_holder_kind(number: str) -> PartyKind:
    """The kind of party that has this number. Raises IdentifierError ID_NUMBER."""
    return PartyKind.PERSON if isinstance(parse_party_number(number), PersonNumber) else PartyKind.ORGANIZATION


def read_name(text: str) -> str:
    """Read a name. Raises LineError NAME if it is missing, too long or contains a number (R18)."""
    name = tidy(text)
    if not name or len(name) > NAME_LENGTH:
        raise LineError("NAME", f"The name is missing or longer than {NAME_LENGTH} characters: complete it.")
    refuse_number(name, "NAME")
    return name


def read_text(text: str, code: str, *, required: bool = False, limit: int = TEXT_LENGTH) -> str:
    """Read a free-text cell, which may contain account numbers and sums.

    Raises LineError with `code` if it is missing, too long or contains an identity number (R18).
    """
    if required and not text:
        raise LineError(code, "The text is missing: write it.")
    if len(text) > limit:
        raise LineError(code, f"The text is longer than {limit} characters: shorten it.")
    if holds_identity_number(text):
        raise _number_inside(code)
    return text


def refuse_number(text: str, code: str) -> None:
    """Raise LineError with `code` if a name or word may contain an identity number (R18)."""
    if NUMBER_INSIDE.search(text) or holds_identity_number(text):
        raise _number_inside(code)


def _number_inside(code: str) -> LineError:
    return LineError(code, "A cell for text holds an identity number: move it to its own column.")
