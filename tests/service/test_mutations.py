"""Mutations over HTTP: who may send which, what they answer, and that each is done once."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from chambers import NINGBO, Chambers, mutation
from graphql import GraphQLInputObjectType, GraphQLNonNull, get_named_type
from the_engine import GRAPHQL, POLICY
from world import sealed

from auth.audiences import Audience, scopes_of
from auth.scopes import Scope
from casework.idempotency import Request
from demo.city.cast import CHEN, LIN, ZHAO
from models.court import StaffRole

ENFORCEMENT = "(2026)浙0281执11号"
DIGEST = "00" * 32
PAGES = itertools.count(1)
SHOWN = "id status version points"
assert GRAPHQL.mutation_type
MUTATIONS = GRAPHQL.mutation_type.fields


def proposal(chambers: Chambers, **changes: Any) -> dict[str, Any]:
    """What a judge may propose against CHEN, each time on another page of the record."""
    case, party = chambers.party(ENFORCEMENT, CHEN)
    finding = {"kind": "COURT_RECORD", "number": f"执11号笔录第{next(PAGES)}页"}
    finding |= {"issuedOn": "2026-02-20", "digest": DIGEST}
    sound = {"caseId": case, "partyId": party, "role": "JUDGMENT_DEBTOR", "behaviour": "E01", "points": 3}
    return sound | {"conductOn": "2026-02-10", "finding": finding, "reason": "逾期未履行。"} | changes


def proposed(chambers: Chambers, **changes: Any) -> Any:
    """A deduction that a judge has proposed."""
    judge = chambers.officer(StaffRole.JUDGE)
    return chambers.done(judge, "proposeDeduction", SHOWN, **proposal(chambers, **changes))


def count(chambers: Chambers, table: str = "deduction") -> int:
    with chambers.engine.connect() as connection:
        return int(connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608 - a name from above


# --- what they answer -------------------------------------------------------------------------------------------------


def test_a_payload_shows_the_changed_object(chambers: Chambers) -> None:
    judge, chief = chambers.officer(StaffRole.JUDGE), chambers.officer(StaffRole.CHIEF)
    made = chambers.done(
        judge,
        "proposeDeduction",
        "id status version points party { name } steps { staffRole reason }",
        **proposal(chambers),
    )
    assert made | {"id": ""} == {
        "id": "",
        "status": "PROPOSED",
        "version": 1,
        "points": 3,
        "party": {"name": CHEN.name},
        "steps": [{"staffRole": "JUDGE", "reason": "逾期未履行。"}],
    }
    approved = chambers.done(chief, "reviewDeduction", "id status", id=made["id"], version=1, reason="证据充分。")
    assert approved == {"id": made["id"], "status": "CHIEF_APPROVED"}


def test_what_a_mutation_shows_is_in_the_access_log(chambers: Chambers) -> None:
    proposed(chambers)
    query = sa.text("SELECT field, types, result FROM access_record WHERE field = 'proposeDeduction' ORDER BY id DESC")
    with chambers.engine.connect() as connection:
        row = connection.execute(query).first()
    assert row is not None
    assert (row.field, row.result) == ("proposeDeduction", "GIVEN")
    assert "Deduction" in row.types


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"points": 9}, "POINTS_OUT_OF_BAND", ["input", "points"]),
        ({"behaviour": "X99"}, "UNKNOWN_BEHAVIOUR", ["input", "behaviour"]),
        ({"reason": "  "}, "REASON_REQUIRED", ["input", "reason"]),
        ({"reason": "欠款人身份证330281190001010004。"}, "BAD_TEXT", ["input", "reason"]),
        ({"reason": "证号 ３３０２８１ １９０００１０１ ０００４"}, "BAD_TEXT", ["input", "reason"]),
        ({"reason": "x" * 2001}, "BAD_TEXT", ["input", "reason"]),
        ({"reason": "a\u202eb"}, "BAD_TEXT", ["input", "reason"]),
        ({"conductOn": "2027-01-01"}, "BAD_DATE", ["input", "conductOn"]),
        ({"caseId": sealed("Party:1")}, "BAD_ID", ["input", "caseId"]),
        ({"caseId": "nonsense"}, "BAD_ID", ["input", "caseId"]),
        ({"caseId": sealed("Case:999999")}, "NOT_FOUND", ["input", "id"]),
        ({"role": "WITNESS"}, "NOT_A_PARTICIPANT", ["input", "role"]),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_done(
    chambers: Chambers, changes: dict[str, Any], code: str, path: list[str]
) -> None:
    before = count(chambers)
    given = proposal(chambers, **changes)
    error = chambers.refused(chambers.officer(StaffRole.JUDGE), "proposeDeduction", SHOWN, **given)
    assert (error["code"], error["path"]) == (code, path)
    assert count(chambers) == before


def test_an_identity_number_in_the_finding_is_refused_with_its_place(chambers: Chambers) -> None:
    given = proposal(chambers)
    given["finding"] = given["finding"] | {"number": CHEN.number}
    error = chambers.refused(chambers.officer(StaffRole.JUDGE), "proposeDeduction", SHOWN, **given)
    assert (error["code"], error["path"]) == ("BAD_TEXT", ["input", "finding", "number"])


@pytest.mark.parametrize("digest", ["", "00", "zz" * 32, "00" * 33])
def test_a_hash_is_64_hexadecimal_digits(chambers: Chambers, digest: str) -> None:
    given = proposal(chambers)
    given["finding"] = given["finding"] | {"digest": digest}
    answer = chambers.post(chambers.officer(StaffRole.JUDGE), mutation("proposeDeduction", SHOWN), {"input": given})
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "BAD_VARIABLES"


@pytest.mark.parametrize(
    ("role", "name", "given"),
    [
        (StaffRole.CHIEF, "proposeDeduction", {}),
        (StaffRole.JUDGE, "reviewDeduction", {"id": sealed("Deduction:1"), "version": 1, "reason": "x"}),
        (StaffRole.PRESIDENT, "openBatch", {"month": "2026-03-01"}),
        (StaffRole.PANEL, "publishBatch", {"id": sealed("Batch:1"), "reason": "x"}),
    ],
)
def test_a_role_does_what_is_its_own(chambers: Chambers, role: StaffRole, name: str, given: dict[str, Any]) -> None:
    if name == "proposeDeduction":
        given = proposal(chambers)
    elif name == "reviewDeduction":
        given = given | {"id": proposed(chambers)["id"]}
    shows = "id" if "Batch" in name else SHOWN
    assert chambers.refused(chambers.officer(role), name, shows, **given)["code"] == "WRONG_ROLE"


def test_another_court_s_deduction_is_as_unknown_as_none(chambers: Chambers) -> None:
    chief = chambers.officer(StaffRole.CHIEF, court=NINGBO)
    own, none = proposed(chambers)["id"], sealed("Deduction:999999")
    errors = [chambers.refused(chief, "reviewDeduction", SHOWN, id=key, version=1, reason="x") for key in (own, none)]
    assert errors[0] == errors[1]
    assert errors[0]["code"] == "NOT_FOUND"


def test_a_version_that_was_not_seen_is_refused(chambers: Chambers) -> None:
    made = proposed(chambers)
    error = chambers.refused(
        chambers.officer(StaffRole.CHIEF), "reviewDeduction", SHOWN, id=made["id"], version=2, reason="x"
    )
    assert (error["code"], error["path"]) == ("STALE_VERSION", ["input", "version"])


# --- who may send them ------------------------------------------------------------------------------------------------


def test_every_mutation_needs_a_scope_for_writing() -> None:
    writing = {scope for scope in Scope if scope.value.endswith(".write")}
    needed = {name: POLICY.get_requirements(f"Mutation.{name}")[1] for name in MUTATIONS}
    assert {name for name, ways in needed.items() if not all(way & writing for way in ways)} == set()


@pytest.mark.parametrize("audience", list(Audience))
def test_an_audience_sends_its_own_mutations_and_no_others(chambers: Chambers, audience: Audience) -> None:
    token = chambers.partner(audience)
    held = {Scope(name) for name in chambers.data(token, "{ viewer { scopes } }")["viewer"]["scopes"]}
    assert Scope.PROCEDURE_WRITE not in held
    for name, field in MUTATIONS.items():
        (ways,) = POLICY.get_requirements(f"Mutation.{name}")[1:]
        permitted, beyond = any(way <= held for way in ways), not any(way <= scopes_of(audience) for way in ways)
        response = chambers.post(token, f"mutation {{ {name}(input: {literal(field)}) {{ errors {{ code }} }} }}")
        assert (name, response.status_code == 403) == (name, not permitted and not beyond)
        if beyond:
            codes = {error["extensions"]["code"] for error in response.json()["errors"]}
            assert (name, codes) == (name, {"INVALID_DOCUMENT"}), "it is refused as what there is not"
    assert held <= scopes_of(audience)


def literal(field: Any) -> str:
    """A value for the argument of a mutation: of the right type, and of nothing there is."""
    return written(field.args["input"].type)


def written(kind: Any) -> str:
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType):
        needed = ((name, one) for name, one in named.fields.items() if isinstance(one.type, GraphQLNonNull))
        return "{" + ", ".join(f"{name}: {written(one.type)}" for name, one in needed) + "}"
    values = {"ID": '"x"', "String": '"x"', "Int": "1", "Boolean": "true", "Date": '"2026-01-01"', "Money": '"1.00"'}
    values |= {"Sha256": f'"{DIGEST}"', "DateTime": '"2026-01-01T00:00:00Z"'}
    return values.get(named.name) or next(iter(named.values))


def test_a_litigant_objects_to_nothing_of_others(chambers: Chambers) -> None:
    made = proposed(chambers)
    for subject in (CHEN, LIN):  # before notification nobody knows of it
        portal = chambers.partner(Audience.LITIGANT_PORTAL, subject)
        error = chambers.refused(portal, "fileObjection", "id", deductionId=made["id"], statement="不属实。")
        assert error["code"] == "NOT_FOUND"


def test_one_application_is_for_one_thing(chambers: Chambers) -> None:
    portal = chambers.partner(Audience.LITIGANT_PORTAL, ZHAO)
    given = {"ground": "REMORSE", "commitment": "改正。", "amountPerformed": "0.00"}
    assert chambers.refused(portal, "applyForRepair", "id", **given)["code"] == "BAD_ID"


# --- once -------------------------------------------------------------------------------------------------------------


def test_the_same_key_and_input_are_answered_alike_and_done_once(chambers: Chambers) -> None:
    judge, key, given = chambers.officer(StaffRole.JUDGE), str(uuid4()), proposal(chambers)
    before = count(chambers)
    answers = [
        chambers.post(judge, mutation("proposeDeduction", SHOWN), {"input": given}, **{"idempotency-key": key}).json()
        for _ in range(3)
    ]
    assert count(chambers) == before + 1
    assert answers[0]["data"] == answers[1]["data"] == answers[2]["data"]
    replayed = [answer["extensions"].get("idempotencyReplayed") for answer in answers]
    assert replayed == [None, True, True]


def test_the_same_key_with_other_input_is_refused(chambers: Chambers) -> None:
    judge, key = chambers.officer(StaffRole.JUDGE), str(uuid4())
    chambers.mutate(judge, "proposeDeduction", SHOWN, key, **proposal(chambers))
    other = chambers.post(
        judge,
        mutation("proposeDeduction", SHOWN),
        {"input": proposal(chambers, points=2)},
        **{"idempotency-key": key},
    )
    assert (other.status_code, other.json()["errors"][0]["extensions"]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_key_is_its_sender_s_own(chambers: Chambers) -> None:
    key, before = str(uuid4()), count(chambers)
    for place in (0, 1):
        judge = chambers.officer(StaffRole.JUDGE, place)
        assert chambers.mutate(judge, "proposeDeduction", SHOWN, key, **proposal(chambers))["errors"] == []
    assert count(chambers) == before + 2


def test_a_key_whose_mutation_was_refused_may_be_sent_again(chambers: Chambers) -> None:
    judge, key = chambers.officer(StaffRole.JUDGE), str(uuid4())
    refused = chambers.mutate(judge, "proposeDeduction", SHOWN, key, **proposal(chambers, points=9))
    assert refused["errors"]
    assert chambers.mutate(judge, "proposeDeduction", SHOWN, key, **proposal(chambers))["errors"] == []


@pytest.mark.parametrize("key", ["", "two words", "ü", "x" * 256])
def test_a_key_is_visible_ascii(chambers: Chambers, key: str) -> None:
    response = chambers.http.post(
        "/graphql",
        json={"query": mutation("proposeDeduction", SHOWN), "variables": {"input": proposal(chambers)}},
        headers=[
            (b"authorization", f"Bearer {chambers.officer(StaffRole.JUDGE)}".encode()),
            (b"idempotency-key", key.encode()),
        ],
    )
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_IDEMPOTENCY_KEY")


def test_a_key_in_progress_is_told(chambers: Chambers) -> None:
    judge, key, given = chambers.officer(StaffRole.JUDGE), str(uuid4()), proposal(chambers)
    with chambers.engine.connect() as connection:
        staff = connection.scalar(sa.text("SELECT staff_id FROM staff_account WHERE username = 'yuyao-judge-0'"))
        client = connection.scalar(sa.text("SELECT id FROM client WHERE client_id = 'front'"))
    digest = Request.of(f"{client}/{staff}/", key, b"", b"").digest
    with chambers.engine.begin() as connection:
        held = sa.text("SELECT pg_advisory_xact_lock(:number)")
        connection.execute(held, {"number": int.from_bytes(digest[:8], signed=True)})
        response = chambers.post(
            judge, mutation("proposeDeduction", SHOWN), {"input": given}, **{"idempotency-key": key}
        )
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (
        409,
        "IDEMPOTENCY_IN_PROGRESS",
    )


def test_of_many_at_once_with_one_key_one_is_done(chambers: Chambers) -> None:
    judge, key, given = chambers.officer(StaffRole.JUDGE), str(uuid4()), proposal(chambers)
    before, start = count(chambers), threading.Barrier(6)

    def send() -> int:
        start.wait()
        response = chambers.post(
            judge, mutation("proposeDeduction", SHOWN), {"input": given}, **{"idempotency-key": key}
        )
        return int(response.status_code)

    with ThreadPoolExecutor(6) as pool:
        codes = [found.result() for found in [pool.submit(send) for _ in range(6)]]
    assert count(chambers) == before + 1
    assert set(codes) <= {200, 409}
    assert 200 in codes


def test_of_two_chiefs_words_at_once_one_counts(chambers: Chambers) -> None:
    """The same item approved and returned at the same moment: one is told that it is late."""
    chief, made, start = chambers.officer(StaffRole.CHIEF), proposed(chambers), threading.Barrier(2)

    def send(name: str) -> Any:
        start.wait()
        given = {"id": made["id"], "version": 1, "reason": "审核。"}
        return chambers.post(chief, mutation(name, "status"), {"input": given}).json()["data"][name]

    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(send, name) for name in ("reviewDeduction", "returnDeduction")]
        payloads = [one.result() for one in found]
    codes = [[error["code"] for error in payload["errors"]] for payload in payloads]
    assert sorted(codes) == [[], ["WRONG_STATE"]]


# --- values at the ends of what there is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"effectiveOn": "9999-12-31"}, "effectiveOn"),
        ({"kind": "CONVICTION", "amount": None, "sentenceEndsOn": "9999-12-31"}, "sentenceEndsOn"),
        ({"decidedOn": "0001-01-01", "effectiveOn": "9998-01-01"}, "effectiveOn"),
    ],
)
def test_a_sanction_reaches_no_further_than_a_life(chambers: Chambers, changes: dict[str, Any], field: str) -> None:
    case, party = chambers.party(ENFORCEMENT, CHEN)
    given: dict[str, Any] = {"number": "(2026)浙0281司惩9号", "caseId": case, "partyId": party, "kind": "FINE"}
    given |= {"amount": "1.00", "decidedOn": "2026-03-01", "effectiveOn": "2026-03-01", "reason": "x"} | changes
    error = chambers.refused(chambers.officer(StaffRole.CENTRE), "recordSanction", "id", **given)
    assert (error["code"], error["path"]) == ("BAD_DATE", ["input", field])


@pytest.mark.parametrize("points", [-(2**31), -1, 0, 6, 2**31 - 1])
def test_points_out_of_their_band_are_refused(chambers: Chambers, points: int) -> None:
    given = proposal(chambers, points=points)
    error = chambers.refused(chambers.officer(StaffRole.JUDGE), "proposeDeduction", SHOWN, **given)
    assert error["code"] == "POINTS_OUT_OF_BAND"


@pytest.mark.parametrize("amount", ["99999999999999.00", "1.5", "1e3", "NaN", ""])
def test_an_amount_that_cannot_be_kept_is_refused(chambers: Chambers, amount: str) -> None:
    given = {"deductionId": sealed("Deduction:1"), "ground": "REMORSE", "commitment": "x", "amountPerformed": amount}
    portal = chambers.partner(Audience.LITIGANT_PORTAL, CHEN)
    (error,) = chambers.post(portal, mutation("applyForRepair", "id"), {"input": given}).json()["errors"]
    assert error["extensions"]["code"] == "BAD_VARIABLES"


@pytest.mark.parametrize("version", [-1, 0, 2**31 - 1])
def test_a_version_that_there_never_was_is_refused(chambers: Chambers, version: int) -> None:
    given = {"id": proposed(chambers)["id"], "version": version, "reason": "x"}
    error = chambers.refused(chambers.officer(StaffRole.CHIEF), "reviewDeduction", SHOWN, **given)
    assert error["code"] == "STALE_VERSION"


# --- what cannot be shown is not done ---------------------------------------------------------------------------------


def test_a_payload_that_cannot_be_read_tells_nothing_and_does_nothing(chambers: Chambers) -> None:
    """A part of it fails: what was read beside it has no entry in the log, and so it is not told."""
    key, judge = proposed(chambers)["id"], chambers.officer(StaffRole.CHIEF)
    shown = "id status party { name deductions(first: 101) { totalCount } }"
    given = {"input": {"id": key, "version": 1, "reason": "同意。"}}
    answer = chambers.post(judge, mutation("reviewDeduction", shown), given).json()
    assert answer["data"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_PAGE_SIZE"]
    approved = chambers.done(judge, "reviewDeduction", "status", id=key, version=1, reason="同意。")
    assert approved == {"status": "CHIEF_APPROVED"}


def test_a_key_is_of_one_operation_of_a_document(chambers: Chambers) -> None:
    """Two operations of one document with the same variables are not the same mutation."""
    chief, key = chambers.officer(StaffRole.CHIEF), str(uuid4())
    document = (
        "mutation A($input: ReviewDeductionInput!) { reviewDeduction(input: $input) { errors { code } } } "
        "mutation B($input: ReviewDeductionInput!) { reviewDeduction(input: $input) { errors { hint } } }"
    )
    body = {"query": document, "variables": {"input": {"id": proposed(chambers)["id"], "version": 1, "reason": "x"}}}
    headers = {"authorization": f"Bearer {chief}", "idempotency-key": key}
    statuses = [
        chambers.http.post("/graphql", json={**body, "operationName": name}, headers=headers).status_code
        for name in ("A", "A", "B")
    ]
    assert statuses == [200, 200, 422]


# --- who, when, why ---------------------------------------------------------------------------------------------------


def test_what_staff_do_with_a_sanction_is_kept_with_its_reasons(chambers: Chambers) -> None:
    case, party = chambers.party(ENFORCEMENT, CHEN)
    centre, steps = chambers.officer(StaffRole.CENTRE), "id steps { staffRole reason }"
    given = {"number": "(2026)浙0281司惩8号", "caseId": case, "partyId": party, "kind": "FINE", "amount": "1.00"}
    days = {"decidedOn": "2026-03-01", "effectiveOn": "2026-03-01"}
    made = chambers.done(centre, "recordSanction", steps, **given, **days, reason="妨害执行。")
    assert made["steps"] == [{"staffRole": "CENTRE", "reason": "妨害执行。"}]
    revoked = chambers.done(centre, "revokeSanction", steps, id=made["id"], revokedOn="2026-03-02", reason="复议撤销。")
    assert [step["reason"] for step in revoked["steps"]] == ["妨害执行。", "复议撤销。"]


def test_what_staff_do_with_a_certificate_and_a_list_entry_is_kept(chambers: Chambers) -> None:
    case, party = chambers.party(ENFORCEMENT, CHEN)
    steps = "id steps { staffRole reason }"
    given = {"number": "履行8号", "caseId": case, "partyId": party, "performedOn": "2026-02-20", "reason": "已履行。"}
    certificate = chambers.done(chambers.officer(StaffRole.CENTRE), "issueCertificate", steps, **given)
    entry = chambers.done(chambers.officer(StaffRole.JUDGE), "listLender", steps, partyId=party, reason="认定。")
    assert certificate["steps"] == [{"staffRole": "CENTRE", "reason": "已履行。"}]
    assert entry["steps"] == [{"staffRole": "JUDGE", "reason": "认定。"}]
