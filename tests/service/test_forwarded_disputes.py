"""A bank forwards its customer's dispute to the court, which answers; and who represents an organization."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import NINGBO, YUYAO, Chambers
from play import ENFORCED, RULING, Courts, night

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, LIN, WANG, ZHAO, Subject
from models.court import StaffRole

BANK, PORTAL = Audience.BANK, Audience.LITIGANT_PORTAL
CENTRE, CHIEF, JUDGE = StaffRole.CENTRE, StaffRole.CHIEF, StaffRole.JUDGE
ITEMS = """query($by: SubjectKey!) { subject(by: $by, access: { purpose: LOAN_APPROVAL }) { party { ... on Person {
  creditCode { records { id } } deductions(first: 9) { nodes { id } } } } } }"""
LISTED = """query($filter: ForwardedDisputeFilter, $access: AccessInput) {
  forwardedDisputes(first: 9, filter: $filter, access: $access) {
  totalCount nodes { %s } } }"""
LENDING = {"purpose": "LOAN_APPROVAL"}
SAID = {"statement": "该款已于二月履行完毕。", "disputedOn": "2026-03-02"}


@pytest.fixture(scope="module")
def items(chambers: Chambers) -> dict[str, str]:
    """The ids of a yellow record of Chen and of the deduction behind it, as the bank was shown them."""
    Courts(chambers).published((ENFORCED, CHEN, "E02", 6, RULING))
    by = {"name": CHEN.name, "idNumber": CHEN.number}
    party = chambers.data(chambers.partner(BANK), ITEMS, {"by": by})["subject"]["party"]
    (record,), (deduction,) = party["creditCode"]["records"], party["deductions"]["nodes"]
    return {"recordId": record["id"], "deductionId": deduction["id"]}


def listed(chambers: Chambers, token: str, shows: str = "reference", access: Any = None, **filter_: Any) -> list[Any]:
    found = chambers.data(token, LISTED % shows, {"filter": filter_, "access": access})["forwardedDisputes"]
    assert found["totalCount"] == len(found["nodes"])
    return list(found["nodes"])


def notices(chambers: Chambers, subject: Subject = CHEN) -> list[str]:
    asked = "{ me { notices(first: 50) { nodes { kind client { name } } } } }"
    found = chambers.data(chambers.partner(PORTAL, subject), asked)["me"]["notices"]["nodes"]
    return [row["client"]["name"] for row in found if row["kind"] == "DISPUTE_FORWARDED"]


def test_a_dispute_is_forwarded_answered_and_told_back(chambers: Chambers, items: dict[str, str]) -> None:
    bank, centre, mine = chambers.partner(BANK), chambers.officer(CENTRE), chambers.partner(PORTAL, CHEN)
    above, other = chambers.officer(CENTRE, court=NINGBO), chambers.partner(PORTAL, LIN)
    everyone = (bank, centre, mine, above, other)
    assert [listed(chambers, token) for token in everyone] == [[]] * 5
    shows = "id reference statement disputedOn response reply court { code } deduction { points } record { colour }"
    made = chambers.done(bank, "forwardDispute", shows, deductionId=items["deductionId"], reference="ZJ-1", **SAID)
    id_ = made.pop("id")
    sent = {"reference": "ZJ-1", "response": None, "reply": None, "court": {"code": YUYAO}, "record": None}
    assert made == SAID | sent | {"deduction": None}
    assert listed(chambers, bank, "deduction { points }", LENDING) == [{"deduction": {"points": 6}}]
    assert [listed(chambers, token) for token in everyone] == [[{"reference": "ZJ-1"}]] * 4 + [[]]
    assert notices(chambers) == ["余姚农商银行 (demo)"]
    (seen,) = listed(chambers, centre, "bank statement case { number }", open=True)
    assert seen == {"bank": "余姚农商银行 (demo)", "statement": SAID["statement"], "case": {"number": ENFORCED}}
    given = {"id": id_, "response": "UNFOUNDED", "reason": "款项尚未到账。"}
    assert chambers.refused(above, "answerDispute", "id", **given)["code"] == "NOT_FOUND"
    assert chambers.refused(chambers.officer(CHIEF), "answerDispute", "id", **given)["code"] == "WRONG_ROLE"
    assert chambers.refused(centre, "answerDispute", "id", **given | {"reason": " "})["code"] == "REASON_REQUIRED"
    chambers.done(chambers.officer(JUDGE), "answerDispute", "id", **given)
    assert chambers.refused(centre, "answerDispute", "id", **given)["code"] == "ANSWERED"
    answered = [{"response": "UNFOUNDED", "reply": "款项尚未到账。"}]
    assert [listed(chambers, token, "response reply", open=False) for token in everyone[:3]] == [answered] * 3
    assert listed(chambers, centre, open=True) == []
    night(chambers)
    told = chambers.data(bank, "{ events(first: 100) { nodes { kind reference } } }")["events"]["nodes"]
    assert {"kind": "DISPUTE_ANSWERED", "reference": "ZJ-1"} in told
    own = chambers.data(mine, "{ events(first: 100) { nodes { kind } } }")["events"]["nodes"]
    assert {"kind": "DISPUTE_ANSWERED"} in own
    foreign = chambers.data(chambers.partner(Audience.EMPLOYER), "{ events(first: 100) { nodes { kind } } }")["events"]
    assert {"kind": "DISPUTE_ANSWERED"} not in foreign["nodes"]
    assert "objections" not in chambers.data(
        mine, "{ me { party { deductions(first: 1) { nodes { underObjection } } } } }"
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reference": "ZJ-1"}, "RECORDED"),
        ({"reference": " "}, "BAD_TEXT"),
        ({"statement": f"身份证{CHEN.number}"}, "BAD_TEXT"),
        ({"disputedOn": "2099-01-01"}, "BAD_DATE"),
        ({"recordId": None}, "BAD_EXTENT"),
        ({"recordId": "x"}, "BAD_ID"),
    ],
)
def test_a_dispute_that_cannot_be_is_refused(
    chambers: Chambers, items: dict[str, str], changes: Any, code: str
) -> None:
    given = {"recordId": items["recordId"], "reference": "ZJ-2", **SAID} | changes
    assert chambers.refused(chambers.partner(BANK), "forwardDispute", "id", **given)["code"] == code


def test_without_consent_an_item_is_as_one_that_is_not_there(chambers: Chambers, items: dict[str, str]) -> None:
    """What was forwarded before stays with the bank that forwarded it, without the item."""
    with chambers.engine.begin() as connection:
        connection.execute(sa.text("UPDATE consent SET revoked_at = :at"), {"at": chambers.calendar.moment})
    error = chambers.refused(
        chambers.partner(BANK), "forwardDispute", "id", recordId=items["recordId"], reference="ZJ-3", **SAID
    )
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "recordId"])
    (kept,) = listed(chambers, chambers.partner(BANK), "reference deduction { points }", LENDING)
    assert kept == {"reference": "ZJ-1", "deduction": None}


@pytest.mark.parametrize("audience", [Audience.COMMERCE, Audience.EMPLOYER, Audience.AUDITOR, Audience.CREDIT_PLATFORM])
def test_others_have_no_such_list(chambers: Chambers, audience: Audience) -> None:
    answer = chambers.post(chambers.partner(audience), "{ forwardedDisputes(first: 9) { totalCount } }").json()
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INVALID_DOCUMENT"}


# --- representatives --------------------------------------------------------------------------------------------------

REPRESENTED = "representatives { kind name organizationName endsOn }"
COMMERCE = (
    """query($by: SubjectKey!) { subject(by: $by, access: { purpose: %s }) { party { ... on Organization { %s } } } }"""
)
RELATED = """INSERT INTO relation (organization_id, party_id, kind, begins_on, ends_on)
  SELECT (SELECT id FROM party WHERE name = :organization), (SELECT id FROM party WHERE name = :name), :kind,
    CAST(:begins AS date), CAST(:ends AS date)"""
RELATIONS = (
    (ZHAO, "LEGAL_REPRESENTATIVE", "2019-01-01", "2024-12-31"),
    (WANG, "LEGAL_REPRESENTATIVE", "2025-01-01", None),
    (LIN, "AFFILIATE", "2025-01-01", None),
    (CHEN, "LEGAL_REPRESENTATIVE", "2099-01-01", None),
)


@pytest.fixture(scope="module")
def related(chambers: Chambers) -> None:
    """A former, a present and a future legal representative, and a person as affiliate."""
    with chambers.engine.begin() as connection:
        for subject, kind, begins, ends in RELATIONS:
            given: dict[str, Any] = {"organization": FORGE.name, "name": subject.name, "kind": kind}
            given |= {"begins": date.fromisoformat(begins), "ends": date.fromisoformat(ends) if ends else None}
            connection.execute(sa.text(RELATED), given)


def names(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(row["name"] for row in rows)


def test_partners_see_whom_the_law_publishes(chambers: Chambers, related: None) -> None:
    by = {"by": {"name": FORGE.name, "organizationCode": FORGE.number}}
    asked = {BANK: "LOAN_APPROVAL", Audience.COMMERCE: "SUPPLIER_DUE_DILIGENCE", Audience.EMPLOYER: "EMPLOYER_CHECK"}
    present = {"kind": "LEGAL_REPRESENTATIVE", "name": WANG.name, "organizationName": FORGE.name, "endsOn": None}
    for audience, purpose in asked.items():
        found = chambers.data(chambers.partner(audience), COMMERCE % (purpose, REPRESENTED), by)["subject"]["party"]
        assert found["representatives"] == [present], "by name, without the party"
        further = COMMERCE % (purpose, "representatives { party { name } }")
        (error,) = chambers.post(chambers.partner(audience), further, by).json()["errors"]
        assert error["extensions"]["code"] in {"FORBIDDEN", "INVALID_DOCUMENT"}


def test_subjects_see_their_own_and_courts_all(chambers: Chambers, related: None) -> None:
    mine = "{ me { party { relations { name organizationName } } } }"
    whole = sorted(subject.name for subject, *_ in RELATIONS)
    forge = chambers.data(chambers.partner(PORTAL, FORGE), mine)["me"]["party"]["relations"]
    assert names(forge) == whole
    wang = chambers.data(chambers.partner(PORTAL, WANG), mine)["me"]["party"]["relations"]
    assert wang == [{"name": WANG.name, "organizationName": FORGE.name}]
    court = "query($name: String!) { parties(first: 1, filter: { name: $name }) { nodes { relations { name } } } }"
    (party,) = chambers.data(chambers.officer(JUDGE), court, {"name": FORGE.name})["parties"]["nodes"]
    assert names(party["relations"]) == whole
