"""Grades, periods of grace and policy profiles of dishonest debtors, over HTTP: what each audience sees before and
after."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import NINGBO, Chambers
from look_ups import node_id
from play import ENFORCED, Courts, night
from views import bank, employer, platform, portal
from watching import consent

from auth.audiences import Audience
from casework.policy_profiles import declare_profile
from demo.city.cast import CHEN
from models.court import StaffRole
from models.policy_profile import PolicyProfile, ProfileStart
from models.terms import add_months
from postgres import database

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


# --- single lifts -----------------------------------------------------------------------------------------------------

LIFTS = "listings(first: 9) { nodes { liftedUntil lifts { purpose liftedOn liftedUntil } } }"
BANK_LIFTS = """query($by: SubjectKey!) { subject(by: $by, access: { purpose: LOAN_APPROVAL }) { party {
  ... on Person { creditCode { colour } listings(first: 9) { nodes { liftedUntil } } } } } }"""
PUBLIC_LIFTS = """query($name: String!) { listings(first: 9, filter: { name: $name }) { nodes { liftedUntil } }
  publicRecords(name: $name, first: 9) { nodes { kind } } }"""


def lifted(courts: Courts) -> Any:
    """What a bank, the public, the subject and the court see of single lifts."""
    chambers = courts.chambers
    by = {"name": CHEN.name, "idNumber": CHEN.number}
    told = chambers.data(chambers.partner(Audience.BANK), BANK_LIFTS, {"by": by})["subject"]["party"]
    public = chambers.data(chambers.partner(Audience.PUBLIC_PORTAL), PUBLIC_LIFTS, {"name": CHEN.name})
    mine = chambers.data(chambers.partner(Audience.LITIGANT_PORTAL), f"{{ me {{ party {{ {LIFTS} }} }} }}")
    asked = f"query($name: String!) {{ parties(first: 1, filter: {{ name: $name }}) {{ nodes {{ {LIFTS} }} }} }}"
    court = chambers.data(chambers.officer(StaffRole.JUDGE), asked, {"name": CHEN.name})["parties"]["nodes"][0]
    own = [[one for one in rows["listings"]["nodes"] if one["lifts"]] for rows in (mine["me"]["party"], court)]
    shown = [one["liftedUntil"] for one in told["listings"]["nodes"]]
    return told["creditCode"]["colour"], shown, [one["liftedUntil"] for one in public["listings"]["nodes"]], own


def lift(courts: Courts, key: str, **given: Any) -> Any:
    values: dict[str, Any] = {"purpose": "赴外地就医。", "days": 10, "reason": "病历属实。"} | given
    return courts.do(StaffRole.JUDGE, "liftListing", shows="liftedUntil", id=key, **values)


def test_a_single_lift_is_read_by_all_and_its_purpose_by_its_court_and_subject(courts: Courts) -> None:
    entry, today = enter(courts), courts.chambers.calendar.moment.date()
    before = events(courts, Audience.BANK)
    assert lifted(courts) == ("YELLOW", [None], [None], [[], []])
    until = today + timedelta(9)
    assert lift(courts, entry["id"]) == {"liftedUntil": str(until)}
    one = {"purpose": "赴外地就医。", "liftedOn": str(today), "liftedUntil": str(until)}
    own = [{"liftedUntil": str(until), "lifts": [one]}]
    assert lifted(courts) == ("YELLOW", [str(until)], [str(until)], [own, own])
    assert events(courts, Audience.BANK) == [*before, "LIST_LIFTED"]
    denied = "query($by: SubjectKey!) { subject(by: $by, access: { purpose: LOAN_APPROVAL }) { party {"
    denied += " ... on Person { listings(first: 9) { nodes { lifts { purpose } } } } } } }"
    by = {"name": CHEN.name, "idNumber": CHEN.number}
    refused = courts.chambers.post(courts.chambers.partner(Audience.BANK), denied, {"by": by}).json()
    assert {error["extensions"]["code"] for error in refused["errors"]} == {"INVALID_DOCUMENT"}

    courts.chambers.calendar.go_to(until)
    courts.work()
    assert lifted(courts)[1] == [str(until)]
    courts.chambers.calendar.go_to(until + timedelta(1))
    courts.work()
    assert lifted(courts)[:3] == ("YELLOW", [None], [None])
    assert events(courts, Audience.BANK) == [*before, "LIST_LIFTED", "LIST_LIFT_ENDED"]
    again = lift(courts, entry["id"], days=1, purpose="参加葬礼。")
    assert again == {"liftedUntil": str(until + timedelta(1))}
    courts.do(StaffRole.JUDGE, "removeListing", id=entry["id"], reason="履行完毕。")
    courts.chambers.calendar.go_to(until + timedelta(3))
    courts.work()
    assert events(courts, Audience.BANK)[-2:] == ["LIST_LIFTED", "LIST_REMOVED"]


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"days": 0}, "BAD_EXTENT", "days"),
        ({"days": 31}, "BAD_EXTENT", "days"),
        ({"purpose": " "}, "BAD_TEXT", "purpose"),
        ({"purpose": f"送{CHEN.number}就医"}, "BAD_TEXT", "purpose"),
        ({"reason": ""}, "REASON_REQUIRED", "reason"),
    ],
)
def test_a_lift_has_a_purpose_a_reason_and_30_days_at_most(
    courts: Courts, given: dict[str, Any], code: str, path: str
) -> None:
    values = {"id": node_id("Listing", 1), "purpose": "就医。", "days": 30, "reason": "属实。"} | given
    error = courts.chambers.refused(courts.officer(StaffRole.JUDGE), "liftListing", "id", **values)
    assert (error["code"], error["path"]) == (code, ["input", path])


def test_one_lift_at_a_time_of_a_published_entry(courts: Courts) -> None:
    entry, today = enter(courts), courts.chambers.calendar.moment.date()
    values = {"id": entry["id"], "purpose": "就医。", "days": 30, "reason": "属实。"}
    for role in (StaffRole.CHIEF, StaffRole.CENTRE):
        error = courts.chambers.refused(courts.officer(role), "liftListing", "id", **values)
        assert error["code"] == "WRONG_ROLE"
    lift(courts, entry["id"], days=30)
    error = courts.chambers.refused(courts.officer(StaffRole.JUDGE), "liftListing", "id", **values)
    assert (error["code"], str(today + timedelta(29)) in error["message"]) == ("WRONG_STATE", True)
    overlap = "INSERT INTO listing_lift (listing_id, purpose, lifted_on, lifted_until, granted_at) SELECT listing_id,"
    overlap += " purpose, lifted_on + 1, lifted_until, granted_at FROM listing_lift ORDER BY id DESC LIMIT 1"
    with courts.chambers.engine.begin() as connection, pytest.raises(sa.exc.IntegrityError, match="one_at_a_time"):
        connection.execute(sa.text(overlap))
    courts.do(StaffRole.JUDGE, "removeListing", id=entry["id"], reason="履行完毕。")
    error = courts.chambers.refused(courts.officer(StaffRole.JUDGE), "liftListing", "id", **values)
    assert error["code"] == "NOT_FOUND"
    waiting = enter(courts, graceEndsOn=str(today + timedelta(5)))
    error = courts.chambers.refused(
        courts.officer(StaffRole.JUDGE), "liftListing", "id", **values | {"id": waiting["id"]}
    )
    assert error["code"] == "NOT_FOUND"


PREVIEW = """query($profile: PolicyProfile!, $beginsOn: Date!) { courts { code
  profilePreview(profile: $profile, beginsOn: $beginsOn) { itemId grade newEnd } } }"""


def test_what_a_profile_ends_is_foreseen_by_its_court_and_gone_for_all_outside(courts: Courts) -> None:
    """A minor entry is public for three months; only the court and its subject see it after that."""
    chambers = courts.chambers
    standing = "{ me { party { listings(first: 9) { nodes { id removedOn } } } } }"
    for row in chambers.data(chambers.partner(Audience.LITIGANT_PORTAL), standing)["me"]["party"]["listings"]["nodes"]:
        if row["removedOn"] is None:
            courts.do(StaffRole.JUDGE, "removeListing", id=row["id"], reason="履行完毕。")
    chambers.calendar.turn(days=1)
    entry = enter(courts, grade="MINOR")
    today, seen = chambers.calendar.moment.date(), outside(courts)
    assert seen[0] == ("YELLOW Y18", [], ["DISHONEST_DEBTOR"], [], [])
    begins = max(date(2026, 4, 1), today + timedelta(2))
    last = max(add_months(today, 3), begins - timedelta(1))

    def preview(token: str) -> list[Any]:
        given = {"profile": "NDRC_36", "beginsOn": str(begins)}
        found = chambers.data(token, PREVIEW, given)["courts"]
        return [one for row in found for one in row["profilePreview"] if one["itemId"] == entry["id"]]

    for officer in (chambers.officer(StaffRole.PRESIDENT), chambers.officer(StaffRole.JUDGE, court=NINGBO)):
        assert preview(officer) == [{"itemId": entry["id"], "grade": "MINOR", "newEnd": str(last)}]
    assert outside(courts) == seen

    async def declare() -> None:
        engine = database.make_async_engine(chambers.url, pool_size=1, statement_timeout=30)
        async with engine.begin() as connection:
            start = ProfileStart("浙0281", PolicyProfile.NDRC_36, begins)
            await declare_profile(connection, start, chambers.calendar.moment)
        await engine.dispose()

    asyncio.run(declare())
    assert preview(chambers.officer(StaffRole.PRESIDENT)) == []
    assert outside(courts) == (*seen[:4], str(last + timedelta(1)))
    chambers.calendar.go_to(last)
    courts.work()
    assert outside(courts)[:4] == seen[:4]
    chambers.calendar.go_to(last + timedelta(1))
    courts.work()
    assert outside(courts) == NOTHING
    entered = str(today)
    assert [[row["grade"] for row in rows if row["publishedOn"] == entered] for rows in own(courts)] == [["MINOR"]] * 3
