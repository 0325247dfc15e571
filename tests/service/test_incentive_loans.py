"""Incentive loans: reported on gold, under consent, by the bank that lent (DOMAIN 3, R11, R14, R15)."""

from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from play import TRIED
from world import KEYRING

from auth.audiences import Audience
from demo.city.cast import CHEN, LIN, STRANGER, WANG
from models.court import StaffRole

SHOWS = "id reference amount grantedOn closedOn outcome certificate { number }"


@pytest.fixture(scope="module", autouse=True)
def gold(chambers: Chambers) -> None:
    """Wang is certified, and everybody but Lin lets the bank lend on it."""
    case, party = chambers.party(TRIED, WANG)
    given = {"number": "履行1号", "caseId": case, "partyId": party, "performedOn": "2026-03-01", "reason": "付清。"}
    chambers.done(chambers.officer(StaffRole.CENTRE), "issueCertificate", "id", **given)
    allow = sa.text(
        "UPDATE consent SET purposes = array_append(purposes, 'INCENTIVE_LOAN') WHERE subject_index <> :lin"
    )
    with chambers.engine.begin() as connection:
        connection.execute(allow, {"lin": KEYRING.index(LIN.number)})


def loan(**changes: Any) -> dict[str, Any]:
    given = {"name": WANG.name, "idNumber": WANG.number, "reference": "CX-1", "amount": "200000.00"}
    return given | {"grantedOn": "2026-03-02"} | changes


def test_a_loan_is_reported_and_its_end(chambers: Chambers) -> None:
    bank = chambers.partner(Audience.BANK)
    made = chambers.done(bank, "recordIncentiveLoan", SHOWS, **loan(reference="CX-9"))
    assert {name: value for name, value in made.items() if name != "id"} == {
        "reference": "CX-9",
        "amount": "200000.00",
        "grantedOn": "2026-03-02",
        "closedOn": None,
        "outcome": None,
        "certificate": None,  # a person's, and no purpose is named
    }
    asked = """{ incentiveLoans(first: 1, access: { purpose: INCENTIVE_LOAN }) { nodes { certificate { number } } } }"""
    (shown,) = chambers.data(bank, asked)["incentiveLoans"]["nodes"]
    assert shown == {"certificate": {"number": "履行1号"}}
    again = chambers.refused(bank, "recordIncentiveLoan", "id", **loan(reference="CX-9"))
    assert (again["code"], again["path"]) == ("RECORDED", ["input", "reference"])
    early = {"id": made["id"], "outcome": "REPAID", "closedOn": "2026-03-01"}
    assert chambers.refused(bank, "closeIncentiveLoan", "id", **early)["code"] == "BAD_DATE"
    assert (
        chambers.refused(bank, "closeIncentiveLoan", "id", **early | {"closedOn": "2099-01-01"})["code"] == "BAD_DATE"
    )
    closed = chambers.done(bank, "closeIncentiveLoan", "outcome closedOn", **early | {"closedOn": "2026-03-02"})
    assert closed == {"outcome": "REPAID", "closedOn": "2026-03-02"}
    assert chambers.refused(bank, "closeIncentiveLoan", "id", **early)["code"] == "RECORDED"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": "0.00"}, "NEGATIVE_AMOUNT"),
        ({"amount": "-1.00"}, "NEGATIVE_AMOUNT"),
        ({"grantedOn": "2099-01-01"}, "BAD_DATE"),
        ({"grantedOn": "2026-03-01"}, "NOT_ELIGIBLE"),
        ({"name": CHEN.name, "idNumber": CHEN.number}, "NOT_ELIGIBLE"),
        ({"name": CHEN.name}, "NOT_FOUND"),
        ({"name": LIN.name, "idNumber": LIN.number}, "CONSENT_REQUIRED"),
        ({"name": STRANGER.name, "idNumber": STRANGER.number}, "CONSENT_REQUIRED"),
        ({"idNumber": "1"}, "CONSENT_REQUIRED"),
        ({"idNumber": None}, "NOT_FOUND"),
        ({"reference": " "}, "BAD_TEXT"),
        ({"reference": WANG.number}, "BAD_TEXT"),
    ],
)
def test_a_loan_that_cannot_be_is_refused(chambers: Chambers, changes: dict[str, Any], code: str) -> None:
    error = chambers.refused(chambers.partner(Audience.BANK), "recordIncentiveLoan", "id", **loan(**changes))
    assert error["code"] == code


def test_courts_count_what_was_lent_on_their_certificates(chambers: Chambers) -> None:
    asked = "{ statistics(of: LOANS, groupBy: [COURT, OUTCOME], first: 9) { court { code } outcome count amount } }"
    before = chambers.data(chambers.officer(StaffRole.PRESIDENT), asked)["statistics"]
    chambers.done(chambers.partner(Audience.BANK), "recordIncentiveLoan", "id", **loan(reference="CX-10"))
    after = chambers.data(chambers.officer(StaffRole.PRESIDENT), asked)["statistics"]
    opened = [row for row in after if row not in before]
    assert [(row["court"]["code"], row["outcome"]) for row in opened] == [("浙0281", "OPEN")]
    assert opened[0]["amount"] == f"{opened[0]['count'] * 200000}.00"
