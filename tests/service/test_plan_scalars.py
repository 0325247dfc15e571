"""Scalars one by one: what PostgreSQL writes of a stored value is, byte for byte, what Python writes of it."""

from dataclasses import dataclass

import orjson
import pytest
import sqlalchemy as sa
from executors import Executors
from look_ups import node_id

from auth.audiences import Audience
from models.catalogue import Stage, Tier
from models.court import StaffRole
from models.court_case import Confidentiality, Role
from models.deduction import DeductionStatus, FindingKind

CHECKS = "SELECT conrelid::regclass AS of, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"


@dataclass(frozen=True)
class Place:
    """A column that holds scalars of one kind, and the field that shows it."""

    type_name: str
    field: str
    table: str
    column: str
    sql: str
    audience: Audience = Audience.COURT
    where: str = "true"

    def __str__(self) -> str:
        return f"{self.type_name}.{self.field}"


OWN = "subject_index = (SELECT index FROM identity JOIN party ON party.id = party_id WHERE party.name = '陈守信')"
PORTAL = Audience.LITIGANT_PORTAL
FILED = Place("Case", "filedOn", "court_case", "filed_on", "date")
CLOSED = Place("Case", "closedOn", "court_case", "closed_on", "date")
PROPOSED = Place("Deduction", "proposedAt", "deduction", "proposed_at", "timestamptz")
NOTIFIED = Place("Deduction", "notifiedAt", "deduction", "notified_at", "timestamptz")
PERFORMED = Place("Repair", "amountPerformed", "repair", "amount_performed", "numeric")
AMOUNT = Place("Sanction", "amount", "sanction", "amount", "numeric")
DAYS = Place("Sanction", "days", "sanction", "days", "smallint")
POINTS = Place("Deduction", "points", "deduction", "points", "smallint")
REASON = Place("DeductionStep", "reason", "deduction_step", "reason", "text")
DOCUMENT = Place("Deduction", "findingDocument", "deduction", "finding_document", "text")
SCOPES = Place("Consent", "scopes", "consent", "scopes", "text[]", PORTAL, OWN)
SINGLE_USE = Place("ShareCode", "singleUse", "share_code", "single_use", "boolean", PORTAL, OWN)
ENUMS = {
    Place("Deduction", "role", "deduction", "role", "text"): [*Role],
    Place("Deduction", "stage", "deduction", "stage", "text"): [*Stage],
    Place("Deduction", "tier", "deduction", "tier", "text"): [*Tier],
    Place("Deduction", "status", "deduction", "status", "text"): [*DeductionStatus],
    Place("Deduction", "findingKind", "deduction", "finding_kind", "text"): [*FindingKind],
    Place("DeductionStep", "staffRole", "deduction_step", "staff_role", "text"): [*StaffRole, None],
    Place("Case", "confidentiality", "court_case", "confidentiality", "text"): [*Confidentiality],
}


@pytest.fixture(scope="module")
def lawless(executors: Executors) -> Executors:
    """Over a city whose rows may hold any value that its columns can."""
    with executors.plans.engine.begin() as connection:
        for check in connection.execute(sa.text(CHECKS)).all():
            connection.execute(sa.text(f'ALTER TABLE {check.of} DROP CONSTRAINT IF EXISTS "{check.conname}"'))
    return executors


def shown(lawless: Executors, place: Place, value: object) -> bytes:
    """What both executors write of a value that is stored in a place."""
    key = stored(lawless, place, value)
    asked = f"query ($id: ID!) {{ node(id: $id) {{ ... on {place.type_name} {{ value: {place.field} }} }} }}"
    answer = lawless.answer(place.audience, asked, {"id": node_id(place.type_name, key)})
    assert answer.startswith(b'{"node":{"value":')
    assert answer.endswith(b"}}")
    return answer[len(b'{"node":{"value":') : -len(b"}}")]


def stored(lawless: Executors, place: Place, value: object) -> int:
    """The key of the row that holds the value now."""
    row = f"SELECT min(id) FROM {place.table} WHERE {place.where}"  # noqa: S608
    update = f"UPDATE {place.table} SET {place.column} = CAST(:value AS {place.sql}) WHERE id = ({row}) RETURNING id"  # noqa: S608
    with lawless.plans.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))  # no trigger stands in the way
        connection.execute(sa.text("INSERT INTO card_withdrawal (party_id) SELECT party_id FROM party_card"))
        return int(connection.execute(sa.text(update), {"value": value}).scalar_one())


# --- days and moments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "written"),
    [
        ("2026-11-21", "2026-11-21"),
        ("2024-02-29", "2024-02-29"),
        ("0999-12-31", "0999-12-31"),
        ("0001-01-01", "0001-01-01"),
        ("0001-01-02", "0001-01-02"),
        ("9999-12-30", "9999-12-30"),
        ("9999-12-31", "9999-12-31"),
        ("-infinity", "0001-01-01"),
        ("infinity", "9999-12-31"),
    ],
)
@pytest.mark.parametrize("place", [FILED, CLOSED], ids=str)
def test_a_day_is_written_as_iso_8601(lawless: Executors, place: Place, kept: str, written: str) -> None:
    """The driver stores the first and the last day of Python's calendar as infinite, and reads them as days."""
    assert shown(lawless, place, kept) == orjson.dumps(written)


@pytest.mark.parametrize(
    ("kept", "written"),
    [
        ("2026-11-21 08:00:00Z", "2026-11-21T08:00:00.000000Z"),
        ("2026-11-21 08:00:00.1Z", "2026-11-21T08:00:00.100000Z"),
        ("2026-11-21 08:00:00.000001Z", "2026-11-21T08:00:00.000001Z"),
        ("2026-11-21 08:00:00.123456Z", "2026-11-21T08:00:00.123456Z"),
        ("2026-11-21 23:59:59.999999Z", "2026-11-21T23:59:59.999999Z"),
        ("2026-11-21 00:00:00+08", "2026-11-20T16:00:00.000000Z"),
        ("1900-01-01 00:00:00+08:05:43", "1899-12-31T15:54:17.000000Z"),
        ("0999-01-01 00:00:00Z", "0999-01-01T00:00:00.000000Z"),
        ("0001-01-01 00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31 23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
@pytest.mark.parametrize("place", [PROPOSED, NOTIFIED], ids=str)
def test_a_moment_is_written_in_utc_with_six_digits(lawless: Executors, place: Place, kept: str, written: str) -> None:
    assert shown(lawless, place, kept) == orjson.dumps(written)


@pytest.mark.parametrize(
    ("kept", "written"), [("-infinity", "0001-01-01T00:00:00.000000Z"), ("infinity", "9999-12-31T23:59:59.999999Z")]
)
@pytest.mark.parametrize("place", [PROPOSED, NOTIFIED], ids=str)
def test_an_infinite_moment_is_the_first_or_the_last(lawless: Executors, place: Place, kept: str, written: str) -> None:
    """The driver stores the first and the last moment of Python's calendar as infinite, too."""
    assert shown(lawless, place, kept) == orjson.dumps(written)


# --- numbers and truth ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "written"),
    [
        ("0", "0.00"),
        ("0.01", "0.01"),
        ("-0.01", "-0.01"),
        ("-22951000.5", "-22951000.50"),
        ("10", "10.00"),
        ("9999999999999.99", "9999999999999.99"),
        ("-9999999999999.99", "-9999999999999.99"),
    ],
)
@pytest.mark.parametrize("place", [PERFORMED, AMOUNT], ids=str)
def test_money_is_written_as_a_string_with_two_places(
    lawless: Executors, place: Place, kept: str, written: str
) -> None:
    assert shown(lawless, place, kept) == orjson.dumps(written)


@pytest.mark.parametrize("value", [-(2**15), -1, 0, 1, 2**15 - 1])
@pytest.mark.parametrize("place", [POINTS, DAYS], ids=str)
def test_an_integer_is_written_in_digits(lawless: Executors, place: Place, value: int) -> None:
    assert shown(lawless, place, value) == str(value).encode()


@pytest.mark.parametrize(("value", "written"), [(True, b"true"), (False, b"false")])
def test_truth_is_written_as_json_has_it(lawless: Executors, value: bool, written: bytes) -> None:
    assert shown(lawless, SINGLE_USE, value) == written


# --- text -------------------------------------------------------------------------------------------------------------

TEXTS = [
    "",
    " ",
    "陈守信",
    '"',
    '""',
    "\\",
    '\\"',
    "\\u0041",
    "\\n",
    "/",
    "</script>",
    "'",
    "''",
    "%",
    "%s %(value)s %%",
    ":x ::text",
    "$1",
    "{}",
    '{"a":null}',
    "null",
    "infinity",
    "\u2028\u2029",
    "\u0080\u009f\u00a0\u00ad",
    "\ufeff\ufffd\ufffe\uffff",
    "𠮷野家",
    "\U0010ffff",
    "👩\u200d👩\u200d👧\u200d👦 🇨🇳",
    "e\u0301 é",
    "\u202eabc",
    "字" * 10_000,
]


@pytest.mark.parametrize(
    "text", [*TEXTS, *map(chr, range(1, 0x20)), "\x7f", "".join(map(chr, range(1, 0x80)))], ids=ascii
)
@pytest.mark.parametrize("place", [REASON, DOCUMENT], ids=str)
def test_text_is_escaped_as_python_escapes_it(lawless: Executors, place: Place, text: str) -> None:
    assert shown(lawless, place, text) == orjson.dumps(text)


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["person.credit.read"],
        ["a", "b", "a"],
        ['"', "\\", ",", "{", "}", "a b", "NULL", "null", "'"],
        ["\n\t\r\b\f\x01\x1f\x7f", "\u2028", "𠮷", "👩\u200d👧"],
    ],
    ids=ascii,
)
def test_a_list_of_texts_is_written_as_an_array(lawless: Executors, texts: list[str]) -> None:
    assert shown(lawless, SCOPES, texts) == orjson.dumps(texts)


# --- names of values, ids, nulls --------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ENUMS, ids=str)
def test_a_value_of_an_enum_is_written_by_its_name(lawless: Executors, place: Place) -> None:
    """EXPIRED is never stored, and reads as what it says if it were."""
    expected = [orjson.dumps(value and value.name) for value in ENUMS[place]]
    stored(lawless, Place("Deduction", "expiresOn", "deduction", "expires_on", "date"), "9999-12-30")
    assert [shown(lawless, place, value and value.value) for value in ENUMS[place]] == expected


@pytest.mark.parametrize("place", [CLOSED, NOTIFIED, AMOUNT, DAYS, DOCUMENT], ids=str)
def test_what_is_not_there_is_null(lawless: Executors, place: Place) -> None:
    assert shown(lawless, place, None) == b"null"


@pytest.mark.parametrize("key", [10**9, 2**53 + 1, 2**63 - 1])
def test_an_id_is_written_on_one_line_whatever_the_key(lawless: Executors, key: int) -> None:
    with lawless.plans.engine.begin() as connection:
        insert = "INSERT INTO village (id, name) OVERRIDING SYSTEM VALUE VALUES (:key, :name)"
        connection.execute(sa.text(insert), {"key": key, "name": f"村{key}"})
    expected = node_id("Village", key)
    assert lawless.data(Audience.COURT, "query ($id: ID!) { node(id: $id) { id } }", {"id": expected}) == {
        "node": {"id": expected}
    }


@pytest.mark.parametrize("code", ["𠮷", "浙" * 100, 'a"\\b', "x:y"], ids=["astral", "long", "quoted", "colon"])
def test_an_id_holds_any_code(lawless: Executors, code: str) -> None:
    """Base64 of PostgreSQL breaks lines after 76 characters, which no id may."""
    with lawless.plans.engine.begin() as connection:
        insert = "INSERT INTO court (code, name, evidence) VALUES (:code, :code, 'S')"
        connection.execute(sa.text(insert), {"code": code})
    expected = node_id("Court", code)
    asked = "query ($id: ID!) { node(id: $id) { id ... on Court { code } } }"
    assert lawless.data(Audience.COURT, asked, {"id": expected}) == {"node": {"id": expected, "code": code}}
