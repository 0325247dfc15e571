"""Identity documents of persons and organizations, by kind (R22). Pure functions."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from models.identifiers import (
    IdentifierError,
    compact,
    is_person_number,
    mask_number,
    parse_organization_code,
    parse_person_number,
)


class DocumentKind(StrEnum):
    """A kind of identity document (证件类型)."""

    RESIDENT_ID = "RESIDENT_ID"
    UNIFIED_SOCIAL_CREDIT_CODE = "UNIFIED_SOCIAL_CREDIT_CODE"
    PASSPORT = "PASSPORT"
    HK_MACAO_PERMIT = "HK_MACAO_PERMIT"
    TAIWAN_PERMIT = "TAIWAN_PERMIT"
    FOREIGNER_RESIDENCE = "FOREIGNER_RESIDENCE"
    HK_MACAO_TAIWAN_RESIDENCE = "HK_MACAO_TAIWAN_RESIDENCE"
    MILITARY_ID = "MILITARY_ID"
    ORGANIZATION_CODE = "ORGANIZATION_CODE"
    BUSINESS_REGISTRATION = "BUSINESS_REGISTRATION"


class Document(NamedTuple):
    """A normalized number, the date of birth it states, and whether its check digit is right.

    A wrong check digit is an error for persons only, since some valid numbers of organizations have one.
    """

    kind: DocumentKind
    value: str
    born_on: date | None = None
    check_digit_valid: bool = True


ORGANIZATIONS = frozenset(
    {DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE, DocumentKind.ORGANIZATION_CODE, DocumentKind.BUSINESS_REGISTRATION}
)
"""Kinds that identify organizations; the others identify persons."""

CITIZEN_LENGTH = 18
"""Characters of numbers by GB 11643 (persons) and GB 32100 (organizations), which share one space."""

SHARED = frozenset(
    {
        DocumentKind.RESIDENT_ID,
        DocumentKind.HK_MACAO_TAIWAN_RESIDENCE,
        DocumentKind.FOREIGNER_RESIDENCE,
        DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE,
    }
)
"""Kinds whose 18-character numbers are unique across kinds."""

PASSPORT = re.compile(r"(?=.*[0-9])[A-Z0-9]{5,12}")
HK_MACAO_PERMIT = re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?")
TAIWAN_PERMIT = re.compile(r"([0-9]{8})(?:[0-9]{2}(?:\([A-Z]\)|[A-Z])?)?")
OLD_FOREIGNER_RESIDENCE = re.compile(r"[A-Z]{3}[0-9]{12}")
RESIDENCE = re.compile(r"8[123]0000[0-9]{11}[0-9X]")
MILITARY_ID = re.compile(r"([\u4e00-\u9fa5]{1,3}?)字?第?([0-9]{6,10})号?")
ORGANIZATION_CODE = re.compile(r"([0-9A-Z]{8})-?([0-9X])")
BUSINESS_REGISTRATION = re.compile(r"[0-9]{15}")
ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def parse_document(kind: DocumentKind, text: str) -> Document:
    """Parse a number of a kind. Raises IdentifierError ID_NUMBER with the expected form, without the number."""
    return PARSERS[kind](compact(text).upper())


def normalize_number(kind: DocumentKind, text: str) -> str:
    """Return the normalized number of `parse_document`. The check digit of an organization is not computed."""
    if kind is DocumentKind.RESIDENT_ID:
        return parse_person_number(text).value
    if kind is DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE:
        return parse_organization_code(text).value
    return parse_document(kind, text).value


def make_document_key(kind: DocumentKind, value: str) -> str:
    """Return the text to hash (R18): the number, with its kind unless it is unique across kinds."""
    return value if kind in SHARED and len(value) == CITIZEN_LENGTH else f"{kind}:{value}"


def extract_organization_code(document: Document) -> Document | None:
    """Return the organization code (GB 11714) in a unified code (GB 32100), positions 9 to 17, or None."""
    if document.kind is not DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE:
        return None
    return _organization_code(document.value[8:17]) if ORGANIZATION_CODE.fullmatch(document.value[8:17]) else None


def mask_document(value: str) -> str:
    """Mask a number (R18). Shows the first 6 and last 4 of 18 characters, otherwise the first 1 or 2 and last 2."""
    if len(value) == CITIZEN_LENGTH:
        return mask_number(value)
    shown = 2 if len(value) >= 8 else 1
    return f"{value[:shown]}{'*' * max(len(value) - shown - 2, 1)}{value[-2:]}"


def _refuse(form: str) -> IdentifierError:
    return IdentifierError("ID_NUMBER", f"{form}: check the number and the kind of document.")


def _resident(text: str) -> Document:
    number = parse_person_number(text)
    return Document(DocumentKind.RESIDENT_ID, number.value, number.born_on)


def _unified(text: str) -> Document:
    code = parse_organization_code(text)
    return Document(DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE, code.value, None, code.check_digit_valid)


def _passport(text: str) -> Document:
    if not PASSPORT.fullmatch(text) or is_person_number(text):
        raise _refuse("A passport number has 5 to 12 letters and digits")
    return Document(DocumentKind.PASSPORT, text)


def _hk_macao_permit(text: str) -> Document:
    """The two digits after the holder's number count renewals and are dropped."""
    found = HK_MACAO_PERMIT.fullmatch(text)
    if not found:
        raise _refuse("A permit of Hong Kong and Macao residents (港澳居民来往内地通行证) has H or M and 8 digits")
    return Document(DocumentKind.HK_MACAO_PERMIT, found[1])


def _taiwan_permit(text: str) -> Document:
    """The last two of ten digits count renewals and are dropped."""
    found = TAIWAN_PERMIT.fullmatch(text)
    if not found:
        raise _refuse("A permit of Taiwan residents (台湾居民来往大陆通行证) has 8 digits")
    return Document(DocumentKind.TAIWAN_PERMIT, found[1])


def _foreigner_residence(text: str) -> Document:
    """Since 2023 18 digits that begin with 9, with a check digit by GB 11643; before, 15 characters."""
    if OLD_FOREIGNER_RESIDENCE.fullmatch(text):
        return Document(DocumentKind.FOREIGNER_RESIDENCE, text)
    if len(text) != CITIZEN_LENGTH or not text.startswith("9"):
        raise _refuse("A foreigner's residence card has 18 digits that begin with 9, or 3 letters and 12 digits")
    number = parse_person_number(text)
    return Document(DocumentKind.FOREIGNER_RESIDENCE, number.value, number.born_on)


def _residence(text: str) -> Document:
    if not RESIDENCE.fullmatch(text):
        raise _refuse("A residence card (港澳台居民居住证) has 18 characters that begin with 810000, 820000 or 830000")
    number = parse_person_number(text)
    return Document(DocumentKind.HK_MACAO_TAIWAN_RESIDENCE, number.value, number.born_on)


def _military_id(text: str) -> Document:
    found = MILITARY_ID.fullmatch(text)
    if not found:
        raise _refuse("An officer's card (军官证) has one to three characters, 字第, 6 to 10 digits and 号")
    return Document(DocumentKind.MILITARY_ID, f"{found[1]}字第{found[2]}号")


def _organization_code(text: str) -> Document:
    """GB 11714: eight characters and a check digit (modulus 11)."""
    found = ORGANIZATION_CODE.fullmatch(text)
    if not found:
        raise _refuse("An organization code (组织机构代码) has 8 letters and digits, a hyphen and a check digit")
    total = sum(int(sign, 36) * weight for sign, weight in zip(found[1], ORGANIZATION_WEIGHTS, strict=True))
    valid = "0X987654321"[total % 11] == found[2]
    return Document(DocumentKind.ORGANIZATION_CODE, f"{found[1]}-{found[2]}", None, valid)


def _business_registration(text: str) -> Document:
    """15 digits, the last a check digit (ISO 7064, MOD 11,10)."""
    if not BUSINESS_REGISTRATION.fullmatch(text):
        raise _refuse("A registration number of a business licence (营业执照注册号) has 15 digits")
    product = 10
    for sign in text[:-1]:
        product = ((product + int(sign)) % 10 or 10) * 2 % 11
    valid = (product + int(text[-1])) % 10 == 1
    return Document(DocumentKind.BUSINESS_REGISTRATION, text, None, valid)


PARSERS: Mapping[DocumentKind, Callable[[str], Document]] = {
    DocumentKind.RESIDENT_ID: _resident,
    DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE: _unified,
    DocumentKind.PASSPORT: _passport,
    DocumentKind.HK_MACAO_PERMIT: _hk_macao_permit,
    DocumentKind.TAIWAN_PERMIT: _taiwan_permit,
    DocumentKind.FOREIGNER_RESIDENCE: _foreigner_residence,
    DocumentKind.HK_MACAO_TAIWAN_RESIDENCE: _residence,
    DocumentKind.MILITARY_ID: _military_id,
    DocumentKind.ORGANIZATION_CODE: _organization_code,
    DocumentKind.BUSINESS_REGISTRATION: _business_registration,
}
