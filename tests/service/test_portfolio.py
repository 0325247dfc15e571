"""The portfolio of a bank: whom it watches, by colour, grade and last change, under its consents (R15, R20)."""

from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from play import ENFORCED, RULING, Courts, night
from watching import consent, end_consents, key

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, LIN, STRANGER

BANK, PORTAL = Audience.BANK, Audience.LITIGANT_PORTAL
MONITORING = {"purpose": "POST_LOAN_MONITORING"}
ENTRY = "reference kind colour grade lastChange changedOn month"
ASKED = f"""query($access: AccessInput!, $filter: PortfolioFilter) {{
  portfolio(first: 100, access: $access, filter: $filter) {{ totalCount nodes {{ {ENTRY} }} }} }}"""
NOTHING = {"colour": None, "grade": None, "lastChange": None, "changedOn": None, "month": None}


@pytest.fixture
def courts(chambers: Chambers) -> Courts:
    """The bank watches four customers; one of them by a wrong name, and one whom no court knows."""
    revoked = "UPDATE consent SET revoked_at = valid_from WHERE 'POST_LOAN_MONITORING' = ANY(purposes)"
    with chambers.engine.begin() as connection:
        connection.execute(sa.text("UPDATE watch SET ended_at = created_at, name = NULL, folded = NULL"))
        connection.execute(sa.text(revoked))
    for subject in (CHEN, LIN, STRANGER):
        consent(chambers, subject)
    night(chambers)
    customers = [key(CHEN, "A"), key(FORGE, "B"), key(STRANGER, "C"), key(LIN, "D") | {"name": "林某"}]
    chambers.done(chambers.partner(BANK), "watch", "outcome", subjects=customers)
    return Courts(chambers)


def portfolio(chambers: Chambers, purpose: dict[str, str] = MONITORING, **filter_: str) -> dict[str, Any]:
    """The entries by reference."""
    found = chambers.data(chambers.partner(BANK), ASKED, {"access": purpose, "filter": filter_})["portfolio"]
    assert found["totalCount"] == len(found["nodes"])
    return {node.pop("reference"): node for node in found["nodes"]}


def test_a_published_item_moves_a_customer(chambers: Chambers, courts: Courts) -> None:
    before = portfolio(chambers)
    assert list(before) == ["A", "B", "C", "D"], "in the order of the bank's references"
    assert before["C"] == before["D"] == {"kind": "PERSON", **NOTHING}, "unknown and misnamed look alike"
    assert (before["A"]["colour"], before["A"]["grade"], before["A"]["lastChange"]) == ("GREEN", "A", None)
    courts.published((ENFORCED, CHEN, "E02", 6, RULING))
    after, today = portfolio(chambers), chambers.calendar.moment.date()
    moved = {"colour": "YELLOW", "grade": "C", "lastChange": "COLOUR_CHANGED", "changedOn": today.isoformat()}
    assert after["A"] == {"kind": "PERSON", **moved, "month": today.replace(day=1).isoformat()}
    assert {name: after[name] for name in "BCD"} == {name: before[name] for name in "BCD"}
    month = today.replace(day=1).isoformat()
    for narrow in ({"colour": "YELLOW"}, {"grade": "C"}, {"lastChange": "COLOUR_CHANGED", "month": month}):
        assert list(portfolio(chambers, MONITORING, **narrow)) == ["A"]
    assert list(portfolio(chambers, colour="GREEN", kind="ORGANIZATION")) == ["B"]
    assert portfolio(chambers, month="2020-01-01") == {}


def test_no_grade_is_shown_or_found_where_courts_give_none(chambers: Chambers, courts: Courts) -> None:
    usual = portfolio(chambers)
    try:
        with chambers.engine.begin() as connection:
            connection.execute(sa.text("UPDATE court SET gives_grades = false"))
        assert portfolio(chambers) == {name: row | {"grade": None} for name, row in usual.items()}
        assert portfolio(chambers, grade=usual["A"]["grade"]) == {}
    finally:
        with chambers.engine.begin() as connection:
            connection.execute(sa.text("UPDATE court SET gives_grades = true"))


def test_what_consent_or_purpose_does_not_open_is_not_shown(chambers: Chambers, courts: Courts) -> None:
    """Nor counted by the filters: a filter that found the customer would tell its colour."""
    (shown,) = portfolio(chambers, reference="A").values()
    assert shown["colour"] is not None
    assert portfolio(chambers, {"purpose": "GUARANTEE_REVIEW"}, reference="A") == {"A": {"kind": "PERSON", **NOTHING}}
    end_consents(chambers, CHEN)
    assert portfolio(chambers, reference="A") == {"A": {"kind": "PERSON", **NOTHING}}
    assert portfolio(chambers, reference="A", colour=shown["colour"]) == {}
    assert portfolio(chambers, reference="A", grade=shown["grade"]) == {}
    chambers.done(chambers.partner(BANK), "unwatch", "outcome", references=["A"])
    assert portfolio(chambers, reference="A") == {}


def test_the_customer_reads_that_it_was_looked_at_and_nobody_else_has_a_portfolio(
    chambers: Chambers, courts: Courts
) -> None:
    asked = "{ me { accessRecords(first: 1) { nodes { field purpose client { name } } } } }"
    portfolio(chambers, reference="A")
    (entry,) = chambers.data(chambers.partner(PORTAL), asked)["me"]["accessRecords"]["nodes"]
    assert (entry["field"], entry["purpose"]) == ("portfolio", "POST_LOAN_MONITORING")
    for audience in set(Audience) - {BANK, Audience.COURT}:
        answer = chambers.post(chambers.partner(audience), ASKED, {"access": MONITORING}).json()
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"INVALID_DOCUMENT"}
