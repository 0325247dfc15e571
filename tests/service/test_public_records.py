"""One look-up by name, the third list and the credit file, over HTTP: what each audience sees before and after."""

from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from play import ENFORCED, RULING, TRIED, Courts
from world import sealed

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, ZHAO, Subject
from models.court import StaffRole

RECORD = "kind title caseNumber publishedOn expiresOn endedOn endReason points role party { name }"
PUBLIC = f"query($name: String!) {{ publicRecords(name: $name, first: 20) {{ totalCount nodes {{ id {RECORD} }} }} }}"
FILE = f"creditFile(first: 20) {{ totalCount nodes {{ {RECORD} }} }}"
PARTNER = f"""query($by: SubjectKey!, $access: AccessInput!) {{ subject(by: $by, access: $access) {{ party {{
  ... on Organization {{ {FILE} }} }} }} }}"""
MINE = f"{{ me {{ party {{ ... on Organization {{ {FILE} }} }} }} }}"
COURT = f"""query($name: String!) {{ parties(first: 1, filter: {{ name: $name }}) {{ nodes {{
  ... on Organization {{ {FILE} }} }} }} }}"""
LISTED = "query($filter: ListingFilter!) { listings(first: 20, filter: $filter) { totalCount nodes { kind } } }"
PURPOSES = {
    Audience.BANK: "LOAN_APPROVAL",
    Audience.EMPLOYER: "BIDDING_REVIEW",
    Audience.COMMERCE: "BIDDING_REVIEW",
}


@pytest.fixture(scope="module")
def courts(chambers: Chambers) -> Courts:
    return Courts(chambers)


def public(courts: Courts, name: str) -> Any:
    """What the public page shows under a name."""
    portal = courts.chambers.partner(Audience.PUBLIC_PORTAL)
    found = courts.chambers.data(portal, PUBLIC, {"name": name})["publicRecords"]
    assert found["totalCount"] == len(found["nodes"])
    return found["nodes"]


def kinds(nodes: Any) -> list[tuple[str, str | None]]:
    return sorted((row["kind"], row["endReason"]) for row in nodes)


def files(courts: Courts) -> dict[str, list[tuple[str, str | None]]]:
    """The credit file of FORGE as each audience reads it."""
    chambers, seen = courts.chambers, {}
    for audience, purpose in PURPOSES.items():
        variables = {"by": {"name": FORGE.name, "organizationCode": FORGE.number}, "access": {"purpose": purpose}}
        seen[audience.value] = chambers.data(chambers.partner(audience), PARTNER, variables)["subject"]["party"]
    seen["self"] = chambers.data(chambers.partner(Audience.LITIGANT_PORTAL, FORGE), MINE)["me"]["party"]
    judge = chambers.officer(StaffRole.JUDGE)
    (seen["court"],) = chambers.data(judge, COURT, {"name": FORGE.name})["parties"]["nodes"]
    return {who: kinds(party["creditFile"]["nodes"]) for who, party in seen.items()}


def listed(courts: Courts, **given: str) -> list[str]:
    portal = courts.chambers.partner(Audience.PUBLIC_PORTAL)
    found = courts.chambers.data(portal, LISTED, {"filter": given})["listings"]
    assert found["totalCount"] == len(found["nodes"])
    return sorted(row["kind"] for row in found["nodes"])


APPLICANT = "ENFORCEMENT_APPLICANT"
OUTSIDE = ("BANK", "EMPLOYER", "COMMERCE")
DEDUCTION, LENDER = ("DEDUCTION", None), ("PROFESSIONAL_LENDER", None)
LITIGANT, RED = ("DISHONEST_LITIGANT", None), ("RED_RECORD", None)


def fine(number: str, subject: Subject, courts: Courts) -> str:
    case, party = courts.chambers.party(number, subject)
    given: dict[str, Any] = {
        "number": "(2026)浙0281司惩5号",
        "caseId": case,
        "partyId": party,
        "kind": "FINE",
        "amount": "5000.00",
    }
    today = str(courts.chambers.calendar.moment.date())
    days: dict[str, Any] = {"decidedOn": today, "effectiveOn": today, "reason": "妨害诉讼。"}
    return str(courts.do(StaffRole.CENTRE, "recordSanction", **given, **days)["id"])


def test_the_file_of_a_business_grows_and_shrinks(courts: Courts) -> None:
    assert (public(courts, FORGE.name), files(courts)) == ([], {who: [] for who in (*OUTSIDE, "self", "court")})
    courts.published((ENFORCED, CHEN, "E01", 3, RULING))
    (item,) = courts.published((ENFORCED, FORGE, "E01", 3, RULING), role=APPLICANT)
    _, party = courts.chambers.party(ENFORCED, FORGE)
    lender = courts.do(StaffRole.JUDGE, "listLender", partyId=party, reason="一年内十二件民间借贷案件。")["id"]
    entry = courts.do(
        StaffRole.CENTRE, "listLitigant", shows="id kind caseNumber endsOn", deductionId=item, reason="情节恶劣。"
    )
    sanction = fine(TRIED, FORGE, courts)
    everything = sorted([DEDUCTION, LENDER, LITIGANT, RED])
    assert files(courts) == dict.fromkeys((*OUTSIDE, "self", "court"), everything)

    shown = public(courts, f" {FORGE.name} ")
    assert kinds(shown) == everything
    assert {row["party"]["name"] for row in shown} == {FORGE.name}
    by_kind = {row["kind"]: row for row in shown}
    assert by_kind["DISHONEST_LITIGANT"]["expiresOn"] == by_kind["DEDUCTION"]["expiresOn"] == entry["endsOn"]
    assert (by_kind["DEDUCTION"]["points"], by_kind["RED_RECORD"]["points"]) == (3, None)
    assert [row["publishedOn"] for row in shown] == sorted((row["publishedOn"] for row in shown), reverse=True)
    (person,) = public(courts, CHEN.name)
    assert (person["kind"], person["party"]["name"]) == ("DEDUCTION", "陈某某")
    assert public(courts, ZHAO.name) == []

    portal = courts.chambers.partner(Audience.PUBLIC_PORTAL)
    asked = "query($id: ID!) { node(id: $id) { ... on PublicRecord { kind } } }"
    for row in shown:
        assert courts.chambers.data(portal, asked, {"id": row["id"]})["node"] == {"kind": row["kind"]}

    courts.do(StaffRole.JUDGE, "removeListing", id=lender, reason="连续三年低于标准。")
    courts.do(StaffRole.CENTRE, "revokeSanction", id=sanction, revokedOn=today(courts), reason="复议撤销。")
    left = sorted([DEDUCTION, LITIGANT])
    ended = sorted([*left, ("PROFESSIONAL_LENDER", "DELISTED"), ("RED_RECORD", "REVOKED")])
    assert files(courts) == dict.fromkeys(OUTSIDE, left) | dict.fromkeys(("self", "court"), ended)
    assert kinds(public(courts, FORGE.name)) == left


def today(courts: Courts) -> str:
    return str(courts.chambers.calendar.moment.date())


def test_an_entry_falls_with_the_deduction_that_it_rests_on(courts: Courts) -> None:
    """R10, R25: a withdrawn deduction takes the entry with it, for everyone outside."""
    (item,) = courts.published((ENFORCED, FORGE, "E02", 6, RULING), role=APPLICANT)
    courts.do(StaffRole.CENTRE, "listLitigant", deductionId=item, reason="情节恶劣。")
    both = {("DEDUCTION", None), ("DISHONEST_LITIGANT", None)}
    before, other = kinds(public(courts, FORGE.name)), listed(courts, name=FORGE.name)
    assert both <= set(before)
    objection = courts.ask(FORGE, "fileObjection", deductionId=item, statement="并非本公司所为。")
    given = {"id": objection, "outcome": "WITHDRAWN", "reason": "异议成立。"}
    courts.do(StaffRole.PANEL, "answerObjection", place=1, **given)
    after = kinds(public(courts, FORGE.name))
    assert len(before) - len(after) == 2
    assert len(other) - len(listed(courts, name=FORGE.name)) == 1


def test_listings_are_found_by_name_court_and_list(courts: Courts) -> None:
    assert listed(courts, name=CHEN.name) == []
    case, party = courts.chambers.party(ENFORCED, CHEN)
    texts: dict[str, Any] = {
        "basisNumber": "(2025)浙0281民初1号",
        "basisUnit": "余姚市人民法院",
        "obligation": "还款十万元",
    }
    given: dict[str, Any] = {
        "caseId": case,
        "partyId": party,
        "ground": "EVASION",
        "performance": "全部未履行",
        "reason": "规避执行。",
    }
    courts.do(StaffRole.JUDGE, "listDebtor", **texts, **given)
    assert listed(courts, name=f"{CHEN.name} ", courtCode="浙02", kind="DISHONEST_DEBTOR") == ["DISHONEST_DEBTOR"]
    for other in ({"courtCode": "浙0282"}, {"courtCode": ""}, {"kind": "PROFESSIONAL_LENDER"}):
        assert listed(courts, name=CHEN.name, **other) == []
    assert listed(courts, name="陈某某") == listed(courts, name="") == []


REFUSED: dict[str, tuple[StaffRole, dict[str, Any], str]] = {
    "another role": (StaffRole.JUDGE, {}, "WRONG_ROLE"),
    "no ground": (StaffRole.CENTRE, {"reason": " "}, "REASON_REQUIRED"),
    "not public": (StaffRole.CENTRE, {"proposed": True}, "WRONG_STATE"),
    "listed before": (StaffRole.CENTRE, {"again": True}, "LISTED"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_litigant_is_listed_for_a_published_deduction_once(courts: Courts, what: str) -> None:
    role, given, code = REFUSED[what]
    if given.get("proposed"):
        item = courts.propose(ENFORCED, CHEN, "E02", 6, RULING)
    else:
        statement = "SELECT deduction_id FROM listing WHERE deduction_id IS NOT NULL ORDER BY id"
        with courts.chambers.engine.connect() as connection:
            item = sealed_deduction(connection.execute(sa.text(statement)).scalars().first())
    reason = str(given.get("reason", "情节恶劣。"))
    error = courts.chambers.refused(courts.officer(role), "listLitigant", "id", deductionId=item, reason=reason)
    assert error["code"] == code


def sealed_deduction(key: Any) -> str:
    return sealed(f"Deduction:{key}")
