"""Payloads of mutations: a plan and the loaders give the same bytes, and the log says the same of both."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from chambers import Chambers
from graphql.execution.values import VariableValues
from starlette.testclient import TestClient
from test_mutations import proposal, proposed
from the_engine import ENGINE
from world import ISSUER

from auth.audiences import Audience, scopes_of
from demo.city.cast import CHEN, FORGE, LIN
from engine.document.document import prepare_operation
from engine.plan.payload import Payload
from engine.plan.walk import Unplanned
from models.court import StaffRole
from server import create_app

OWN = {"id", "answer_id", "request_id"}
DEDUCTION = """id __typename state: status version party { __typename id name ... on Person { village { name } }
  creditCode { colour since } deductions(first: $most) { totalCount nodes { id points case { number } } } }
  case { number court { name } participations { name role party { id } } } steps { sequence staffRole reason }
  behaviour { code name }"""


@pytest.fixture(scope="module")
def loading(chambers: Chambers) -> Iterator[TestClient]:
    """The same service over the same database, answering by the loaders."""
    settings = replace(chambers.settings, executor="loaders")
    with TestClient(create_app(settings, chambers.url, chambers.calendar), base_url=ISSUER) as http:
        yield http


def find_payload(document: str, audience: Audience = Audience.COURT) -> Payload | Unplanned:
    """The plan of a mutation's payload."""
    operation = prepare_operation(ENGINE, document, None, scopes_of(audience))
    return operation.get_variant(audience, VariableValues({}, {})).payload


def send(http: TestClient, token: str, document: str, variables: dict[str, Any], key: str) -> tuple[bytes, str]:
    """The data of a response without errors, and the id of the request."""
    headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
    response = http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
    answer, _, _ = response.content.rpartition(b',"extensions":')
    assert answer.startswith(b'{"data":'), answer
    return answer, response.headers["x-request-id"]


def entries(chambers: Chambers, request_id: str) -> Counter[Any]:
    """What the log says of a request."""
    query = sa.text("SELECT * FROM access_record WHERE request_id = :id")
    with chambers.engine.connect() as connection:
        rows = connection.execute(query, {"id": request_id}).mappings().all()
    return Counter(tuple((name, str(value)) for name, value in row.items() if name not in OWN) for row in rows)


def answer_twice(
    chambers: Chambers, loading: TestClient, token: str, document: str, given: dict[str, Any], **variables: Any
) -> bytes:
    """What a plan answers to a mutation, and the loaders to its repetition."""
    key, sent = str(uuid4()), {"input": given, **variables}
    planned, first = send(chambers.http, token, document, sent, key)
    loaded, second = send(loading, token, document, sent, key)
    assert planned == loaded
    assert entries(chambers, first) == entries(chambers, second) != Counter()
    return planned


def test_a_row_with_all_that_it_leads_to(chambers: Chambers, loading: TestClient) -> None:
    document = f"""mutation Propose($input: ProposeDeductionInput!, $most: Int!) {{
      done: proposeDeduction(input: $input) {{ __typename errors {{ code }} it: deduction {{ {DEDUCTION} }} }} }}"""
    assert isinstance(find_payload(document), Payload)
    judge = chambers.officer(StaffRole.JUDGE)
    found = answer_twice(chambers, loading, judge, document, proposal(chambers), most=2)
    assert found.startswith(b'{"data":{"done":{"__typename":"ProposeDeductionPayload","errors":[],"it":{"id":')


def test_a_step_of_the_procedure(chambers: Chambers, loading: TestClient) -> None:
    made, chief = proposed(chambers), chambers.officer(StaffRole.CHIEF)
    document = f"""mutation($input: ReviewDeductionInput!, $most: Int! = 1) {{ reviewDeduction(input: $input) {{
      deduction {{ ...D }} errors {{ message }} }} }} fragment D on Deduction {{ {DEDUCTION} }}"""
    assert isinstance(find_payload(document), Payload)
    given = {"id": made["id"], "version": 1, "reason": "证据充分。"}
    assert b"CHIEF_APPROVED" in answer_twice(chambers, loading, chief, document, given)


def test_lines_are_a_list(chambers: Chambers, loading: TestClient) -> None:
    document = """mutation($input: WatchInput!) { watch(input: $input) {
      lines { reference outcome watch { id kind } } errors { code } } }"""
    keys = [
        {"name": FORGE.name, "organizationCode": FORGE.number, "reference": "A"},
        {"name": CHEN.name, "idNumber": CHEN.number, "reference": "B"},
        {"name": LIN.name, "idNumber": "1", "reference": "C"},
    ]
    assert isinstance(find_payload(document, Audience.BANK), Payload)
    found = answer_twice(chambers, loading, chambers.partner(Audience.BANK), document, {"subjects": keys})
    assert [found.count(name) for name in (b'"reference":"A"', b'"reference":"B"', b'"reference":"C"')] == [1, 1, 1]


def test_a_payload_of_errors_alone_is_left_to_the_loaders(chambers: Chambers, loading: TestClient) -> None:
    document = "mutation($input: ProposeDeductionInput!) { proposeDeduction(input: $input) { errors { code } } }"
    assert isinstance(find_payload(document), Unplanned)
    judge = chambers.officer(StaffRole.JUDGE)
    found = answer_twice(chambers, loading, judge, document, proposal(chambers))
    assert found == b'{"data":{"proposeDeduction":{"errors":[]}}'


def test_a_page_that_is_too_large_is_refused_before_anything_is_done(chambers: Chambers) -> None:
    document = f"""mutation($input: ProposeDeductionInput!, $most: Int!) {{
      proposeDeduction(input: $input) {{ deduction {{ {DEDUCTION} }} errors {{ code }} }} }}"""
    given = proposal(chambers)
    judge = chambers.officer(StaffRole.JUDGE)
    answer = chambers.post(judge, document, {"input": given, "most": 1000}).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_PAGE_SIZE"]
    assert answer["data"] is None
    assert chambers.mutate(judge, "proposeDeduction", "id", **given)["errors"] == []


def test_a_refusal_is_answered_by_the_loaders(chambers: Chambers) -> None:
    judge = chambers.officer(StaffRole.JUDGE)
    assert chambers.refused(judge, "proposeDeduction", "id", **proposal(chambers, points=9))["code"] == (
        "POINTS_OUT_OF_BAND"
    )
