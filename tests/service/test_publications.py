"""Lists, bulletins and notices over HTTP: who may write them, and who then sees what."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import NINGBO, YUYAO, Chambers
from world import sealed

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, WANG
from models.court import StaffRole
from models.court_case import CourtCase, Participation, Role
from models.lender import THRESHOLDS, CourtLevel
from models.party import Party

DIGEST = "ab" * 32
CANDIDATES = """{ lenderCandidates(first: 50) { level inOneYear inThreeYears court { code } party { name } } }"""


@pytest.fixture
def judge(chambers: Chambers) -> str:
    return chambers.officer(StaffRole.JUDGE)


def lend(chambers: Chambers, name: str, count: int, court: str = YUYAO, days: int = 100) -> str:
    """An organization that sues for loans so many times, so many days ago; gives its id."""
    with chambers.engine.begin() as connection:
        values = {"kind": "ORGANIZATION", "name": name, "disclosed": True, "created_at": chambers.calendar.moment}
        party = connection.execute(sa.insert(Party).values(values).returning(Party.id)).scalar_one()
        filed = chambers.calendar.moment.date() - timedelta(days=days)
        for serial in range(count):
            case = connection.execute(
                sa.insert(CourtCase)
                .values(
                    number=f"({filed.year}){court}民初{party * 1000 + serial}号",
                    court_code=court,
                    year=filed.year,
                    type_characters="民初",
                    stage="TRIAL",
                    cause="民间借贷纠纷",
                    confidentiality="OPEN",
                    filed_on=filed,
                )
                .returning(CourtCase.id)
            ).scalar_one()
            part = {"case_id": case, "party_id": party, "name": name, "role": Role.PLAINTIFF}
            connection.execute(sa.insert(Participation).values(part))
    return sealed(f"Party:{party}")


def levels(chambers: Chambers, token: str, name: str) -> list[tuple[str, str]]:
    """At which levels a party is proposed, and for which court."""
    found = chambers.data(token, CANDIDATES)["lenderCandidates"]
    return [(row["level"], row["court"]["code"]) for row in found if row["party"]["name"] == name]


@pytest.mark.parametrize("threshold", THRESHOLDS, ids=str)
def test_a_threshold_proposes_when_it_is_reached_and_not_before(chambers: Chambers, threshold: Any) -> None:
    days = 300 if threshold.years == 1 else 1000
    name = f"{threshold.level}-{threshold.years}"
    court, area = (YUYAO, YUYAO) if threshold.level is CourtLevel.BASIC else (NINGBO, NINGBO)
    below = f"{name}-below"
    lend(chambers, name, threshold.cases, court, days)
    lend(chambers, below, threshold.cases - 1, court, days)
    token = chambers.officer(StaffRole.JUDGE, court=NINGBO)
    assert (threshold.level.value, area) in levels(chambers, token, name)
    assert (threshold.level.value, area) not in levels(chambers, token, below)


def test_a_court_is_proposed_its_own_and_a_listed_lender_no_longer(chambers: Chambers, judge: str) -> None:
    party = lend(chambers, "放贷公司", 12)
    assert levels(chambers, judge, "放贷公司") == [("BASIC", YUYAO)]
    shown = "id kind grounds publishedOn removedOn party { name creditCode { colour records { type { code } } } }"
    entry = chambers.done(judge, "listLender", shown, partyId=party, reason="一年内十二件民间借贷案件。")
    assert (entry["kind"], entry["party"]["name"]) == ("PROFESSIONAL_LENDER", "放贷公司")
    assert entry["party"]["creditCode"] == {"colour": "YELLOW", "records": [{"type": {"code": "Y01"}}]}
    assert levels(chambers, judge, "放贷公司") == []
    assert chambers.refused(judge, "listLender", "id", partyId=party, reason="重复。")["code"] == "LISTED"
    left = chambers.done(judge, "removeListing", shown, id=entry["id"], reason="连续三年低于标准。")
    assert left["removedOn"] == left["publishedOn"]
    assert left["party"]["creditCode"]["colour"] == "GREEN"


def test_a_listing_is_public_and_told_to_who_watches(chambers: Chambers, judge: str) -> None:
    """A partner that watches nobody is told of no event, and learns of nobody by events (R17)."""
    _, party = chambers.party("(2026)浙0281执11号", FORGE)
    bank, stranger = chambers.partner(Audience.BANK), chambers.partner(Audience.COMMERCE)
    by = {"name": FORGE.name, "organizationCode": FORGE.number}
    (line,) = chambers.done(bank, "watch", "outcome", subjects=[by | {"reference": "KH-1"}])
    assert line == {"outcome": "WATCHED"}
    chambers.calendar.turn(minutes=1)
    chambers.done(judge, "listLender", "id", partyId=party, reason="认定。")
    portal = chambers.partner(Audience.PUBLIC_PORTAL)
    asked = "{ listings(first: 10, filter: { kind: PROFESSIONAL_LENDER }) { nodes { party { name } } } }"
    assert FORGE.name in {row["party"]["name"] for row in chambers.data(portal, asked)["listings"]["nodes"]}
    told = chambers.data(bank, EVENTS)["events"]["nodes"]
    assert [(row["kind"], row["party"]["name"]) for row in told] == [
        ("LIST_ADDED", FORGE.name),
        ("COLOUR_CHANGED", FORGE.name),
    ]
    assert chambers.data(stranger, EVENTS)["events"]["nodes"] == []


EVENTS = "{ events(first: 100) { nodes { kind party { name } } } }"


def test_a_judge_of_the_intermediate_court_lists_whom_cases_below_propose(chambers: Chambers, judge: str) -> None:
    party = lend(chambers, "跨院放贷公司", 15)
    ningbo = chambers.officer(StaffRole.JUDGE, court=NINGBO)
    assert ("INTERMEDIATE", NINGBO) in levels(chambers, ningbo, "跨院放贷公司")
    assert {level for level, _ in levels(chambers, judge, "跨院放贷公司")} == {"BASIC"}
    entry = chambers.done(ningbo, "listLender", "court { code }", partyId=party, reason="认定。")
    assert entry == {"court": {"code": NINGBO}}


def test_only_parties_of_one_s_own_court_are_listed(chambers: Chambers) -> None:
    party, foreign = lend(chambers, "本地公司", 1), lend(chambers, "外地公司", 1, NINGBO)
    judge = chambers.officer(StaffRole.JUDGE)
    assert chambers.refused(judge, "listLender", "id", partyId=foreign, reason="认定。")["code"] == "NOT_FOUND"
    chief = chambers.officer(StaffRole.CHIEF)
    assert chambers.refused(chief, "listLender", "id", partyId=party, reason="认定。")["code"] == "WRONG_ROLE"


def test_a_bulletin_is_published_once_a_month_and_read_by_the_public(chambers: Chambers) -> None:
    centre = chambers.officer(StaffRole.CENTRE)
    given = {"kind": "TYPICAL_CASES", "month": "2026-02-14", "title": "典型案例", "body": "某公司逾期申报财产。"}
    made = chambers.done(centre, "publishBulletin", "month title court { code }", **given)
    assert made == {"month": "2026-02-01", "title": "典型案例", "court": {"code": YUYAO}}
    assert chambers.refused(centre, "publishBulletin", "id", **given)["code"] == "ISSUED"
    later = given | {"month": "2026-04-01"}
    assert chambers.refused(centre, "publishBulletin", "id", **later)["path"] == ["input", "month"]
    blank = given | {"month": "2026-01-01", "title": "  "}
    assert chambers.refused(centre, "publishBulletin", "id", **blank)["path"] == ["input", "title"]
    portal = chambers.partner(Audience.PUBLIC_PORTAL)
    nodes = chambers.data(portal, "{ bulletins(first: 5) { nodes { title } } }")["bulletins"]["nodes"]
    assert {"title": "典型案例"} in nodes


def test_a_notice_is_seen_by_its_court_and_by_whom_it_was_served_on(chambers: Chambers, judge: str) -> None:
    case, party = chambers.party("(2026)浙0281执11号", CHEN)
    given = {"number": "告知1号", "caseId": case, "partyId": party, "servedOn": "2026-02-20", "digest": DIGEST}
    made = chambers.done(judge, "issueConsequenceNotice", "number servedOn", **given, reason="劳动仲裁裁决后告知。")
    assert made == {"number": "告知1号", "servedOn": "2026-02-20"}
    assert chambers.refused(judge, "issueConsequenceNotice", "id", **given, reason="x")["code"] == "ISSUED"
    long = given | {"number": "告" * 101}
    assert chambers.refused(judge, "issueConsequenceNotice", "id", **long, reason="x")["code"] == "BAD_NUMBER"
    later = given | {"number": "告知2号", "servedOn": str(date(2027, 1, 1))}
    assert chambers.refused(judge, "issueConsequenceNotice", "id", **later, reason="x")["code"] == "BAD_DATE"
    mine = "{ me { party { consequenceNotices { number } } } }"
    for subject, numbers in ((CHEN, ["告知1号"]), (WANG, [])):
        found = chambers.data(chambers.partner(Audience.LITIGANT_PORTAL, subject), mine)["me"]["party"]
        assert [row["number"] for row in found["consequenceNotices"]] == numbers


def test_who_takes_no_part_is_served_no_notice(chambers: Chambers, judge: str) -> None:
    case, _ = chambers.party("(2026)浙0281执11号", CHEN)
    _, other = chambers.party("(2025)浙0281民初13号", WANG)
    given = {"number": "告知3号", "caseId": case, "partyId": other, "servedOn": "2026-02-20", "digest": DIGEST}
    error = chambers.refused(judge, "issueConsequenceNotice", "id", **given, reason="x")
    assert error["code"] == "NOT_A_PARTICIPANT"


DEBTOR: dict[str, Any] = {
    "ground": "PROPERTY_REPORT",
    "basisNumber": "(2025)浙0281民初1号",
    "basisUnit": "余姚市人民法院",
    "obligation": "还款十万元",
    "performance": "全部未履行",
    "reason": "拒不申报财产。",
}


def test_a_debtor_is_listed_leaves_and_is_listed_again_another_day(chambers: Chambers, judge: str) -> None:
    case, party = chambers.party("(2026)浙0281执11号", CHEN)
    given, shown = DEBTOR | {"caseId": case, "partyId": party}, "id kind grounds publishedOn endsOn removedOn"
    entry = chambers.done(judge, "listDebtor", shown, **given)
    assert (entry["kind"], entry["grounds"]) == ("DISHONEST_DEBTOR", "违反财产报告制度")
    assert int(entry["endsOn"][:4]) == int(entry["publishedOn"][:4]) + 2
    assert chambers.refused(judge, "listDebtor", "id", **given)["code"] == "LISTED"
    chambers.done(chambers.officer(StaffRole.CENTRE), "removeListing", "id", id=entry["id"], reason="履行完毕。")
    assert chambers.refused(judge, "listDebtor", "id", **given)["code"] == "LISTED"  # once a day
    chambers.calendar.turn(days=1)
    judge = chambers.officer(StaffRole.JUDGE)
    again = chambers.done(judge, "listDebtor", shown, **(given | {"ground": "ABLE_BUT_REFUSES"}))
    assert (again["endsOn"], again["id"] != entry["id"]) == (None, True)
    chambers.done(judge, "removeListing", "id", id=again["id"], reason="履行完毕。")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no ground": ({"reason": " "}, "REASON_REQUIRED"),
    "no document": ({"basisNumber": " "}, "BAD_TEXT"),
    "a person's number": ({"performance": "张波33028119030702306X未履行"}, "BAD_TEXT"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_debtor_is_listed_on_whole_grounds(chambers: Chambers, judge: str, what: str) -> None:
    case, party = chambers.party("(2026)浙0281执11号", CHEN)
    changes, code = REFUSED[what]
    given = DEBTOR | {"caseId": case, "partyId": party} | changes
    assert chambers.refused(judge, "listDebtor", "id", **given)["code"] == code


def test_only_judges_list_judgment_debtors_of_enforcement_cases(chambers: Chambers, judge: str) -> None:
    case, party = chambers.party("(2026)浙0281执11号", CHEN)
    tried, other = chambers.party("(2025)浙0281民初13号", WANG)
    of = {"caseId": case, "partyId": party}
    centre = chambers.officer(StaffRole.CENTRE)
    assert chambers.refused(centre, "listDebtor", "id", **(DEBTOR | of))["code"] == "WRONG_ROLE"
    stranger = DEBTOR | {"caseId": tried, "partyId": other}
    assert chambers.refused(judge, "listDebtor", "id", **stranger)["code"] == "NOT_A_PARTICIPANT"
