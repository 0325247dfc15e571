"""Bad scopes, variables and values: each is refused with its code and a sentence, and nothing is given or written."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from world import World, sealed

from auth.audiences import Audience, Purpose
from demo.city.cast import AWARD, CHEN, LIN, ZHAO
from models.access_record import BorrowerRelation
from models.references import Alphabet

STRICT = "application/graphql-response+json"
CHECK = """query ($by: SubjectKey!, $access: AccessInput!) {
    subject(by: $by, access: $access) { outcome party { name } } }"""
BATCH = "query ($by: [SubjectKey!]!, $access: AccessInput!) { subjects(by: $by, access: $access) { outcome } }"
KEY = {"name": CHEN.name, "idNumber": CHEN.number}
ACCESS = {"purpose": "LOAN_APPROVAL"}
PERSONAL = (CHEN.name, CHEN.number, CHEN.number[:17], LIN.name)
"""What no refusal and no log may repeat (R18)."""

Told = list[tuple[str, str]]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A bad request is the client's affair: nothing of it is logged."""
    yield
    assert caplog.get_records("call") == []


def post(world: World, audience: Audience, query: str, variables: Mapping[str, Any] | None = None) -> Any:
    body = {"query": query, "variables": dict(variables or {})}
    return world.post(world.token(audience), body, accept=STRICT)


def refused(
    world: World, audience: Audience, query: str, variables: Mapping[str, Any] | None = None, status: int = 400
) -> Told:
    """The errors of an answer without data, which repeats nothing personal and is not logged as given."""
    with world.logged() as entries:
        response = post(world, audience, query, variables)
    assert entries == []
    answer = response.json()
    assert (response.status_code, answer.get("data")) == (status, None)
    assert [text for text in PERSONAL if text in json.dumps(answer, ensure_ascii=False)] == []
    return [(error["message"], error["extensions"]["code"]) for error in answer["errors"]]


def failed(world: World, audience: Audience, query: str, variables: Mapping[str, Any] | None = None) -> Told:
    """The same for an operation that began: its root field must not be null, so there is no data."""
    return refused(world, audience, query, variables, 200)


def check(world: World, **over: Any) -> Any:
    """The answer to a bank's check of CHEN, or of what `over` makes of the key."""
    return world.data(Audience.BANK, CHECK, {"by": KEY | over, "access": ACCESS})["subject"]


# --- scopes and purposes ----------------------------------------------------------------------------------------------


@pytest.mark.fapi_refuses("5.3.4-4")
def test_all_missing_scopes_are_named_at_once(world: World) -> None:
    query = "{ parties(first: 1) { nodes { creditCode { colour } } } bulkOperations(first: 1) { totalCount } }"
    response = world.post(world.token(Audience.COURT, "catalogue.read"), {"query": query})
    missing = ["bulk.read", "organization.read", "person.credit.read", "register.read"]
    told = f"This token lacks the scopes {', '.join(missing)}. Ask for a token with them, or leave out the fields."
    lacking = {
        "code": "FORBIDDEN",
        "missingScopes": missing,
        "fields": [
            "CreditCode",
            "CreditCode.colour",
            "Party",
            "Party.creditCode",
            "Query.bulkOperations",
            "Query.parties",
        ],
    }
    challenge = f'Bearer realm="suxin", error="insufficient_scope", scope="{" ".join(missing)}"'
    assert (response.status_code, list(response.json())) == (403, ["errors", "extensions"])
    assert response.json()["errors"] == [{"message": told, "extensions": lacking}]
    assert response.headers["www-authenticate"] == challenge


@pytest.mark.parametrize(
    "query",
    [
        "{ parties(first: 1) { totalCount } }",
        "{ ...F } fragment F on Query { ... on Query { parties(first: 1) { totalCount } } }",
        "query ($no: Boolean = false) { parties(first: 1) @include(if: $no) { totalCount } }",
    ],
)
def test_no_detour_leads_around_a_scope(world: World, query: str) -> None:
    with world.logged() as entries:
        response = world.post(world.token(Audience.COURT, "catalogue.read"), {"query": query})
        hidden = world.post(world.token(Audience.BANK), {"query": query})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert (hidden.status_code, hidden.json()["errors"][0]["extensions"]["code"]) == (200, "INVALID_DOCUMENT")
    assert entries == []


def test_a_purpose_must_be_registered_for_the_client(world: World) -> None:
    variables = {"by": KEY, "access": {"purpose": "EMPLOYMENT_CHECK"}}
    names = "GUARANTEE_REVIEW, INCENTIVE_LOAN, LOAN_APPROVAL, POST_LOAN_MONITORING"
    told = f"EMPLOYMENT_CHECK is not among the purposes registered for this client and document: {names}."
    assert failed(world, Audience.BANK, CHECK, variables) == [(told, "PURPOSE_NOT_ALLOWED")]


def test_an_unknown_purpose_is_refused_with_the_purposes_that_there_are(world: World) -> None:
    variables = {"by": KEY, "access": {"purpose": "LOAN_APROVAL"}}
    told = "Variable '$access' has invalid value at .purpose: Value does not exist in 'Purpose' enum. It is one of: "
    told += f"{', '.join(Purpose)}."
    assert refused(world, Audience.BANK, CHECK, variables) == [(told, "BAD_VARIABLES")]


# --- a subject's key --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "over",
    [
        {"idNumber": " 330281 19000101 0004 "},
        {"idNumber": "３３０２８１１９０００１０１０００４"},
        {"idNumber": "330281000101000"},
        {"name": f" {CHEN.name} "},
        {"consent": "SQ-BANK-CHEN"},
        {"idNumber": None, "organizationCode": AWARD.number.lower(), "name": AWARD.name},
        {"idNumber": None, "organizationCode": f"９{AWARD.number[1:]}", "name": AWARD.name},
    ],
)
def test_other_spellings_of_a_key_match(world: World, over: dict[str, Any]) -> None:
    name = over.get("name", CHEN.name).strip()
    assert check(world, **over) == {"outcome": "MATCHED", "party": {"name": name}}


@pytest.mark.parametrize(
    ("over", "outcome"),
    [
        ({"idNumber": "330281190001010005"}, "INVALID_NUMBER"),
        ({"idNumber": "33028119000101000"}, "INVALID_NUMBER"),
        ({"idNumber": "3302811900010100040"}, "INVALID_NUMBER"),
        ({"idNumber": "330281190013010004"}, "INVALID_NUMBER"),
        ({"idNumber": "33028119OOO1O1OOO4"}, "INVALID_NUMBER"),
        ({"idNumber": "X"}, "INVALID_NUMBER"),
        ({"idNumber": ""}, "INVALID_NUMBER"),
        ({"idNumber": "1" * 60_000}, "INVALID_NUMBER"),
        ({"idNumber": AWARD.number}, "INVALID_NUMBER"),
        ({"idNumber": None, "organizationCode": "9133"}, "INVALID_NUMBER"),
        ({"idNumber": None, "organizationCode": "91330212IIIIIIII0E"}, "INVALID_NUMBER"),
        ({"idNumber": None, "organizationCode": "91330212999999921E"}, "NOT_FOUND"),
        ({"name": LIN.name}, "NOT_FOUND"),
        ({"consent": "SQ-BANK-LIN"}, "CONSENT_REQUIRED"),
        ({"consent": ""}, "CONSENT_REQUIRED"),
        ({"consentSignedOn": "2000-02-29"}, "CONSENT_REQUIRED"),
        ({"consentSignedOn": "0001-01-01"}, "CONSENT_REQUIRED"),
        ({"consentSignedOn": "9999-12-31"}, "CONSENT_REQUIRED"),
        ({"name": ZHAO.name, "idNumber": ZHAO.number, "shareCode": "SX-0000-0000-0000"}, "CONSENT_REQUIRED"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_key_that_leads_to_nobody_is_answered_as_such(world: World, over: dict[str, Any], outcome: str) -> None:
    assert check(world, **over) == {"outcome": outcome, "party": None}


ONE_NUMBER = "One of `idNumber`, `organizationCode` and `document` is needed, and no other."
NO_NAME = "The full `name` is needed: a number alone finds nobody."
KEYS = {
    "both numbers": ({"organizationCode": AWARD.number}, ONE_NUMBER),
    "no number": ({"idNumber": None}, ONE_NUMBER),
    "empty name": ({"name": ""}, NO_NAME),
    "blank name": ({"name": " \u3000 "}, NO_NAME),
    **{
        f"{field}: {kind}": ({field: CHEN.name + text}, f"`{field}` {words}")
        for field in ("name", "consent", "shareCode", "reference")
        for kind, text, words in (
            ("too long", "x" * 198, "is longer than 200 characters."),
            ("bell", "\a", "holds control characters or broken Unicode."),
            ("line break", "\n", "holds control characters or broken Unicode."),
            ("C1 control", "\x85", "holds control characters or broken Unicode."),
            ("right to left", "\u202e", "holds control characters or broken Unicode."),
            ("isolate", "\u2066", "holds control characters or broken Unicode."),
        )
    },
}


@pytest.mark.parametrize(("over", "told"), KEYS.values(), ids=KEYS)
def test_a_key_that_cannot_be_one_is_refused(world: World, over: dict[str, Any], told: str) -> None:
    variables = {"by": KEY | over, "access": ACCESS}
    assert failed(world, Audience.BANK, CHECK, variables) == [(told, "BAD_INPUT")]


@pytest.mark.parametrize("field", ["operator", "branch"])
def test_what_a_client_says_of_itself_is_bounded_too(world: World, field: str) -> None:
    for text, words in (
        ("x" * 201, "is longer than 200 characters."),
        ("\u200f", "holds control characters or broken Unicode."),
    ):
        told = [(f"`{field}` {words}", "BAD_INPUT")]
        assert failed(world, Audience.BANK, CHECK, {"by": KEY, "access": ACCESS | {field: text}}) == told


@pytest.mark.parametrize("written", ["{}", "贷款-{}-3", "客户{}"])
@pytest.mark.parametrize("field", ["operator", "branch", "reference"])
def test_an_identity_number_is_kept_nowhere(world: World, field: str, written: str) -> None:
    """Not in the access log either, however it is wrapped (R18)."""
    given = {field: written.format(CHEN.number)}
    by, access = (KEY | given, ACCESS) if field == "reference" else (KEY, ACCESS | given)
    told = f"`{field}` holds an identity number, which is never stored (R18): send one of your own."
    with world.logged() as entries:
        assert failed(world, Audience.BANK, CHECK, {"by": by, "access": access}) == [(told, "BAD_INPUT")]
    assert entries == []


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_holds_1_to_100_subjects(world: World, count: int) -> None:
    told = "`by` must hold 1 to 100 subjects; send the rest in another call."
    variables = {"by": [KEY] * count, "access": ACCESS}
    assert failed(world, Audience.BANK, BATCH, variables) == [(told, "TOO_MANY_SUBJECTS")]


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"idNumber": None}, ONE_NUMBER),
        ({"name": " "}, NO_NAME),
        ({"name": "x" * 201}, "`name` is longer than 200 characters."),
        ({"consent": "\a"}, "`consent` holds control characters or broken Unicode."),
        ({"reference": "贷款一"}, f"`reference` consists of {Alphabet.OWN.characters}."),
        (
            {"reference": CHEN.number},
            "`reference` holds an identity number, which is never stored (R18): send one of your own.",
        ),
    ],
)
def test_one_bad_key_of_a_batch_is_named_by_its_place(world: World, over: dict[str, Any], told: str) -> None:
    variables = {"by": [KEY, KEY | over], "access": ACCESS}
    assert failed(world, Audience.BANK, BATCH, variables) == [(f"Subject 2: {told}", "BAD_INPUT")]
    assert failed(world, Audience.BANK, CHECK, variables | {"by": KEY | over}) == [(told, "BAD_INPUT")]


# --- variables --------------------------------------------------------------------------------------------------------

BY = "Variable '$by' has invalid value"
RELATIONS = f"It is one of: {', '.join(BorrowerRelation)}."
ROOTS: Mapping[str, tuple[Any, list[str]]] = {
    "missing": (..., [f"{BY}: Expected a value of non-null type 'SubjectKey!' to be provided."]),
    "null": (None, [f"{BY}: Expected value of non-null type 'SubjectKey!' not to be None."]),
    "a text": (CHEN.number, [f"{BY}: Expected value of type 'SubjectKey' to be an object."]),
    "a list": ([KEY], [f"{BY}: Expected value of type 'SubjectKey' to be an object."]),
    "no name": (
        {"idNumber": CHEN.number},
        [f"{BY}: Expected value of type 'SubjectKey' to include required field 'name'."],
    ),
    "number as a number": (
        KEY | {"idNumber": int(CHEN.number)},
        [f"{BY} at .idNumber: String cannot represent a non string."],
    ),
    "names": (KEY | {"name": [CHEN.name, LIN.name]}, [f"{BY} at .name: String cannot represent a non string."]),
    "unknown field": (
        KEY | {"idNumbr": CHEN.number},
        [f"{BY}: Expected value of type 'SubjectKey' not to include unknown field 'idNumbr'. Did you mean idNumber?"],
    ),
    "name as a field": (
        KEY | {CHEN.name: CHEN.number},
        [f"{BY}: Expected value of type 'SubjectKey' not to include unknown field."],
    ),
    "number as a field": (
        KEY | {CHEN.number: CHEN.name},
        [f"{BY}: Expected value of type 'SubjectKey' not to include unknown field."],
    ),
    "number in a field": (
        KEY | {f"n{CHEN.number}": CHEN.name},
        [f"{BY}: Expected value of type 'SubjectKey' not to include unknown field 'n…'."],
    ),
    "enum": (
        KEY | {"relation": f"{CHEN.name}' does not exist in '{CHEN.number}"},
        [f"{BY} at .relation: Value does not exist in 'BorrowerRelation' enum. {RELATIONS}"],
    ),
    "enum as a number": (
        KEY | {"relation": int(CHEN.number)},
        [f"{BY} at .relation: Enum 'BorrowerRelation' cannot represent non-string. {RELATIONS}"],
    ),
    "two at once": (
        {"name": 5, "idNumber": 5},
        [
            f"{BY} at .name: String cannot represent a non string.",
            f"{BY} at .idNumber: String cannot represent a non string.",
        ],
    ),
}


@pytest.mark.parametrize(("value", "told"), ROOTS.values(), ids=ROOTS)
def test_a_variable_of_a_wrong_type_is_refused_and_not_repeated(world: World, value: Any, told: list[str]) -> None:
    variables = {"access": ACCESS} | ({} if value is ... else {"by": value})
    assert refused(world, Audience.BANK, CHECK, variables) == [(message, "BAD_VARIABLES") for message in told]


def test_of_many_wrong_variables_some_are_told(world: World) -> None:
    variables = {"by": [{"name": CHEN.name, "idNumber": 5}] * 100, "access": ACCESS}
    told = refused(world, Audience.BANK, BATCH, variables)
    assert len(told) == 11
    assert told[-1] == (
        "Too many errors processing variables, error limit reached. Execution aborted.",
        "BAD_VARIABLES",
    )


DAY = (
    "Expected value of type 'Date', but encountered error 'A Date must be a day of the calendar, such as 2026-11-21.'."
)
MOMENT = (
    "Expected value of type 'DateTime', but encountered error "
    "'A DateTime must be a moment with its zone, such as 2026-11-21T08:00:00Z.'."
)
FILED = "query ($day: Date) { cases(first: 1, filter: {filedFrom: $day}) { totalCount } }"
AS_OF = "query ($day: Date) { parties(first: 1) { nodes { creditCode(asOf: $day) { colour asOf } } } }"
SINCE = "query ($at: DateTime) { accessRecords(first: 1, filter: {since: $at}) { totalCount } }"
DAYS = [
    "2026-02-30",
    "20260101",
    "2026-1-1",
    "0000-00-00",
    "2026-W01-1",
    "２０２６-01-01",
    "",
    20260101,
    1.5,
    True,
    ["x"],
]
MOMENTS = ["2026-11-21T08:00:00", "2026-11-21", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "now", 0]


@pytest.mark.parametrize("query", [FILED, AS_OF])
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_day_has_one_spelling(world: World, query: str, day: object) -> None:
    told = [(f"Variable '$day' has invalid value: {DAY}", "BAD_VARIABLES")]
    assert refused(world, Audience.COURT, query, {"day": day}) == told


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_moment_needs_its_zone(world: World, moment: object) -> None:
    told = [(f"Variable '$at' has invalid value: {MOMENT}", "BAD_VARIABLES")]
    assert refused(world, Audience.AUDITOR, SINCE, {"at": moment}) == told


LOAN = "mutation($input: RecordIncentiveLoanInput!) { recordIncentiveLoan(input: $input) { errors { code } } }"
NO_DECIMALS = "Money must be a decimal string with two places, such as 20000.50."
TOO_LARGE = "Money must have at most 13 digits before its point."


@pytest.mark.parametrize(
    ("amount", "told"), [("20000.500", NO_DECIMALS), ("20000", NO_DECIMALS), ("12345678901234.00", TOO_LARGE)]
)
def test_an_amount_is_told_its_form_or_its_bound(world: World, amount: str, told: str) -> None:
    """In a variable and in the text: the example of the message is told, the amount itself is not."""
    loan = {"name": AWARD.name, "organizationCode": AWARD.number, "reference": "L1", "grantedOn": "2026-01-05"}
    reason = f"Expected value of type 'Money', but encountered error '{told}'."
    found = refused(world, Audience.BANK, LOAN, {"input": loan | {"amount": amount}})
    assert found == [(f"Variable '$input' has invalid value at .amount: {reason}", "BAD_VARIABLES")]
    written = ", ".join(f'{name}: "{value}"' for name, value in (loan | {"amount": amount}).items())
    document = f"mutation {{ recordIncentiveLoan(input: {{{written}}}) {{ errors {{ code }} }} }}"
    found = refused(world, Audience.BANK, document)
    assert found == [(reason, "INVALID_DOCUMENT")]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_days(world: World, day: str) -> None:
    assert world.data(Audience.COURT, FILED, {"day": day})["cases"]["totalCount"] >= 0
    node = world.data(Audience.COURT, AS_OF, {"day": day})["parties"]["nodes"][0]
    assert node["creditCode"]["asOf"] == day


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_the_ends_of_the_calendar_are_moments(world: World, moment: str) -> None:
    assert world.data(Audience.AUDITOR, SINCE, {"at": moment})["accessRecords"]["totalCount"] >= 0


# --- numbers of cases, pages, ids -------------------------------------------------------------------------------------


NO_YEAR = "its year is missing or does not stand in brackets, as in (2021)"


@pytest.mark.parametrize(
    ("number", "part"),
    [
        ("(2021)浙", "its case type is missing or not in the catalogue"),
        ("(2021)浙0281民初0号", "its serial is no number of one to eight digits"),
        *((text, NO_YEAR) for text in ("", "x", CHEN.name, CHEN.number, "1" * 50_000, "\a")),
    ],
)
def test_a_case_number_that_cannot_be_read_is_refused(world: World, number: str, part: str) -> None:
    told = f"`number` cannot be read: The case number cannot be read: {part}. Write it as in (2021)浙0281民初1号."
    query = "query ($number: String!) { case(number: $number) { number } }"
    answer = post(world, Audience.COURT, query, {"number": number}).json()
    assert answer["data"] == {"case": None}
    assert [(error["message"], error["extensions"]) for error in answer["errors"]] == [
        (told, {"code": "BAD_CASE_NUMBER"})
    ]


PAGE = "query ($first: Int!, $after: String) { parties(first: $first, after: $after) { totalCount } }"
INT = "Variable '$first' has invalid value: "


@pytest.mark.parametrize("first", [0, -1, 101, 2**31 - 1, -(2**31)])
def test_a_page_holds_1_to_100(world: World, first: int) -> None:
    told = [("`first` must be from 1 to 100; ask for more by `after`.", "BAD_PAGE_SIZE")]
    assert failed(world, Audience.COURT, PAGE, {"first": first}) == told


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (2**31, "Int cannot represent non 32-bit signed integer."),
        (2**70, "Int cannot represent non 32-bit signed integer."),
        (None, "Expected value of non-null type 'Int!' not to be None."),
        (1.5, "Int cannot represent non-integer."),
        ("1", "Int cannot represent non-integer."),
        (True, "Int cannot represent non-integer."),
        ([1], "Int cannot represent non-integer."),
    ],
)
def test_a_page_size_is_an_integer(world: World, first: object, told: str) -> None:
    assert refused(world, Audience.COURT, PAGE, {"first": first}) == [(INT + told, "BAD_VARIABLES")]


def test_a_page_needs_its_size(world: World) -> None:
    told = "Argument 'Query.parties(first:)' of type 'Int!' is required, but it was not provided."
    assert refused(world, Audience.COURT, "{ parties { totalCount } }") == [(told, "INVALID_DOCUMENT")]
    told = f"{INT}Expected a value of non-null type 'Int!' to be provided."
    assert refused(world, Audience.COURT, PAGE) == [(told, "BAD_VARIABLES")]


def encoded(text: str | bytes) -> str:
    return sealed(text)


@pytest.mark.parametrize(
    "after",
    ["", "x", "!", CHEN.name, encoded("[]"), encoded("[" * 20_000), encoded('["ENTERED_ASC", 1e999]'), encoded(b"\xff")]
    + [
        encoded(json.dumps(place)) for place in (["FILED_ASC", "7"], ["ENTERED_ASC", str(2**64)], ["ENTERED_ASC", "\0"])
    ],
    ids=lambda after: after[:20],
)
def test_a_cursor_of_nobody_s_is_refused(world: World, after: str) -> None:
    told = [("`after` must be an endCursor of this same list, in this same order.", "BAD_CURSOR")]
    assert failed(world, Audience.COURT, PAGE, {"first": 1, "after": after}) == told


NO_ID = "An id must be one that this service gave out, unchanged."
NODE = "query ($id: ID!) { node(id: $id) { id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
PARTY = "query ($id: ID!) { party(id: $id) { id } }"
BROKEN = ["", "x", "!", "5", CHEN.name, CHEN.number, encoded("Party"), encoded(b"\xff:1"), encoded("Court:\0x")]


def told_at(world: World, query: str, id: object) -> Any:
    answer = post(world, Audience.COURT, query, {"id": id}).json()
    errors = [(error["message"], error["extensions"]["code"]) for error in answer.get("errors", [])]
    return list(answer["data"].values()), errors


@pytest.mark.parametrize("id", BROKEN, ids=lambda text: text[:20])
def test_what_is_no_id_is_refused(world: World, id: str) -> None:
    assert told_at(world, NODE, id) == told_at(world, PARTY, id) == ([None], [(NO_ID, "BAD_ID")])


@pytest.mark.parametrize("key", ["x", "-1", "1.5", "", str(2**63), str(2**70), "1" * 5_000, "1 OR 1=1"])
def test_a_key_that_no_row_has_is_of_nothing(world: World, key: str) -> None:
    id = encoded(f"Party:{key}")
    assert told_at(world, NODE, id) == ([None], [])
    assert told_at(world, PARTY, id) == ([None], [("This is not the id of a Party.", "BAD_ID")])


@pytest.mark.parametrize("name", ["Nobody", "Query", "SubjectReport", "Person", "party", "CreditCode", ""])
def test_an_id_of_a_type_without_ids_is_of_nothing(world: World, name: str) -> None:
    assert told_at(world, NODE, encoded(f"{name}:1")) == ([None], [])
    assert told_at(world, PARTY, encoded(f"{name}:1")) == ([None], [("This is not the id of a Party.", "BAD_ID")])


def test_an_id_of_another_type_is_refused(world: World) -> None:
    court = world.data(Audience.COURT, "{ courts { id } }")["courts"][0]["id"]
    assert told_at(world, PARTY, court) == ([None], [("This is not the id of a Party.", "BAD_ID")])


def test_ids_that_were_given_out_are_taken_whatever_their_key_is(world: World) -> None:
    for root in ("courts { id }", "behaviours { id }", "codeTypes { id }", "catalogueVersions { id }"):
        [rows] = world.data(Audience.COURT, f"{{ {root} }}").values()
        ids = [row["id"] for row in rows][:100]
        assert world.data(Audience.COURT, NODES, {"ids": ids})["nodes"] == rows[:100]


def test_there_may_be_100_ids(world: World) -> None:
    assert world.data(Audience.COURT, NODES, {"ids": [encoded("Nobody:1")] * 100})["nodes"] == [None] * 100
    told = [("`ids` may hold 100 ids at most.", "TOO_MANY_SUBJECTS")]
    assert failed(world, Audience.COURT, NODES, {"ids": [encoded("Nobody:1")] * 101}) == told
    assert failed(world, Audience.COURT, NODES, {"ids": [encoded("Nobody:1"), "x"]}) == [(NO_ID, "BAD_ID")]
