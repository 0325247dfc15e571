"""Incentive loans: reported on gold, under consent, by the bank that lent (DOMAIN 3, R11, R14, R15)."""

from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from look_ups import node_id
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


# --- credit lines -----------------------------------------------------------------------------------------------------

MONEY = "amount lent drawn repaid open"
LINES = """query($filter: CreditLineFilter) { creditLines(first: 9, filter: $filter) {
  totalCount nodes { reference amount lent drawn repaid open loans(first: 9) { nodes { reference } } } } }"""
COUNTED = """{ statistics(of: CREDIT_LINES, first: 9, groupBy: [CLIENT, STATUS]) {
  client status count amount lent repaid rate } }"""


def line(**changes: Any) -> dict[str, Any]:
    return loan(reference="SX-1", amount="300000.00", expiresOn="2027-03-01") | changes


def test_a_line_is_granted_drawn_repaid_and_closed(chambers: Chambers) -> None:
    bank, president = chambers.partner(Audience.BANK), chambers.officer(StaffRole.PRESIDENT)

    def counted() -> list[Any]:
        return [list(row.values())[1:] for row in chambers.data(president, COUNTED)["statistics"]]

    assert chambers.data(bank, LINES)["creditLines"] == {"totalCount": 0, "nodes": []}
    assert counted() == []
    made = chambers.done(bank, "recordCreditLine", f"id {MONEY} expiresOn certificate {{ number }}", **line())
    id_ = made.pop("id")
    money = {"amount": "300000.00", "lent": "0.00", "drawn": "0.00", "repaid": "0.00", "open": True}
    assert made == money | {"expiresOn": "2027-03-01", "certificate": None}  # a person's, and no purpose is named
    assert counted() == [["OPEN", 1, "300000.00", "0.00", "0.00", None]]

    drawn = [loan(reference=f"SX-1-{part}", amount=f"{part}00000.00", creditLineId=id_) for part in (1, 2)]
    ids = [chambers.done(bank, "recordIncentiveLoan", "id", **one)["id"] for one in drawn]
    more = chambers.refused(bank, "recordIncentiveLoan", "id", **loan(reference="SX-1-3", creditLineId=id_))
    assert (more["code"], more["path"], more["hint"]) == ("NOT_ELIGIBLE", ["input", "amount"], "CNY 0.00 are left.")
    assert counted() == [["OPEN", 1, "300000.00", "300000.00", "0.00", 10_000]]

    for loan_, outcome in zip(ids, ("REPAID", "CANCELLED"), strict=True):
        chambers.done(bank, "closeIncentiveLoan", "id", id=loan_, outcome=outcome, closedOn="2026-03-02")
    again = loan(reference="SX-1-4", amount="50000.00", creditLineId=id_)
    chambers.done(bank, "recordIncentiveLoan", "id", **again)
    (shown,) = chambers.data(bank, LINES, {"filter": {"open": True}})["creditLines"]["nodes"]
    assert {row["reference"] for row in shown.pop("loans")["nodes"]} == {"SX-1-1", "SX-1-2", "SX-1-4"}
    money |= {"lent": "150000.00", "drawn": "50000.00", "repaid": "100000.00"}
    assert shown == {"reference": "SX-1", **money}
    assert counted() == [["OPEN", 1, "300000.00", "150000.00", "100000.00", 10_000]]

    early = chambers.refused(bank, "closeCreditLine", "id", id=id_, closedOn="2026-03-01")
    assert (early["code"], early["path"]) == ("BAD_DATE", ["input", "closedOn"])
    closed = chambers.done(bank, "closeCreditLine", MONEY, id=id_, closedOn="2026-03-02")
    assert closed == money | {"open": False}
    assert chambers.refused(bank, "closeCreditLine", "id", id=id_, closedOn="2026-03-02")["code"] == "RECORDED"
    assert chambers.data(bank, LINES, {"filter": {"open": True}})["creditLines"]["totalCount"] == 0
    assert chambers.data(bank, LINES, {"filter": {"reference": "SX-1"}})["creditLines"]["totalCount"] == 1
    assert counted() == [["CLOSED", 1, "300000.00", "150000.00", "100000.00", 10_000]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reference": "SX-1"}, "RECORDED"),
        ({"amount": "0.00"}, "NEGATIVE_AMOUNT"),
        ({"grantedOn": "2099-01-01", "expiresOn": "2099-01-01"}, "BAD_DATE"),
        ({"expiresOn": "2026-03-01"}, "BAD_DATE"),
        ({"grantedOn": "2026-03-01"}, "NOT_ELIGIBLE"),
        ({"name": CHEN.name, "idNumber": CHEN.number}, "NOT_ELIGIBLE"),
        ({"name": LIN.name, "idNumber": LIN.number}, "CONSENT_REQUIRED"),
    ],
)
def test_a_line_that_cannot_be_is_refused(chambers: Chambers, changes: dict[str, Any], code: str) -> None:
    given = line(reference="SX-2") | changes
    assert chambers.refused(chambers.partner(Audience.BANK), "recordCreditLine", "id", **given)["code"] == code


def test_a_loan_is_drawn_on_ones_own_line(chambers: Chambers) -> None:
    """By the bank that granted it, for whom it granted it, and while it lasts."""
    bank = chambers.partner(Audience.BANK)
    id_ = chambers.done(bank, "recordCreditLine", "id", **line(reference="SX-3", expiresOn="2026-03-02"))["id"]
    given = loan(reference="SX-3-1", creditLineId=id_)
    another = given | {"name": CHEN.name, "idNumber": CHEN.number}
    error = chambers.refused(bank, "recordIncentiveLoan", "id", **another)
    assert (error["code"], error["path"]) == ("OTHER_SUBJECT", ["input", "creditLineId"])
    chambers.calendar.turn(days=1)
    bank = chambers.partner(Audience.BANK)
    late = chambers.refused(bank, "recordIncentiveLoan", "id", **given | {"grantedOn": "2026-03-03"})
    assert (late["code"], late["path"]) == ("BAD_DATE", ["input", "grantedOn"])
    with chambers.engine.begin() as connection:
        other = "UPDATE credit_line SET client_key = (SELECT id FROM client WHERE audience = 'EMPLOYER') WHERE id = :id"
        key = connection.scalar(sa.text("SELECT id FROM credit_line WHERE reference = 'SX-3'"))
        connection.execute(sa.text(other), {"id": key})
    error = chambers.refused(bank, "recordIncentiveLoan", "id", **given)
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "creditLineId"])
    assert chambers.refused(bank, "closeCreditLine", "id", id=id_, closedOn="2026-03-02")["code"] == "NOT_FOUND"
    assert chambers.data(bank, "query($id: ID!) { node(id: $id) { id } }", {"id": id_}) == {"node": None}


def test_the_database_draws_no_line_beyond_its_amount(chambers: Chambers) -> None:
    more = sa.text("UPDATE incentive_loan SET amount = 300000.01 WHERE reference = 'SX-1-4'")
    with pytest.raises(sa.exc.IntegrityError, match="drawn beyond its amount"), chambers.engine.begin() as connection:
        connection.execute(more)


@pytest.mark.parametrize("audience", [one for one in Audience if one is not Audience.BANK])
def test_lines_are_the_banks_own(chambers: Chambers, audience: Audience) -> None:
    """Courts count them; nobody else learns of them."""
    answer = chambers.post(chambers.partner(audience), "{ creditLines(first: 1) { totalCount } }").json()
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INVALID_DOCUMENT"}
    with chambers.engine.connect() as connection:
        key = connection.scalar(sa.text("SELECT min(id) FROM credit_line"))
    asked = "query($id: ID!) { node(id: $id) { id } }"
    assert chambers.data(chambers.partner(audience), asked, {"id": node_id("CreditLine", key)}) == {"node": None}
