"""Variables wherever the grammar admits them: plans and loaders read them alike, and so does graphql-core."""

from typing import Any

import pytest
from executors import Executors

from auth.audiences import Audience
from demo.city.cast import FORGE, WANG

BANK = Audience.BANK
SUBJECTS = "{ outcome reference party { name } }"
ACCESS = {"purpose": "LOAN_APPROVAL"}
KEY = {"name": FORGE.name, "organizationCode": FORGE.number, "reference": "A"}
OTHER = {"name": WANG.name, "idNumber": WANG.number, "reference": "B"}


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (
            "query($one: SubjectKey!, $a: AccessInput!) { subjects(by: [$one, $one], access: $a) %s }",
            {"one": KEY, "a": ACCESS},
        ),
        (
            """query($name: String!, $code: String, $purpose: Purpose!) { subjects(
              by: [{name: $name, organizationCode: $code, reference: "A"}], access: {purpose: $purpose}) %s }""",
            {"name": FORGE.name, "code": FORGE.number, "purpose": "LOAN_APPROVAL"},
        ),
        (
            """query($one: SubjectKey = {name: "无人", organizationCode: "913302009999999127"}, $a: AccessInput!) {
              subjects(by: [$one], access: $a) %s }""",
            {"a": ACCESS},
        ),
        (
            "query($by: [SubjectKey!]!, $a: AccessInput!) { subjects(by: $by, access: $a) %s }",
            {"by": KEY, "a": ACCESS},
        ),
        (
            """query($by: [SubjectKey!]!, $a: AccessInput! = {purpose: LOAN_APPROVAL}) {
              subjects(by: $by, access: $a) %s }""",
            {"by": [KEY, OTHER, {**OTHER, "document": None, "relation": "GUARANTOR"}]},
        ),
        (
            "query($by: SubjectKey!, $a: AccessInput!) { subjects: subject(by: $by, access: $a) %s }",
            {"by": {**KEY, "shareCode": None}, "a": {**ACCESS, "operator": "7", "branch": None}, "unknown": 1},
        ),
    ],
)
def test_a_look_up(executors: Executors, document: str, variables: dict[str, Any]) -> None:
    found = executors.data(BANK, document.replace("%s", SUBJECTS), variables)["subjects"]
    for one in found if isinstance(found, list) else [found]:
        assert one["outcome"] in {"MATCHED", "NAME_MISMATCH", "NOT_FOUND", "CONSENT_REQUIRED"}


def test_a_filter_in_parts(executors: Executors) -> None:
    document = """query($kind: PartyKind, $first: Int = 2, $order: ListingOrder) {
      parties(first: $first, filter: {kind: $kind}) { nodes { name } } }"""
    document = document.replace(", $order: ListingOrder", "")
    kinds = [executors.data(Audience.COURT, document, {"kind": kind}) for kind in ("PERSON", "ORGANIZATION", None)]
    assert kinds[0] != kinds[1]
    assert [len(found["parties"]["nodes"]) for found in kinds] == [2, 2, 2]
