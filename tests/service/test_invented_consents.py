"""A bank that invents consents: seen by the subject, stopped by its dispute, visible to the court (R27)."""

import json
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from graphql import parse, print_ast, separate_operations

from auth.audiences import Audience
from demo.city.cast import CHEN, STRANGER
from models.court import StaffRole

SCENARIO = Path(__file__).parents[2] / "examples" / "scenarios" / "invented_consent"
OPERATIONS = {
    name: print_ast(document)
    for name, document in separate_operations(parse(SCENARIO.with_suffix(".graphql").read_text())).items()
}
"""Each operation with its fragments: a document is validated as a whole against the schema of the caller's audience."""

STEPS = json.loads(SCENARIO.with_suffix(".json").read_text())["steps"]


@pytest.fixture(autouse=True)
def unconsented(chambers: Chambers) -> None:
    """Nobody has consented to anything yet."""
    with chambers.engine.begin() as connection:
        connection.execute(sa.text("UPDATE consent SET revoked_at = valid_from WHERE revoked_at IS NULL"))


def read(found: Any, part: str) -> Any:
    """A field of an object, or an element of a list."""
    return found[int(part)] if part.isdigit() else found[part]


def filled(given: Any, answers: dict[str, Any]) -> Any:
    """The variables of a step, with values of earlier answers: "{Notices.me.notices.nodes.0.id}"."""
    if isinstance(given, dict):
        return {name: filled(value, answers) for name, value in given.items()}
    if isinstance(given, str) and given.startswith("{"):
        return reduce(read, given[1:-1].split("."), answers)
    return given


def holds(found: Any, expected: Any) -> bool:
    """Whether an answer has everything that is expected, and no more in lists."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(holds(found[name], value) for name, value in expected.items())
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(holds, found, expected))
    return bool(found == expected)


def token(chambers: Chambers, by: str) -> str:
    return chambers.officer(StaffRole.CENTRE) if by == "CENTRE" else chambers.partner(Audience(by), CHEN)


def play(chambers: Chambers) -> None:
    """Send every operation of the scenario, and compare its answer."""
    answers: dict[str, Any] = {}
    for step in STEPS:
        chambers.calendar.turn(days=step.get("after", 0), minutes=5)
        body = {
            "query": OPERATIONS[step["sends"]],
            "operationName": step["sends"],
            "variables": filled(step.get("variables", {}), answers),
        }
        headers = {"authorization": f"Bearer {token(chambers, step['by'])}"}
        answer = chambers.http.post("/graphql", json=body, headers=headers).json()
        assert "errors" not in answer, (step["says"], answer)
        assert holds(answer["data"], step["answer"]), (step["says"], json.dumps(answer["data"]))
        answers[step["sends"]] = answer["data"]


def test_a_bank_that_invents_a_consent_is_found_out(chambers: Chambers) -> None:
    """The answers are those of the scenario, and the events say the same to the bank and to the subject alone."""
    asked = "{ events(first: 100) { nodes { kind consent { reference } } } }"
    before = len(chambers.data(chambers.partner(Audience.BANK), asked)["events"]["nodes"])
    play(chambers)
    bank = chambers.data(chambers.partner(Audience.BANK), asked)["events"]["nodes"][before:]
    mine = chambers.data(chambers.partner(Audience.LITIGANT_PORTAL, CHEN), asked)["events"]["nodes"]
    others = chambers.data(chambers.partner(Audience.LITIGANT_PORTAL, STRANGER), asked)["events"]["nodes"]
    letter = {"consent": {"reference": "SQ-2026-0302"}}
    kinds = ["CONSENT_SUSPENDED", "CONSENT_REVOKED"]
    assert bank == [{"kind": kind, **letter} for kind in kinds]
    assert mine[-3:] == [{"kind": kind, **letter} for kind in ["CONSENT_REGISTERED", *kinds]]
    assert "SQ-2026-0302" not in str(others)
