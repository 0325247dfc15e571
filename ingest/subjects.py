"""Subjects of lines: a name and a number, read once, then kept only as keyed hash, sealed and masked (R18)."""

import re
from datetime import date
from typing import NamedTuple

from casework.texts import holds_identity_number
from ingest.report import LineError
from models.identifiers import (
    OrganizationCode,
    PersonNumber,
    mask_number,
    parse_organization_code,
    parse_party_number,
    parse_person_number,
)
from models.keyring import Keyring
from models.party import PartyKind

REMEMBERED = 100_000
"""Subjects kept in memory; a file that names more starts afresh."""

NAME_LENGTH = 200
TEXT_LENGTH = 10_000
NUMBER_INSIDE = re.compile(r"(?:\d\s?){15}")


class Subject(NamedTuple):
    """An identified party of a line. `probes` are its keyed hashes under all key versions, newest first."""

    kind: PartyKind
    name: str
    probes: list[bytes]
    sealed: bytes
    masked: str
    born_on: date | None
    check_digit_valid: bool


class SubjectReader:
    """Reads names and numbers; remembers those it has read, so that each is hashed and sealed once."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._known: dict[tuple[PartyKind | None, str, str], Subject] = {}

    def read(self, kind: PartyKind | None, name: str, number: str) -> Subject:
        """The subject of a line. kind: None lets the number tell. Raises IdentifierError ID_NUMBER or NAME."""
        key = (kind, name, number)
        subject = self._known.get(key)
        if subject is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            subject = self._known[key] = self._subject(kind, name, number)
        return subject

    def _subject(self, kind: PartyKind | None, name: str, number: str) -> Subject:
        if not number:
            raise LineError("ID_NUMBER", "The identity number is missing: a record without it names nobody.")
        parsed = _parse(kind, number)
        probes = self._keyring.probes(parsed.value)
        return Subject(
            PartyKind.PERSON if isinstance(parsed, PersonNumber) else PartyKind.ORGANIZATION,
            read_name(name),
            probes,
            self._keyring.seal(parsed.value, probes[0]),
            mask_number(parsed.value),
            parsed.born_on if isinstance(parsed, PersonNumber) else None,
            not isinstance(parsed, OrganizationCode) or parsed.check_digit_valid,
        )


def _parse(kind: PartyKind | None, number: str) -> PersonNumber | OrganizationCode:
    if kind is PartyKind.PERSON:
        return parse_person_number(number)
    return parse_organization_code(number) if kind is PartyKind.ORGANIZATION else parse_party_number(number)


def read_name(text: str) -> str:
    """A party's name with single blanks. Raises LineError NAME if it is missing, overlong or holds a number (R18)."""
    name = " ".join(text.split())
    if not name or len(name) > NAME_LENGTH:
        raise LineError("NAME", f"The name is missing or longer than {NAME_LENGTH} characters: complete it.")
    refuse_number(name, "NAME")
    return name


def read_text(text: str, code: str, *, required: bool = False, limit: int = TEXT_LENGTH) -> str:
    """A cell that is stored as it stands, in which accounts and sums may stand.

    Raises LineError with `code` if it is missing, overlong or holds an identity number (R18).
    """
    if (required and not text) or len(text) > limit:
        raise LineError(code, f"A cell is empty or longer than {limit} characters: complete or shorten it.")
    if NUMBER_INSIDE.search(text) and holds_identity_number(text):
        raise _number_inside(code)
    return text


def refuse_number(text: str, code: str) -> None:
    """Keep whatever may be an identity number out of names and words (R18). Raises LineError with `code`."""
    if NUMBER_INSIDE.search(text):
        raise _number_inside(code)


def _number_inside(code: str) -> LineError:
    return LineError(code, "A cell for text holds an identity number: move it to its own column.")
