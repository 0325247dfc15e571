"""Grades and periods of grace of dishonest debtors, over HTTP: what each audience sees before and after."""

from datetime import date, timedelta
from typing import Any

import pytest
from chambers import NINGBO, Chambers
from play import ENFORCED, Courts, night
from views import bank, employer, platform, portal
from watching import consent

from auth.audiences import Audience
from demo.city.cast import CHEN
from models.court import StaffRole

LISTED = "listings(first: 9) { nodes { kind grade graceEndsOn publishedOn } }"
MINE = f"{{ me {{ party {{ {LISTED} creditCode {{ colour changesOn }} }} }} }}"
COURT = f"query($name: String!) {{ parties(first: 1, filter: {{ name: $name }}) {{ nodes {{ {LISTED} }} }} }}"
CHANGE = """query($by: SubjectKey!) { subject(by: $by, access: { purpose: LOAN_APPROVAL }) { party {
  creditCode { colour changesOn } } } }"""
EVENTS = "{ events(first: 100) { nodes { kind } } }"
PUBLIC = "query($name: String!) { publicRecords(name: $name, first: 9) { nodes { kind } } }"
NONE: Any = ("GREEN", [], [], [], [])
GIVEN = {
    "ground": "EVASION",
    "basisNumber": "(2025)浙0281民初1号",
    "basisUnit": "余姚市人民法院",
    "obligation": "还款十万元",
    "performance": "全部未履行",
    "reason": "规避执行。",
}


@pytest.fixture(scope="module")
def courts(chambers: Chambers) -> Courts:
    night(chambers)
    consent(chambers, CHEN)
    by = {"name": CHEN.name, "idNumber": CHEN.number, "reference": "KH-1"}
    (line,) = chambers.done(chambers.partner(Audience.BANK), "watch", "outcome", subjects=[by])
    assert line == {"outcome": "WATCHED"}
    return Courts(chambers)


def enter(courts: Courts, **given: Any) -> Any:
    case, party = courts.chambers.party(ENFORCED, CHEN)
    shows = "id grade graceEndsOn publishedOn endsOn removedOn"
    return courts.do(StaffRole.JUDGE, "listDebtor", shows=shows, caseId=case, partyId=party, **(GIVEN | given))


def events(courts: Courts, audience: Audience) -> list[str]:
    """The kinds of the events about lists that an audience reads."""
    chambers = courts.chambers
    token = chambers.officer(StaffRole.JUDGE) if audience is Audience.COURT else chambers.partner(audience)
    nodes = chambers.data(token, EVENTS)["events"]["nodes"]
    return [row["kind"] for row in nodes if row["kind"].startswith("LIST_")]


def outside(courts: Courts) -> Any:
    """What the bank, an employer, the public and the platform see, and when the bank is told that a colour changes."""
    chambers = courts.chambers
    by = {"name": CHEN.name, "idNumber": CHEN.number}
    told = chambers.data(chambers.partner(Audience.BANK), CHANGE, {"by": by})["subject"]["party"]["creditCode"]
    public = chambers.data(chambers.partner(Audience.PUBLIC_PORTAL), PUBLIC, {"name": CHEN.name})["publicRecords"]
    lists = [row["kind"] for row in public["nodes"]]
    return bank(chambers, CHEN), employer(chambers, CHEN), lists, platform(chambers), told["changesOn"]


def own(courts: Courts) -> Any:
    """The entries as their subject, their court and the court above see them."""
    chambers = courts.chambers
    above = chambers.officer(StaffRole.JUDGE, court=NINGBO)
    seen = [chambers.data(chambers.partner(Audience.LITIGANT_PORTAL), MINE)["me"]["party"]]
    for token in (chambers.officer(StaffRole.JUDGE), above):
        seen += chambers.data(token, COURT, {"name": CHEN.name})["parties"]["nodes"]
    return [party["listings"]["nodes"] for party in seen]


NOTHING: Any = (NONE, ([], [], []), [], [], None)


def test_nothing_is_served_before_the_grace_has_ended(courts: Courts) -> None:
    today = courts.chambers.calendar.moment.date()
    ends = today + timedelta(20)
    entry = enter(courts, graceEndsOn=str(ends), grade="ORDINARY")
    assert (entry["graceEndsOn"], entry["publishedOn"]) == (str(ends), str(ends + timedelta(1)))
    shown = {"kind": "DISHONEST_DEBTOR", "grade": "ORDINARY", "graceEndsOn": str(ends)}
    shown["publishedOn"] = entry["publishedOn"]
    assert outside(courts) == NOTHING
    assert own(courts) == [[shown]] * 3
    for audience in (Audience.COURT, Audience.LITIGANT_PORTAL):
        assert events(courts, audience) == ["LIST_GRACE_GRANTED"]
    assert events(courts, Audience.BANK) == []

    courts.chambers.calendar.go_to(ends)
    courts.work()
    assert (outside(courts), events(courts, Audience.BANK)) == (NOTHING, [])
    courts.chambers.calendar.go_to(ends + timedelta(1))
    courts.work()
    seen = outside(courts)
    assert seen[0] == ("YELLOW Y18", [], ["DISHONEST_DEBTOR"], [], [])
    assert seen[1] == ([], ["DISHONEST_DEBTOR"], [])
    assert seen[2] == ["DISHONEST_DEBTOR"]
    assert events(courts, Audience.BANK) == ["LIST_ADDED"]
    assert portal(courts.chambers, CHEN)[0] == "YELLOW"

    graded = courts.do(StaffRole.JUDGE, "gradeListing", shows="grade", id=entry["id"], grade="SERIOUS", reason="转移。")
    assert graded == {"grade": "SERIOUS"}
    assert events(courts, Audience.BANK) == ["LIST_ADDED", "LIST_GRADED"]
    courts.do(StaffRole.JUDGE, "removeListing", id=entry["id"], reason="履行完毕。")
    assert outside(courts)[2] == []
    assert events(courts, Audience.BANK) == ["LIST_ADDED", "LIST_GRADED", "LIST_REMOVED"]


def test_who_performs_within_the_grace_is_never_published(courts: Courts) -> None:
    before = events(courts, Audience.BANK)
    ends = courts.chambers.calendar.moment.date() + timedelta(10)
    entry = enter(courts, graceEndsOn=str(ends))
    courts.do(StaffRole.JUDGE, "gradeListing", id=entry["id"], grade="MINOR", reason="情节轻微。")
    courts.do(StaffRole.CENTRE, "removeListing", id=entry["id"], reason="宽限期内履行完毕。")
    courts.chambers.calendar.go_to(ends + timedelta(2))
    courts.work()
    assert (outside(courts), events(courts, Audience.BANK)) == (NOTHING, before)
    assert portal(courts.chambers, CHEN)[0] == "GREEN"


@pytest.mark.parametrize("days", [-1, 93])
def test_a_period_of_grace_lasts_three_months_at_most(courts: Courts, days: int) -> None:
    case, party = courts.chambers.party(ENFORCED, CHEN)
    day: date = courts.chambers.calendar.moment.date() + timedelta(days)
    given = GIVEN | {"caseId": case, "partyId": party, "graceEndsOn": str(day)}
    error = courts.chambers.refused(courts.officer(StaffRole.JUDGE), "listDebtor", "id", **given)
    assert (error["code"], error["path"]) == ("BAD_DATE", ["input", "graceEndsOn"])
