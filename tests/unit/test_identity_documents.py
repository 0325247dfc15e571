"""Documents other than the resident card: each identifies by its own kind (R22)."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.documents import Document, DocumentKind, make_document_key, mask_document, parse_document
from models.identifiers import IdentifierError

READ = [
    ("RESIDENT_ID", " 33028119030702306x ", "33028119030702306X", date(1903, 7, 2), "33028119030702306X"),
    ("RESIDENT_ID", "830000197001010152", "830000197001010152", date(1970, 1, 1), "830000197001010152"),
    ("UNIFIED_SOCIAL_CREDIT_CODE", "92330281MA2AF0QK9T", "92330281MA2AF0QK9T", None, "92330281MA2AF0QK9T"),
    ("HK_MACAO_TAIWAN_RESIDENCE", "810000197001010159", "810000197001010159", date(1970, 1, 1), "810000197001010159"),
    ("FOREIGNER_RESIDENCE", "911124198108030024", "911124198108030024", date(1981, 8, 3), "911124198108030024"),
    ("FOREIGNER_RESIDENCE", "USA310084010112", "USA310084010112", None, "FOREIGNER_RESIDENCE:USA310084010112"),
    ("PASSPORT", "ea 1234567", "EA1234567", None, "PASSPORT:EA1234567"),
    ("HK_MACAO_PERMIT", "H12345678", "H12345678", None, "HK_MACAO_PERMIT:H12345678"),
    ("HK_MACAO_PERMIT", "h1234567802", "H12345678", None, "HK_MACAO_PERMIT:H12345678"),
    ("TAIWAN_PERMIT", "12345678", "12345678", None, "TAIWAN_PERMIT:12345678"),
    ("TAIWAN_PERMIT", "1234567801（B）", "12345678", None, "TAIWAN_PERMIT:12345678"),
    ("MILITARY_ID", "军字第2001988号", "军字第2001988号", None, "MILITARY_ID:军字第2001988号"),
    ("MILITARY_ID", "军2001988", "军字第2001988号", None, "MILITARY_ID:军字第2001988号"),
    ("ORGANIZATION_CODE", "742163458", "74216345-8", None, "ORGANIZATION_CODE:74216345-8"),
    ("BUSINESS_REGISTRATION", "330281000012349", "330281000012349", None, "BUSINESS_REGISTRATION:330281000012349"),
]


@pytest.mark.parametrize(("kind", "text", "value", "born_on", "key"), READ)
def test_document(kind: str, text: str, value: str, born_on: date | None, key: str) -> None:
    document = parse_document(DocumentKind(kind), text)
    assert document == Document(DocumentKind(kind), value, born_on)
    assert make_document_key(document.kind, document.value) == key
    assert parse_document(document.kind, document.value) == document


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("PASSPORT", "33028119030702306X"),
        ("PASSPORT", "PASSPORT"),
        ("PASSPORT", "无"),
        ("HK_MACAO_PERMIT", "12345678"),
        ("TAIWAN_PERMIT", "1234567"),
        ("FOREIGNER_RESIDENCE", "33028119030702306X"),
        ("FOREIGNER_RESIDENCE", "911124198108030025"),
        ("HK_MACAO_TAIWAN_RESIDENCE", "33028119030702306X"),
        ("HK_MACAO_TAIWAN_RESIDENCE", "810000197001010150"),
        ("MILITARY_ID", "2001988"),
        ("ORGANIZATION_CODE", "7421634-6"),
        ("BUSINESS_REGISTRATION", "33028100001234"),
    ],
)
def test_wrong_document(kind: str, text: str) -> None:
    with pytest.raises(IdentifierError) as error:
        parse_document(DocumentKind(kind), text)
    assert error.value.code == "ID_NUMBER"
    assert text not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "text"), [("ORGANIZATION_CODE", "74216345-6"), ("BUSINESS_REGISTRATION", "330281000012345")]
)
def test_wrong_check_digit_of_an_organization_is_no_error(kind: str, text: str) -> None:
    assert parse_document(DocumentKind(kind), text).check_digit_valid is False


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("33028119030702306X", "330281********306X"),
        ("EA1234567", "EA*****67"),
        ("12345678", "12****78"),
        ("1234567", "1****67"),
        ("74216345-8", "74******-8"),
        ("330281000012349", "33***********49"),
    ],
)
def test_mask_shows_little(value: str, masked: str) -> None:
    assert mask_document(value) == masked


@given(st.sampled_from(DocumentKind), st.text() | st.text("0123456789ABHMX-", min_size=5, max_size=18))
def test_any_text_is_read_or_refused(kind: DocumentKind, text: str) -> None:
    with contextlib.suppress(IdentifierError):
        document = parse_document(kind, text)
        assert "*" in mask_document(document.value)
