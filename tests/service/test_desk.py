"""The judge's desk over HTTP: what is marked, who acts, and what every audience sees before and after."""

import asyncio
from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import NINGBO, YUYAO, Chambers
from world import sealed

from auth.audiences import Audience
from auth.server.accounts import Account, add_staff
from casework.name_readings import find_wrong_readings, read_all_names
from demo.city.cast import CHEN, LIN, ZHAO
from models.court import StaffRole
from postgres import database

CASE = "(2026)浙0281执12号"
OUTSIDE = sorted(set(Audience) - {Audience.COURT})
MARKED = """query($number: String!) { case(number: $number) { id division { name }
  marks { colour reason staffRole party { name } } transfers { source { name } target { name } reason } } }"""
DIVISIONS = "{ courts { code divisions { id name } } }"
QUEUE = """query($division: String!, $marked: Boolean) {
  cases(first: 9, filter: { division: $division, marked: $marked }) { totalCount nodes { number } } }"""
REASON = {"reason": "请审理时注意。"}


@pytest.fixture(scope="module")
def desk(chambers: Chambers) -> Chambers:
    """The courts, where ZHAO is red by a fine."""
    case, party = chambers.party(CASE, ZHAO)
    fine = {"number": "(2026)浙0281司惩71号", "kind": "FINE", "amount": "1000.00", "reason": "拒不报告财产。"}
    days = {"decidedOn": "2026-02-26", "effectiveOn": "2026-03-01"}
    centre = chambers.officer(StaffRole.CENTRE)
    chambers.done(centre, "recordSanction", "id", caseId=case, partyId=party, **fine, **days)
    return chambers


def read_case(desk: Chambers, token: str, number: str = CASE) -> Any:
    return desk.data(token, MARKED, {"number": number})["case"]


def opened(desk: Chambers, name: str, court: str = YUYAO) -> str:
    """The id of a division, which the president has opened."""
    president = desk.officer(StaffRole.PRESIDENT, court=court)
    return str(desk.done(president, "openDivision", "id name", name=name, reason="内设机构改革。")["id"])


def codes(answer: Any) -> set[str]:
    return {error["extensions"]["code"] for error in answer["errors"]}


# --- marks and transfers ----------------------------------------------------------------------------------------------


def test_a_mark_goes_with_the_case_to_its_division(desk: Chambers) -> None:
    judge, colleague = desk.officer(StaffRole.JUDGE), desk.officer(StaffRole.JUDGE, 1)
    case, party = desk.party(CASE, ZHAO)
    assert read_case(desk, judge) == {"id": case, "division": None, "marks": [], "transfers": []}
    mark = desk.done(judge, "markCase", "colour reason staffRole", caseId=case, partyId=party, **REASON)
    assert mark == {"colour": "RED", "staffRole": "JUDGE", **REASON}
    first, second = opened(desk, "立案庭"), opened(desk, " 执行局 ")
    desk.done(judge, "transferCase", "division { name }", id=case, divisionId=first, reason="已立案。")
    moved = desk.done(judge, "transferCase", "division { name }", id=case, divisionId=second, reason="移送执行。")
    assert moved == {"division": {"name": "执行局"}}
    seen = {
        "id": case,
        "division": {"name": "执行局"},
        "marks": [{"colour": "RED", "staffRole": "JUDGE", "party": {"name": ZHAO.name}, **REASON}],
        "transfers": [
            {"source": None, "target": {"name": "立案庭"}, "reason": "已立案。"},
            {"source": {"name": "立案庭"}, "target": {"name": "执行局"}, "reason": "移送执行。"},
        ],
    }
    above = desk.officer(StaffRole.PRESIDENT, court=NINGBO)
    assert [read_case(desk, token) for token in (colleague, above)] == [seen, seen]
    listed = desk.data(colleague, QUEUE, {"division": "执行局", "marked": True})["cases"]
    assert listed == {"totalCount": 1, "nodes": [{"number": CASE}]}
    for other in ({"division": "执行局", "marked": False}, {"division": "立案庭"}, {"division": ""}):
        assert desk.data(colleague, QUEUE, other)["cases"]["totalCount"] == 0


@pytest.mark.parametrize("audience", OUTSIDE)
def test_nobody_outside_the_court_knows_of_marks(desk: Chambers, audience: Audience) -> None:
    token = desk.partner(audience, ZHAO)
    asked = f'{{ node(id: "{sealed("CaseMark:1")}") {{ ... on CaseMark {{ colour reason }} }} }}'
    assert codes(desk.post(token, asked).json()) == {"INVALID_DOCUMENT"}
    plain = (
        f'{{ nodes(ids: ["{sealed("CaseMark:1")}", "{sealed("Division:1")}", "{sealed("CaseTransfer:1")}"]) {{ id }} }}'
    )
    assert desk.data(token, plain)["nodes"] == [None, None, None]


def test_a_court_elsewhere_sees_no_mark(desk: Chambers) -> None:
    """The court below does not see what belongs to the court above."""
    opened(desk, "民事审判第一庭", NINGBO)
    courts = desk.data(desk.officer(StaffRole.JUDGE), DIVISIONS)["courts"]
    names = {court["code"]: [division["name"] for division in court["divisions"]] for court in courts}
    assert (names[YUYAO], names[NINGBO]) == (["立案庭", "执行局"], [])


def refuse_mark(desk: Chambers, role: StaffRole, subject: Any, number: str = CASE, **changes: Any) -> tuple[str, Any]:
    case, party = desk.party(number, subject)
    given = {"caseId": case, "partyId": party, **REASON} | changes
    error = desk.refused(desk.officer(role), "markCase", "id", **given)
    return error["code"], error["path"]


def test_what_is_not_marked(desk: Chambers) -> None:
    assert refuse_mark(desk, StaffRole.JUDGE, ZHAO) == ("RECORDED", ["input", "partyId"])
    assert refuse_mark(desk, StaffRole.JUDGE, LIN) == ("WRONG_STATE", ["input", "partyId"])
    assert refuse_mark(desk, StaffRole.PANEL, ZHAO) == ("WRONG_ROLE", ["input"])
    assert refuse_mark(desk, StaffRole.JUDGE, ZHAO, reason=" ") == ("REASON_REQUIRED", ["input", "reason"])
    stranger = {"partyId": desk.party("(2026)浙0281执11号", CHEN)[1]}
    assert refuse_mark(desk, StaffRole.JUDGE, ZHAO, **stranger) == ("NOT_A_PARTICIPANT", ["input", "role"])


def test_a_case_goes_to_another_division_of_its_own_court(desk: Chambers) -> None:
    judge, case = desk.officer(StaffRole.JUDGE), desk.party(CASE, ZHAO)[0]
    (here,) = (one["id"] for one in divisions_of(desk, judge, YUYAO) if one["name"] == "执行局")
    (above,) = (one["id"] for one in divisions_of(desk, desk.officer(StaffRole.JUDGE, court=NINGBO), NINGBO))
    for division, code in ((here, "WRONG_STATE"), (above, "NOT_FOUND"), (sealed("Division:999"), "NOT_FOUND")):
        error = desk.refused(judge, "transferCase", "id", id=case, divisionId=division, **REASON)
        assert error["code"] == code
    president = desk.officer(StaffRole.PRESIDENT)
    assert desk.refused(president, "openDivision", "id", name="执行局", **REASON)["code"] == "REGISTERED"
    assert desk.refused(president, "openDivision", "id", name="庭" * 51, **REASON)["code"] == "BAD_TEXT"
    assert desk.refused(judge, "openDivision", "id", name="少年庭", **REASON)["code"] == "WRONG_ROLE"


def divisions_of(desk: Chambers, token: str, court: str) -> list[Any]:
    return [
        one for found in desk.data(token, DIVISIONS)["courts"] if found["code"] == court for one in found["divisions"]
    ]


def test_the_database_holds_divisions_and_transfers(desk: Chambers) -> None:
    with desk.engine.connect() as connection:
        with pytest.raises(sa.exc.IntegrityError, match="fk_court_case_court_code_division"):
            connection.execute(sa.text("UPDATE court_case SET division = (SELECT max(name) FROM division)"))
        connection.rollback()
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            connection.execute(sa.text("DELETE FROM case_transfer"))


# --- suspicions (R13) -------------------------------------------------------------------------------------------------

COLOUR = """query($id: ID!) { party(id: $id) { creditCode { colour records { id type { code } closeReason } } } }"""
SUSPECTED = "id colour type { code } effectiveOn endsOn closedOn closeReason steps { staffRole reason }"
OWN = "{ me { party { codeRecords { id } creditCode { colour records { id } } } } }"
EVENTS = "SELECT count(*) FROM event"


def read_colour(desk: Chambers, party: str) -> Any:
    return desk.data(desk.officer(StaffRole.JUDGE), COLOUR, {"id": party})["party"]["creditCode"]


def suspect(desk: Chambers, subject: Any = LIN, number: str = CASE) -> Any:
    case, party = desk.party(number, subject)
    judge = desk.officer(StaffRole.JUDGE)
    return desk.done(judge, "enterSuspicion", SUSPECTED, caseId=case, partyId=party, reason="借贷事实存疑。")


def count_events(desk: Chambers) -> Any:
    with desk.engine.connect() as connection:
        return connection.scalar(sa.text(EVENTS))


def test_a_suspicion_is_for_courts_only_and_is_cleared(desk: Chambers) -> None:
    party, before = desk.party(CASE, LIN)[1], count_events(desk)
    made = suspect(desk)
    assert made | {"id": ""} == {
        "id": "",
        "colour": "YELLOW",
        "type": {"code": "Y03"},
        "effectiveOn": "2026-03-02",
        "endsOn": "2028-03-02",
        "closedOn": None,
        "closeReason": None,
        "steps": [{"staffRole": "JUDGE", "reason": "借贷事实存疑。"}],
    }
    shown = {"colour": "YELLOW", "records": [{"id": made["id"], "type": {"code": "Y03"}, "closeReason": None}]}
    assert read_colour(desk, party) == shown
    own = {"codeRecords": [], "creditCode": {"colour": "GREEN", "records": []}}
    assert desk.data(desk.partner(Audience.LITIGANT_PORTAL, LIN), OWN)["me"]["party"] == own
    for audience in OUTSIDE:
        found = desk.data(desk.partner(audience, LIN), f'{{ node(id: "{made["id"]}") {{ id }} }}')
        assert (audience, found) == (audience, {"node": None})
    assert refuse_mark(desk, StaffRole.JUDGE, LIN, reason="") == ("REASON_REQUIRED", ["input", "reason"])
    judge, case = desk.officer(StaffRole.JUDGE, 1), desk.party(CASE, LIN)[0]
    mark = desk.done(judge, "markCase", "colour", caseId=case, partyId=party, reason="涉嫌虚假诉讼。")
    assert mark == {"colour": "YELLOW"}
    again = desk.refused(judge, "enterSuspicion", "id", caseId=case, partyId=party, reason="再次存疑。")
    assert (again["code"], again["path"]) == ("RECORDED", ["input", "partyId"])
    cleared = desk.done(judge, "clearSuspicion", "closedOn closeReason", id=made["id"], reason="转账凭证齐全。")
    assert cleared == {"closedOn": "2026-03-02", "closeReason": "CLEARED"}
    assert read_colour(desk, party) == {"colour": "GREEN", "records": []}
    assert desk.refused(judge, "clearSuspicion", "id", id=made["id"], reason="再次。")["code"] == "NOT_FOUND"
    assert count_events(desk) == before


def test_a_suspicion_is_confirmed_by_a_sanction(desk: Chambers) -> None:
    judge, party = desk.officer(StaffRole.JUDGE), desk.party(CASE, ZHAO)[1]
    made, other = suspect(desk, ZHAO), suspect(desk)
    asked = "query($id: ID!) { party(id: $id) { sanctions(first: 1) { nodes { id } } } }"
    (fine,) = desk.data(judge, asked, {"id": party})["party"]["sanctions"]["nodes"]
    error = desk.refused(judge, "confirmSuspicion", "id", id=other["id"], sanctionId=fine["id"], reason="查实。")
    assert (error["code"], error["path"]) == ("FINDING_REQUIRED", ["input", "sanctionId"])
    for token, code in (
        (desk.officer(StaffRole.CHIEF), "WRONG_ROLE"),
        (desk.officer(StaffRole.JUDGE, court=NINGBO), "NOT_FOUND"),
    ):
        error = desk.refused(token, "confirmSuspicion", "id", id=made["id"], sanctionId=fine["id"], reason="查实。")
        assert error["code"] == code
    given = {"id": made["id"], "sanctionId": fine["id"], "reason": "经查实并予罚款。"}
    assert desk.done(judge, "confirmSuspicion", "closeReason", **given) == {"closeReason": "CONFIRMED"}
    found = read_colour(desk, party)
    assert (found["colour"], [row["type"]["code"] for row in found["records"]]) == ("RED", ["R03"])
    desk.done(judge, "clearSuspicion", "id", id=other["id"], reason="排除。")


def test_a_revoked_sanction_confirms_nothing(desk: Chambers) -> None:
    made, judge = suspect(desk, ZHAO), desk.officer(StaffRole.JUDGE)
    with desk.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE sanction DISABLE TRIGGER USER"))
        key = connection.scalar(sa.text("UPDATE sanction SET revoked_on = '2026-03-02' RETURNING id"))
    error = desk.refused(
        judge, "confirmSuspicion", "id", id=made["id"], sanctionId=sealed(f"Sanction:{key}"), reason="查实。"
    )
    assert (error["code"], error["path"]) == ("FINDING_REVOKED", ["input", "sanctionId"])
    with desk.engine.begin() as connection:
        connection.execute(sa.text("UPDATE sanction SET revoked_on = NULL"))
        connection.execute(sa.text("ALTER TABLE sanction ENABLE TRIGGER USER"))
    desk.done(judge, "clearSuspicion", "id", id=made["id"], reason="排除。")


# --- queues and search ------------------------------------------------------------------------------------------------

PROPOSAL: dict[str, Any] = {
    "role": "JUDGMENT_DEBTOR",
    "points": 3,
    "conductOn": "2026-02-10",
    "finding": {"kind": "COURT_RECORD", "number": "笔录", "issuedOn": "2026-02-20", "digest": "00" * 32},
    "reason": "逾期未履行。",
}
DEDUCTIONS = "query($filter: DeductionFilter) { deductions(first: 9, filter: $filter) { totalCount } }"
OBJECTIONS = "query($filter: ObjectionFilter) { objections(first: 9, filter: $filter) { totalCount } }"
PARTIES = "query($filter: PartyFilter) { parties(first: 9, filter: $filter) { nodes { name } } }"


@pytest.fixture(scope="module")
def contested(desk: Chambers) -> Chambers:
    """The courts with two proposals, one of which lies in February's batch and is objected to."""
    judge, centre = desk.officer(StaffRole.JUDGE), desk.officer(StaffRole.CENTRE)
    case, party = desk.party(CASE, LIN)
    given = PROPOSAL | {"caseId": case, "partyId": party}
    key = desk.done(judge, "proposeDeduction", "id", behaviour="E01", **given)["id"]
    desk.calendar.turn(days=2)
    judge = desk.officer(StaffRole.JUDGE)
    grave = {"behaviour": "E11", "points": 6, "finding": PROPOSAL["finding"] | {"kind": "RULING"}}
    desk.done(judge, "proposeDeduction", "id", **given | grave)
    centre, version = desk.officer(StaffRole.CENTRE), {"version": 1, "reason": "属实。"}
    batch = desk.done(centre, "openBatch", "id", month="2026-02-01")["id"]
    desk.done(desk.officer(StaffRole.CHIEF), "reviewDeduction", "id", id=key, **version)
    desk.done(centre, "addToBatch", "id", batchId=batch, deductionId=key, **version)
    desk.done(desk.officer(StaffRole.PANEL), "decideItem", "id", id=key, approved=True, **version)
    desk.done(centre, "notifySubject", "id", id=key, reason="已送达。")
    portal = desk.partner(Audience.LITIGANT_PORTAL, LIN)
    desk.done(portal, "fileObjection", "id", deductionId=key, statement="已经履行。")
    return desk


@pytest.mark.parametrize(
    ("document", "given", "count"),
    [
        (DEDUCTIONS, {"behaviour": "E01"}, 1),
        (DEDUCTIONS, {"behaviour": "E0"}, 0),
        (DEDUCTIONS, {"behaviour": ""}, 0),
        (DEDUCTIONS, {"batchMonth": "2026-02-28"}, 1),
        (DEDUCTIONS, {"batchMonth": "2026-03-01"}, 0),
        (DEDUCTIONS, {"proposedFrom": "2026-03-02", "proposedTo": "2026-03-02"}, 1),
        (DEDUCTIONS, {"proposedFrom": "2026-03-03", "proposedTo": "2026-03-04"}, 1),
        (DEDUCTIONS, {"proposedTo": "2026-03-01"}, 0),
        (DEDUCTIONS, {"countedFrom": "2026-03-03", "countedTo": "2026-03-04", "status": "PROPOSED"}, 1),
        (DEDUCTIONS, {"countedTo": "2026-03-01"}, 0),
        (DEDUCTIONS, {"status": "PROPOSED", "behaviour": "E11"}, 1),
        (OBJECTIONS, {"dueFrom": "2026-04-04", "dueTo": "2026-04-04"}, 1),
        (OBJECTIONS, {"dueTo": "2026-04-03"}, 0),
        (OBJECTIONS, {"dueFrom": "2026-04-05"}, 0),
        (OBJECTIONS, {"open": True, "behaviour": "E01"}, 1),
        (OBJECTIONS, {"behaviour": "E11"}, 0),
    ],
)
def test_queues_are_filtered(contested: Chambers, document: str, given: dict[str, Any], count: int) -> None:
    found = contested.data(contested.officer(StaffRole.CENTRE), document, {"filter": given})
    assert [page["totalCount"] for page in found.values()] == [count]


@pytest.mark.parametrize("part", [LIN.name[1:], LIN.name, f" {LIN.name[0]} {LIN.name[1]}", "曾用名"])
def test_staff_find_parties_by_part_of_a_name(contested: Chambers, part: str) -> None:
    with contested.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM party_name WHERE folded LIKE '%曾用名%'"))
        connection.execute(
            sa.text(
                "INSERT INTO party_name (party_id, name, folded, standing) SELECT id, text, text, standing"
                " FROM party, (VALUES ('林曾用名', 'FORMER'), ('林误写', 'MISSPELT')) AS had (text, standing)"
                " WHERE party.name = :name ON CONFLICT DO NOTHING"
            ),
            {"name": LIN.name},
        )
    found = contested.data(contested.officer(StaffRole.JUDGE), PARTIES, {"filter": {"nameContains": part}})
    assert found["parties"]["nodes"] == [{"name": LIN.name}]


@pytest.mark.parametrize("part", ["", "　", "%", "_", "误写"])
def test_a_part_that_names_nobody_finds_nobody(contested: Chambers, part: str) -> None:
    found = contested.data(contested.officer(StaffRole.JUDGE), PARTIES, {"filter": {"nameContains": part}})
    assert found["parties"]["nodes"] == []


def test_only_staff_search_by_part_of_a_name(contested: Chambers) -> None:
    for audience in OUTSIDE:
        body = contested.post(contested.partner(audience), PARTIES, {"filter": {"nameContains": "林"}}).json()
        assert (audience, codes(body)) == (audience, {"INVALID_DOCUMENT"})


READ = "UPDATE name_reading SET pinyin = 'lingaiguo' WHERE folded = :name"


def by_pinyin(desk: Chambers, part: str) -> list[str]:
    found = desk.data(desk.officer(StaffRole.JUDGE), PARTIES, {"filter": {"pinyin": part}})
    return [party["name"] for party in found["parties"]["nodes"]]


async def read(desk: Chambers) -> list[str]:
    """The worker reads the names; gives those whose reading is not the function's."""
    engine = database.make_async_engine(desk.url, pool_size=1, statement_timeout=30)
    try:
        await read_all_names(engine)
        async with engine.connect() as connection:
            return await find_wrong_readings(connection)
    finally:
        await engine.dispose()


def test_staff_find_parties_by_pinyin(contested: Chambers) -> None:
    """By the beginning of the reading or of its initials, former names included; what is derived is compared."""
    test_staff_find_parties_by_part_of_a_name(contested, LIN.name)
    with contested.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM name_reading"))
    assert by_pinyin(contested, "lgg") == [], "the worker has not read the names yet"
    assert asyncio.run(read(contested)) == []
    for part in ("lingaiguo", "Lín Gǎi", "lgg", "LIN'G", "lcym", "lincengyongming"):
        assert by_pinyin(contested, part) == [LIN.name]
    for part in ("", " ", "'", "%", "gaiguo", "linwuxie"):
        assert by_pinyin(contested, part) == []
    with contested.engine.begin() as connection:
        connection.execute(sa.text(READ.replace("lingaiguo", "x")), {"name": LIN.name})
    assert asyncio.run(read(contested)) == [LIN.name], "a reading that is not its name's is found"
    with contested.engine.begin() as connection:
        connection.execute(sa.text(READ), {"name": LIN.name})
    assert asyncio.run(read(contested)) == []


def test_only_staff_search_by_pinyin(contested: Chambers) -> None:
    for audience in OUTSIDE:
        body = contested.post(contested.partner(audience), PARTIES, {"filter": {"pinyin": "lgg"}}).json()
        assert (audience, codes(body)) == (audience, {"INVALID_DOCUMENT"})


# --- the panel (R4, R5, R8) -------------------------------------------------------------------------------------------

VOTES = """query($id: ID!) { node(id: $id) { ... on Deduction {
  status votes { approved reason } steps { status staffRole } } } }"""
RULES = "{ courts { code panelRules { quorum reason } } }"


def collect(desk: Chambers, batch: str, day: str) -> str:
    """The id of an item of that day that lies before the panel."""
    case, party = desk.party(CASE, LIN)
    given = PROPOSAL | {"caseId": case, "partyId": party, "behaviour": "E01", "conductOn": day}
    key = desk.done(desk.officer(StaffRole.JUDGE), "proposeDeduction", "id", **given)["id"]
    version = {"version": 1, "reason": "属实。"}
    desk.done(desk.officer(StaffRole.CHIEF), "reviewDeduction", "id", id=key, **version)
    desk.done(desk.officer(StaffRole.CENTRE), "addToBatch", "id", batchId=batch, deductionId=key, **version)
    return str(key)


def vote(desk: Chambers, key: str, place: int, approved: bool) -> str:
    """Where an item stands after the vote of a member."""
    member = desk.officer(StaffRole.PANEL, place)
    given = {"id": key, "version": 1, "approved": approved, "reason": f"第{place}票。"}
    return str(desk.done(member, "decideItem", "status", **given)["status"])


@pytest.fixture(scope="module")
def panel(contested: Chambers) -> Chambers:
    """The courts with a third member of the panel, and a quorum of two."""
    with contested.engine.begin() as connection:
        third = add_staff(connection, Account("yuyao-panel-2", "yuyao-panel-2", StaffRole.PANEL, YUYAO))
    contested.staff = {**contested.staff, (YUYAO, StaffRole.PANEL, 2): third}
    president = contested.officer(StaffRole.PRESIDENT)
    rule = contested.done(president, "setPanelQuorum", "quorum staffRole reason", quorum=2, reason="院长办公会决定。")
    assert rule == {"quorum": 2, "staffRole": "PRESIDENT", "reason": "院长办公会决定。"}
    return contested


@pytest.fixture(scope="module")
def march(panel: Chambers) -> str:
    """The batch of March."""
    return str(panel.done(panel.officer(StaffRole.CENTRE), "openBatch", "id", month="2026-03-01")["id"])


@pytest.mark.parametrize(
    ("day", "votes", "states"),
    [
        ("2026-02-11", [True, True], ["IN_BATCH", "PANEL_APPROVED"]),
        ("2026-02-12", [False, False], ["IN_BATCH", "PANEL_REJECTED"]),
        ("2026-02-13", [True, False, True], ["IN_BATCH", "IN_BATCH", "PANEL_APPROVED"]),
        ("2026-02-14", [True, False, False], ["IN_BATCH", "IN_BATCH", "PANEL_REJECTED"]),
    ],
)
def test_the_majority_decides_from_the_quorum_on(
    panel: Chambers, march: str, day: str, votes: list[bool], states: list[str]
) -> None:
    key = collect(panel, march, day)
    assert [vote(panel, key, place, approved) for place, approved in enumerate(votes)] == states
    found = panel.data(panel.officer(StaffRole.JUDGE), VOTES, {"id": key})["node"]
    assert found["votes"] == [{"approved": one, "reason": f"第{place}票。"} for place, one in enumerate(votes)]
    assert [(step["status"], step["staffRole"]) for step in found["steps"][3:]] == [(one, "PANEL") for one in states]
    voter = panel.officer(StaffRole.PANEL)
    given = {"id": key, "version": 1, "approved": True, "reason": "再投。"}
    assert panel.refused(voter, "decideItem", "id", **given)["code"] == "WRONG_STATE"


def test_a_member_votes_once_and_the_batch_waits(panel: Chambers, march: str) -> None:
    key = collect(panel, march, "2026-02-15")
    assert vote(panel, key, 0, True) == "IN_BATCH"
    given = {"id": key, "version": 1, "approved": False, "reason": "改主意。"}
    error = panel.refused(panel.officer(StaffRole.PANEL), "decideItem", "id", **given)
    assert (error["code"], error["path"]) == ("SAME_PERSON", ["input", "id"])
    asked = "query($id: ID!) { node(id: $id) { ... on Batch { status } } }"
    centre = panel.officer(StaffRole.CENTRE)
    assert panel.data(centre, asked, {"id": march})["node"] == {"status": "OPEN"}
    assert vote(panel, key, 1, True) == "PANEL_APPROVED"
    assert panel.data(centre, asked, {"id": march})["node"] == {"status": "DECIDED"}


def test_whoever_voted_for_an_item_does_not_answer_its_objection(panel: Chambers, march: str) -> None:
    key = collect(panel, march, "2026-02-16")
    for place, approved in enumerate([True, False, True]):
        vote(panel, key, place, approved)
    panel.done(panel.officer(StaffRole.CENTRE), "notifySubject", "id", id=key, reason="已送达。")
    portal = panel.partner(Audience.LITIGANT_PORTAL, LIN)
    objection = panel.done(portal, "fileObjection", "id", deductionId=key, statement="不属实。")["id"]
    given = {"id": objection, "outcome": "UPHELD_AS_PUBLISHED", "reason": "证据充分。"}
    for place in (0, 2):
        error = panel.refused(panel.officer(StaffRole.PANEL, place), "answerObjection", "id", **given)
        assert error["code"] == "SAME_PERSON"
    assert panel.done(panel.officer(StaffRole.PANEL, 1), "answerObjection", "outcome", **given)
    hidden = panel.data(portal, "query($id: ID!) { node(id: $id) { __typename } }", {"id": sealed("PanelVote:1")})
    assert hidden == {"node": None}
    body = panel.post(portal, VOTES, {"id": key}).json()
    assert codes(body) == {"INVALID_DOCUMENT"}


def test_the_president_sets_a_quorum_within_limits(panel: Chambers) -> None:
    president = panel.officer(StaffRole.PRESIDENT)
    for quorum in (0, 16, -1):
        error = panel.refused(president, "setPanelQuorum", "id", quorum=quorum, reason="调整。")
        assert (error["code"], error["path"]) == ("BAD_EXTENT", ["input", "quorum"])
    assert (
        panel.refused(panel.officer(StaffRole.PANEL), "setPanelQuorum", "id", quorum=3, **REASON)["code"]
        == "WRONG_ROLE"
    )
    rules = {one["code"]: one["panelRules"] for one in panel.data(president, RULES)["courts"]}
    assert (rules[YUYAO], rules[NINGBO]) == ([{"quorum": 2, "reason": "院长办公会决定。"}], [])


def test_the_database_refuses_the_votes_of_proposer_and_chief(panel: Chambers) -> None:
    statement = (
        "INSERT INTO panel_vote (deduction_id, staff_id, approved, voted_at, reason)"
        " SELECT id, {}, true, now(), 'x' FROM deduction WHERE reviewed_by IS NOT NULL LIMIT 1"
    )
    for column in ("proposed_by", "reviewed_by"):
        with panel.engine.connect() as connection, pytest.raises(sa.exc.IntegrityError, match="do not vote on it"):
            connection.execute(sa.text(statement.format(column)))
    with panel.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="append-only"):
        connection.execute(sa.text("UPDATE panel_vote SET approved = false"))


# --- amounts performed after a blue repair ----------------------------------------------------------------------------

PERFORMED = "amount performedOn document revokedOn steps { staffRole reason }"
BLUE = f"query($id: ID!) {{ node(id: $id) {{ ... on CodeRecord {{ colour performances {{ {PERFORMED} }} }} }} }}"
PAID = {"amount": "60000.50", "performedOn": "2026-06-09", "document": " 收款收据7号 ", "reason": "凭收据登记。"}


RECORDS = "query($id: ID!) { party(id: $id) { codeRecords { id colour } } }"


@pytest.fixture(scope="module")
def repaired(panel: Chambers) -> tuple[Chambers, str]:
    """The courts, where LIN is blue since the ninth of June; the id of the blue record."""
    case, party = panel.party(CASE, LIN)
    listed = {"caseId": case, "partyId": party, "ground": "ABLE_BUT_REFUSES", "reason": "有能力而拒不履行。"}
    basis = {"basisNumber": "(2025)浙0281民初9号", "basisUnit": "余姚市人民法院", "obligation": "付款。"}
    panel.done(panel.officer(StaffRole.JUDGE), "listDebtor", "id", **listed, **basis, performance="全部未履行")
    with panel.engine.begin() as connection:
        connection.execute(sa.text("SELECT ensure_access_log_partition('2026-06-09')"))
    panel.calendar.go_to(date(2026, 6, 9))
    applied = {"codeRecordId": find_record(panel, party, "YELLOW"), "ground": "SETTLEMENT_KEPT"}
    shown = {"amountPerformed": "0.00", "evidence": {"document": "和解协议", "digest": "00" * 32}}
    portal = panel.partner(Audience.LITIGANT_PORTAL, LIN)
    repair = panel.done(portal, "applyForRepair", "id", **applied, **shown, commitment="按期履行。")["id"]
    granted = {"id": repair, "outcome": "SHORTENED", "newEnd": "2027-06-30", "reason": "和解履行中。"}
    panel.done(panel.officer(StaffRole.PANEL), "decideRepair", "id", **granted)
    return panel, find_record(panel, party, "BLUE")


def find_record(desk: Chambers, party: str, colour: str) -> str:
    """The id of the newest record of a colour."""
    records = desk.data(desk.officer(StaffRole.JUDGE), RECORDS, {"id": party})["party"]["codeRecords"]
    return [str(record["id"]) for record in records if record["colour"] == colour][-1]


def test_what_is_performed_after_a_repair_is_kept_and_taken_back(repaired: tuple[Chambers, str]) -> None:
    desk, blue = repaired
    centre, portal = desk.officer(StaffRole.CENTRE), desk.partner(Audience.LITIGANT_PORTAL, LIN)
    assert desk.data(centre, BLUE, {"id": blue})["node"] == {"colour": "BLUE", "performances": []}
    paid = desk.done(centre, "recordPerformance", f"id {PERFORMED}", codeRecordId=blue, **PAID)
    shown = {
        "amount": "60000.50",
        "performedOn": "2026-06-09",
        "document": "收款收据7号",
        "revokedOn": None,
        "steps": [{"staffRole": "CENTRE", "reason": "凭收据登记。"}],
    }
    key = paid.pop("id")
    assert paid == shown
    for token, steps in ((desk.officer(StaffRole.JUDGE), shown["steps"]), (portal, [])):
        seen = {"colour": "BLUE", "performances": [shown | {"steps": steps}]}
        assert desk.data(token, BLUE, {"id": blue})["node"] == seen
    for audience in OUTSIDE:
        subject = ZHAO if audience is Audience.LITIGANT_PORTAL else LIN
        found = desk.data(desk.partner(audience, subject), f'{{ node(id: "{key}") {{ id }} }}')
        assert (audience, found) == (audience, {"node": None})
    assert desk.refused(centre, "recordPerformance", "id", codeRecordId=blue, **PAID)["code"] == "RECORDED"
    taken = {"id": key, "reason": "登记错误。"}
    assert desk.done(centre, "revokePerformance", "revokedOn", **taken) == {"revokedOn": "2026-06-09"}
    assert desk.refused(centre, "revokePerformance", "id", **taken)["code"] == "REVOKED"
    assert desk.done(centre, "recordPerformance", "amount", codeRecordId=blue, **PAID) == {"amount": "60000.50"}


def test_what_is_no_performance_after_a_repair(repaired: tuple[Chambers, str]) -> None:
    desk, blue = repaired
    yellow = find_record(desk, desk.party(CASE, LIN)[1], "YELLOW")
    faults: list[tuple[dict[str, Any], str, list[str]]] = [
        ({"performedOn": "2026-06-08"}, "BAD_DATE", ["performedOn"]),
        ({"performedOn": "2026-06-11"}, "BAD_DATE", ["performedOn"]),
        ({"amount": "0.00"}, "BAD_EXTENT", ["amount"]),
        ({"amount": "-1.00"}, "BAD_EXTENT", ["amount"]),
        ({"document": " "}, "BAD_DOCUMENT", ["document"]),
        ({"reason": ""}, "REASON_REQUIRED", ["reason"]),
        ({"codeRecordId": yellow}, "NOT_FOUND", ["codeRecordId"]),
    ]
    for changes, code, path in faults:
        given = {"codeRecordId": blue, **PAID} | changes
        error = desk.refused(desk.officer(StaffRole.CENTRE), "recordPerformance", "id", **given)
        assert (changes, error["code"], error["path"]) == (changes, code, ["input", *path])
    others = (
        (desk.officer(StaffRole.JUDGE), "WRONG_ROLE"),
        (desk.officer(StaffRole.CENTRE, court=NINGBO), "NOT_FOUND"),
    )
    for token, code in others:
        error = desk.refused(token, "recordPerformance", "id", codeRecordId=blue, **PAID)
        assert error["code"] == code


VIEWER = "{ viewer { name officer { name role courtCode } expiresAt } }"


def test_a_token_tells_who_signed_in_and_until_when(desk: Chambers) -> None:
    officer = desk.data(desk.officer(StaffRole.PRESIDENT), VIEWER)["viewer"]
    client = desk.data(desk.partner(Audience.BANK), VIEWER)["viewer"]
    with desk.engine.connect() as connection:
        query = sa.text("SELECT name FROM staff WHERE role = 'PRESIDENT' AND court_code = :court ORDER BY id LIMIT 1")
        name = connection.scalar(query, {"court": YUYAO})
    assert officer["officer"] == {"name": name, "role": "PRESIDENT", "courtCode": YUYAO}
    assert client["officer"] is None
    assert all(datetime.fromisoformat(one["expiresAt"]) > desk.calendar.moment for one in (officer, client))
