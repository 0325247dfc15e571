"""What changes if it is performed: the outlook says beforehand what the colour is after the court has acted (R11)."""

from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from play import ENFORCED, RULING, TRIED, Courts
from test_listing_grades import GIVEN

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE
from models.court import StaffRole
from models.terms import add_months

BANK, PORTAL, CENTRE, JUDGE = Audience.BANK, Audience.LITIGANT_PORTAL, StaffRole.CENTRE, StaffRole.JUDGE
CODE = "colour changesOn changesTo"
ALL = (
    f"{CODE} records {{ id type {{ code }} }} outlook {{ performedOn {CODE} effects {{ recordId effect repairFrom }} }}"
)
MINE = f"{{ me {{ party {{ creditCode {{ {ALL} }} }} }} }}"
BANKS = f"""query($by: SubjectKey!, $access: AccessInput!) {{ subject(by: $by, access: $access) {{ party {{
  creditCode {{ {ALL} }} }} }} }}"""
COURTS = f"""query($name: String!, $asOf: Date, $reading: Reading) {{ parties(first: 1, filter: {{ name: $name }}) {{
  nodes {{ creditCode(asOf: $asOf, reading: $reading) {{ {ALL} }} }} }} }}"""
NAMED = f"""query($ids: [ID!]) {{ me {{ party {{ creditCode {{ {CODE}
  outlook(ifPerformed: $ids) {{ {CODE} effects {{ recordId effect }} }} }} }} }} }}"""
GREEN = {"colour": "GREEN", "changesOn": None, "changesTo": None}


def mine(chambers: Chambers, document: str = MINE, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = chambers.data(chambers.partner(PORTAL, CHEN), document, given)["me"]["party"]["creditCode"]
    return found


def said(code: dict[str, Any]) -> dict[str, Any]:
    """A colour with its next change."""
    return {name: code[name] for name in CODE.split()}


def court(chambers: Chambers, **given: Any) -> dict[str, Any]:
    asked = {"name": CHEN.name} | given
    (party,) = chambers.data(chambers.officer(JUDGE), COURTS, asked)["parties"]["nodes"]
    return dict(party["creditCode"])


def by_bank(chambers: Chambers, purpose: str) -> dict[str, Any] | None:
    asked = {"by": {"name": CHEN.name, "idNumber": CHEN.number}, "access": {"purpose": purpose}}
    party = chambers.data(chambers.partner(BANK), BANKS, asked)["subject"]["party"]
    return party and dict(party["creditCode"])


@pytest.fixture(scope="module")
def listing(chambers: Chambers) -> str:
    """Chen is listed as a dishonest debtor, and holds a certificate of an earlier case."""
    case, party = chambers.party(ENFORCED, CHEN)
    assert mine(chambers)["outlook"] == GREEN | {"performedOn": "2026-03-02", "effects": []}
    listed = chambers.done(chambers.officer(JUDGE), "listDebtor", "id", caseId=case, partyId=party, **GIVEN)
    given = {"number": "ZM-1", "caseId": case, "partyId": party, "performedOn": "2026-03-01", "reason": "已履行。"}
    chambers.done(chambers.officer(CENTRE), "issueCertificate", "id", **given)
    return str(listed["id"])


def test_everyone_who_sees_the_colour_sees_what_ends_it(chambers: Chambers, listing: str) -> None:
    seen = [mine(chambers), court(chambers), by_bank(chambers, "LOAN_APPROVAL")]
    for code in seen:
        assert code is not None
        records = {one["type"]["code"]: one["id"] for one in code["records"]}
        assert (code["colour"], set(records)) == ("YELLOW", {"Y18", "A01"})
        outlook = code["outlook"]
        assert outlook["colour"] == "GOLD", "the enforcement case counts as closed, so that the certificate counts"
        effects = {one["recordId"]: (one["effect"], one["repairFrom"]) for one in outlook["effects"]}
        assert effects == {records["Y18"]: ("ENDS", None), records["A01"]: ("STAYS", None)}
    assert by_bank(chambers, "POST_LOAN_MONITORING") is None, "without consent to this purpose there is no party"


def test_nothing_performed_changes_nothing(chambers: Chambers, listing: str) -> None:
    found = mine(chambers, NAMED, ids=[])
    assert found["outlook"] == said(found) | {"effects": []}


def test_the_court_asks_for_a_later_day_and_not_for_a_past_one(chambers: Chambers, listing: str) -> None:
    later = court(chambers, asOf="2026-05-01")["outlook"]
    assert (later["performedOn"], later["colour"]) == ("2026-05-01", "GOLD")
    assert court(chambers, asOf="2026-03-01")["outlook"] is None
    assert court(chambers, reading="KNOWN")["outlook"] is None


@pytest.mark.parametrize(("ids", "code"), [(["x"], "BAD_ID"), ([""] * 21, "BAD_INPUT"), (None, "BAD_INPUT")])
def test_records_of_others_cannot_be_named(chambers: Chambers, listing: str, ids: list[str] | None, code: str) -> None:
    """A record of another party and one that is not there look alike (R20)."""
    if ids is None:
        case, party = chambers.party(TRIED, FORGE)
        given = {"number": "(2026)浙0281司惩1号", "caseId": case, "partyId": party, "kind": "FINE", "amount": "1000.00"}
        given |= {"decidedOn": "2026-03-01", "effectiveOn": "2026-03-01", "reason": "妨害诉讼。"}
        chambers.done(chambers.officer(CENTRE), "recordSanction", "id", **given)
        asked = {"by": {"name": FORGE.name, "organizationCode": FORGE.number}, "access": {"purpose": "LOAN_APPROVAL"}}
        other = chambers.data(chambers.partner(BANK), BANKS, asked)["subject"]["party"]["creditCode"]
        assert (other["outlook"]["colour"], other["outlook"]["effects"][0]["effect"]) == ("RED", "STAYS")
        ids = [other["records"][0]["id"]]
    answer = chambers.post(chambers.partner(PORTAL, CHEN), NAMED, {"ids": ids}).json()
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == code
    assert answer["data"]["me"]["party"]["creditCode"]["outlook"] is None


@pytest.mark.parametrize("audience", [Audience.COMMERCE, Audience.EMPLOYER, Audience.PUBLIC_PORTAL, Audience.AUDITOR])
def test_others_have_no_such_field(chambers: Chambers, audience: Audience) -> None:
    document = '{ node(id: "x") { ... on Organization { creditCode { outlook { colour } } } } }'
    (error,) = chambers.post(chambers.partner(audience), document).json()["errors"]
    assert error["extensions"]["code"] in {"FORBIDDEN", "INVALID_DOCUMENT"}


def test_a_published_item_is_repairable_from_a_day_on(chambers: Chambers, listing: str) -> None:
    Courts(chambers).published((ENFORCED, CHEN, "E02", 6, RULING))
    code = mine(chambers)
    effects = {one["recordId"]: (one["effect"], one["repairFrom"]) for one in code["outlook"]["effects"]}
    own = next(one["id"] for one in code["records"] if one["type"]["code"] not in {"Y18", "A01"})
    first = add_months(chambers.calendar.moment.date(), 6).isoformat()
    assert effects[own] == ("REPAIRABLE", first)
    assert code["outlook"]["colour"] == "YELLOW", "performance ends the listing, and not the item"


def test_what_was_foreseen_comes_true(chambers: Chambers, listing: str) -> None:
    """The listing is removed and the case closed, and the colours are what the outlook had said."""
    foreseen = said(mine(chambers)["outlook"])
    chambers.done(chambers.officer(JUDGE), "removeListing", "id", id=listing, reason="已履行完毕。")
    today = chambers.calendar.moment.date()
    with chambers.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE court_case SET closed_on = :day WHERE number = :number"), {"day": today, "number": ENFORCED}
        )
    assert said(mine(chambers)) == foreseen
