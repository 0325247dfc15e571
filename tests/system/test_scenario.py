"""Three months of Yuyao and Ningbo over HTTP: every step, and what everybody sees after it (R1-R20)."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import NINGBO, Chambers
from play import (
    ENFORCED,
    ENFORCED_TOO,
    JUDGMENT,
    RECORD,
    RULING,
    TRIED,
    TRIED_IN_NINGBO,
    Courts,
)
from views import AUDIT, PEOPLE, court, snapshot
from world import KEYRING

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, LIN, WANG, ZHAO, Subject
from ingest.importing import import_file
from models.court import StaffRole
from postgres import database

NOTHING: dict[str, Any] = {
    **{f"bank {one.key}": ("GREEN", [], [], [], []) for one in PEOPLE},
    **{f"portal {one.key}": ("GREEN", []) for one in PEOPLE},
    **{f"public {one.key}": [] for one in PEOPLE},
    **{f"court {one.key}": ("GREEN", []) for one in PEOPLE},
    **{f"employer {one.key}": ([], [], []) for one in PEOPLE if one is not FORGE},
    "commerce FORGE": ("GREEN", []),
    "moral bank": [],
    "village": [],
    "platform": [],
}


class Play(Courts):
    """The courts at work, and what everybody must see by now."""

    def __init__(self, chambers: Chambers) -> None:
        super().__init__(chambers)
        self.expected, self.looks = dict(NOTHING), 0

    def see(self, **changes: Any) -> None:
        """Everybody sees what they saw before, but for these; underscores stand for the blank in a name."""
        self.expected |= {name.replace("__", " ").replace("_", " ", 1): value for name, value in changes.items()}
        seen = snapshot(self.chambers)
        assert {name: value for name, value in seen.items() if value != self.expected[name]} == {
            name: self.expected[name] for name, value in seen.items() if value != self.expected[name]
        }
        assert seen.keys() == self.expected.keys()
        (audit,) = self.chambers.data(self.chambers.officer(StaffRole.PRESIDENT), AUDIT)["statistics"]
        assert audit["count"] > self.looks, "every look is in the log"
        self.looks = audit["count"]


async def _import(url: sa.URL, format: str, file: Any) -> None:
    engine = database.make_async_engine(url, pool_size=4, statement_timeout=30)
    report = await import_file(engine, format, file, keyring=KEYRING)
    assert not report.rejected
    await engine.dispose()


@pytest.fixture
def play(chambers: Chambers) -> Play:
    found = Play(chambers)
    found.work()
    return found


def test_three_months(play: Play, tmp_path: Any) -> None:
    chambers = play.chambers
    play.see()

    # --- March: proposals, a return, a rejection ----------------------------------------------------------------------
    chen_report = play.propose(ENFORCED, CHEN, "E02", 6, RULING)
    chen_late = play.propose(ENFORCED, CHEN, "E01", 2, RECORD)
    lin_late = play.propose(ENFORCED_TOO, LIN, "E01", 3, RECORD, place=1)
    zhao_late = play.propose(ENFORCED_TOO, ZHAO, "E01", 4, RECORD, place=1)
    zhao_spending = play.propose(ENFORCED_TOO, ZHAO, "E05", 7, RULING)
    forge_lie = play.propose(TRIED_IN_NINGBO, FORGE, "T02", 6, JUDGMENT, court=NINGBO, role="DEFENDANT")
    chen = [("E01", "PROPOSED"), ("E02", "PROPOSED")]
    play.see(
        court_CHEN=("GREEN", chen),
        court_LIN=("GREEN", [("E01", "PROPOSED")]),
        court_ZHAO=("GREEN", [("E01", "PROPOSED"), ("E05", "PROPOSED")]),
        court_FORGE=("GREEN", [("T02", "PROPOSED")]),
    )

    play.do(StaffRole.CHIEF, "returnDeduction", id=chen_report, version=1, reason="请附财产报告令。")
    play.see(court_CHEN=("GREEN", [("E01", "PROPOSED"), ("E02", "CHIEF_RETURNED")]))
    case, party = chambers.party(ENFORCED, CHEN)
    mended: dict[str, Any] = {
        "caseId": case,
        "partyId": party,
        "role": "JUDGMENT_DEBTOR",
        "behaviour": "E02",
        "points": 8,
    }
    mended |= {"conductOn": "2026-02-11", "finding": RULING, "reason": "已补正。", "id": chen_report, "version": 1}
    assert play.do(StaffRole.JUDGE, "resubmitDeduction", shows="version", **mended) == {"version": 2}
    play.approve(chen_report, version=2)
    play.approve(chen_late, lin_late, zhao_late, zhao_spending)
    play.approve(forge_lie, court=NINGBO)

    play.go_to(3, 10)
    february, february_in_ningbo = play.open("2026-02-01"), play.open("2026-02-01", NINGBO)
    play.collect(february, chen_report, version=2)
    play.collect(february, chen_late, lin_late, zhao_late, zhao_spending)
    play.collect(february_in_ningbo, forge_lie, court=NINGBO)
    play.decide(zhao_spending, approved=False)
    play.decide(chen_report, version=2)
    play.decide(chen_late, lin_late, zhao_late)
    play.decide(forge_lie, court=NINGBO)
    play.see(
        court_CHEN=("GREEN", [("E01", "PANEL_APPROVED"), ("E02", "PANEL_APPROVED")]),
        court_LIN=("GREEN", [("E01", "PANEL_APPROVED")]),
        court_ZHAO=("GREEN", [("E01", "PANEL_APPROVED"), ("E05", "PANEL_REJECTED")]),
        court_FORGE=("GREEN", [("T02", "PANEL_APPROVED")]),
    )
    refused = chambers.refused(play.officer(StaffRole.CENTRE), "publishBatch", "id", id=february, reason="提前发布。")
    assert refused["code"] == "NOT_NOTIFIED"

    # --- notification: each subject knows of its own, and nobody else of anything -------------------------------------
    play.notify(chen_report, chen_late, lin_late, zhao_late)
    play.notify(forge_lie, court=NINGBO)
    waiting = "PANEL_APPROVED"
    play.see(
        portal_CHEN=("GREEN", [("E01", 2, waiting, [], []), ("E02", 8, waiting, [], [])]),
        portal_LIN=("GREEN", [("E01", 3, waiting, [], [])]),
        portal_ZHAO=("GREEN", [("E01", 4, waiting, [], [])]),
        portal_FORGE=("GREEN", [("T02", 6, waiting, [], [])]),
    )

    # --- publication, of one court and then of the other --------------------------------------------------------------
    play.go_to(3, 25)
    play.publish(february)
    again = chambers.refused(play.officer(StaffRole.CENTRE), "publishBatch", "id", id=february, reason="再发布。")
    assert again["code"] == "BATCH_PUBLISHED"
    played = "PUBLISHED"
    play.see(
        court_CHEN=("YELLOW", [("E01", played), ("E02", played)]),
        court_LIN=("GREEN", [("E01", played)]),
        court_ZHAO=("GREEN", [("E01", played), ("E05", "PANEL_REJECTED")]),
        portal_CHEN=("YELLOW", [("E01", 2, played, [], []), ("E02", 8, played, [], [])]),
        portal_LIN=("GREEN", [("E01", 3, played, [], [])]),
        portal_ZHAO=("GREEN", [("E01", 4, played, [], [])]),
        bank_CHEN=("YELLOW Y20", [("E01", 2, False), ("E02", 8, False)], [], [], []),
        bank_LIN=("GREEN", [("E01", 3, False)], [], [], []),
        bank_ZHAO=("GREEN", [("E01", 4, False)], [], [], []),
        public_CHEN=[("E01", 2), ("E02", 8)],
        public_LIN=[("E01", 3)],
        public_ZHAO=[("E01", 4)],
        moral__bank=[
            ("MD3", -8, "COURT_ASSESSED"),
            ("MD3", -4, "COURT_ASSESSED"),
            ("MD3", -3, "COURT_ASSESSED"),
            ("MD3", -2, "COURT_ASSESSED"),
        ],
    )
    play.publish(february_in_ningbo, NINGBO)
    play.see(
        court_FORGE=("YELLOW", [("T02", played)]),
        portal_FORGE=("YELLOW", [("T02", 6, played, [], [])]),
        bank_FORGE=("YELLOW Y04", [("T02", 6, False)], [], [], []),
        commerce_FORGE=("YELLOW Y04", [("T02", 6, False)]),
        public_FORGE=[("T02", 6)],
    )

    # --- April: objections are annotated, one amends and one withdraws ------------------------------------------------
    play.go_to(4, 2)
    objection = play.ask(CHEN, "fileObjection", deductionId=chen_report, statement="已按期申报部分财产。")
    withdrawn = play.ask(LIN, "fileObjection", deductionId=lin_late, statement="判决前已付清。")
    play.see(
        portal_CHEN=("YELLOW", [("E01", 2, played, [], []), ("E02", 8, played, ["None"], [])]),
        portal_LIN=("GREEN", [("E01", 3, played, ["None"], [])]),
        bank_CHEN=("YELLOW Y20", [("E01", 2, False), ("E02", 8, True)], [], [], []),
        bank_LIN=("GREEN", [("E01", 3, True)], [], [], []),
    )
    play.go_to(4, 27)
    reminded = chambers.data(
        play.officer(StaffRole.CENTRE), "{ reminders(first: 9) { nodes { kind dueOn objection { filedOn } } } }"
    )["reminders"]["nodes"]
    due = {"kind": "OBJECTION_DUE", "dueOn": "2026-05-02", "objection": {"filedOn": "2026-04-02"}}
    month = {"kind": "BATCH_DUE", "dueOn": "2026-03-01", "objection": None}
    assert reminded == [month, due, due]
    play.do(StaffRole.PANEL, "answerObjection", place=1, id=objection, outcome="AMENDED", points=7, reason="情节较轻。")
    amended = [("E01", 2, False), ("E02", 7, False)]
    play.see(
        portal_CHEN=("YELLOW", [("E01", 2, played, [], []), ("E02", 7, played, ["AMENDED"], [])]),
        bank_CHEN=("YELLOW Y20", amended, [], [], []),
        public_CHEN=[("E01", 2), ("E02", 7)],
        moral__bank=[
            ("MD3", -8, "COURT_ASSESSED"),
            ("MD3", -7, "COURT_ASSESSED"),
            ("MD3", -4, "COURT_ASSESSED"),
            ("MD3", -3, "COURT_ASSESSED"),
            ("MD3", -2, "COURT_ASSESSED"),
            ("MD3", 8, "COURT_ASSESSED"),
        ],
    )
    play.do(StaffRole.PANEL, "answerObjection", place=1, id=withdrawn, outcome="WITHDRAWN", reason="确已付清。")
    play.see(
        court_LIN=("GREEN", [("E01", "WITHDRAWN")]),
        portal_LIN=("GREEN", [("E01", 3, "WITHDRAWN", ["WITHDRAWN"], [])]),
        bank_LIN=("GREEN", [], [], [], []),
        public_LIN=[],
        moral__bank=[
            ("MD3", -8, "COURT_ASSESSED"),
            ("MD3", -7, "COURT_ASSESSED"),
            ("MD3", -4, "COURT_ASSESSED"),
            ("MD3", -3, "COURT_ASSESSED"),
            ("MD3", -2, "COURT_ASSESSED"),
            ("MD3", 3, "COURT_ASSESSED"),
            ("MD3", 8, "COURT_ASSESSED"),
        ],
    )

    # --- the moral bank confirms and returns; the village is told and acknowledges ------------------------------------
    head_office = chambers.partner(Audience.MORAL_BANK)
    chambers.done(head_office, "confirmConversion", "status", id=play.conversion("MD3", -7))
    chambers.done(
        head_office, "returnConversion", "status returnReason", id=play.conversion("MD3", -4), reason="户号不符。"
    )
    rest = [
        ("MD3", -8, "COURT_ASSESSED"),
        ("MD3", -4, "RETURNED"),
        ("MD3", -3, "COURT_ASSESSED"),
        ("MD3", -2, "COURT_ASSESSED"),
        ("MD3", 3, "COURT_ASSESSED"),
        ("MD3", 8, "COURT_ASSESSED"),
    ]
    play.see(moral__bank=sorted([("MD3", -7, "CONFIRMED"), *rest]))
    play.work()
    play.see(moral__bank=sorted([("MD3", -7, "VILLAGE_NOTIFIED"), *rest]), village=[("DEDUCT", -7, False)])
    office = chambers.partner(Audience.VILLAGE)
    (notice,) = chambers.data(office, "{ villageNotices(first: 5) { nodes { id } } }")["villageNotices"]["nodes"]
    chambers.done(office, "acknowledgeNotice", "points", id=notice["id"])
    play.see(village=[("DEDUCT", -7, True)])

    # --- a fine turns LIN red, and a reconsideration reverses it ------------------------------------------------------
    play.go_to(4, 28)
    case, party = chambers.party(ENFORCED_TOO, LIN)
    fine: dict[str, Any] = {
        "number": "(2026)浙0281司惩3号",
        "caseId": case,
        "partyId": party,
        "kind": "FINE",
        "amount": "5000.00",
    }
    fine |= {"decidedOn": "2026-04-27", "effectiveOn": "2026-04-28", "reason": "妨害执行。"}
    sanction = play.do(StaffRole.CENTRE, "recordSanction", **fine)["id"]
    play.see(
        court_LIN=("RED", [("E01", "WITHDRAWN")]),
        portal_LIN=("RED", [("E01", 3, "WITHDRAWN", ["WITHDRAWN"], [])]),
        bank_LIN=("RED R03", [], [], [], ["FINE"]),
        employer_LIN=(["RED"], [], []),
        platform=[("林某某", "RED", "PUBLISHED")],
        moral__bank=sorted([("MD3", -7, "VILLAGE_NOTIFIED"), *rest, VETO]),
    )
    city = chambers.partner(Audience.CREDIT_PLATFORM)
    (measure,) = chambers.data(city, "{ measures(first: 5) { nodes { id } } }")["measures"]["nodes"]
    chambers.done(city, "recordRecognition", "status", id=measure["id"], recognisedOn="2026-04-28")
    play.see(platform=[("林某某", "RED", "RECOGNISED")])
    play.go_to(5, 6)
    play.do(StaffRole.CENTRE, "revokeSanction", id=sanction, revokedOn="2026-05-05", reason="复议撤销。")
    play.see(
        court_LIN=("GREEN", [("E01", "WITHDRAWN")]),
        portal_LIN=("GREEN", [("E01", 3, "WITHDRAWN", ["WITHDRAWN"], [])]),
        bank_LIN=("GREEN", [], [], [], []),
        employer_LIN=([], [], []),
        platform=[("", "", "WITHDRAWN")],
        moral__bank=sorted([("MD3", -7, "VILLAGE_NOTIFIED"), *rest, VETO, VETO]),
    )

    # --- April's and May's months -------------------------------------------------------------------------------------
    forge_late = play.propose(TRIED, FORGE, "T07", 2, RECORD | {"number": "庭审笔录"}, role="DEFENDANT")
    april = play.open("2026-04-01")
    play.approve(forge_late)
    play.collect(april, forge_late)
    play.decide(forge_late)
    play.notify(forge_late)
    play.go_to(5, 28)
    play.publish(april)
    both = [("T02", 6, False), ("T07", 2, False)]
    play.see(
        court_FORGE=("YELLOW", [("T02", played), ("T07", played)]),
        portal_FORGE=("YELLOW", [("T02", 6, played, [], []), ("T07", 2, played, [], [])]),
        bank_FORGE=("YELLOW Y04 Y10", both, [], [], []),
        commerce_FORGE=("YELLOW Y04 Y10", both),
        public_FORGE=[("T02", 6), ("T07", 2)],
    )

    # --- gold won -----------------------------------------------------------------------------------------------------
    case, party = chambers.party(TRIED, WANG)
    given: dict[str, Any] = {"number": "自动履行1号", "caseId": case, "partyId": party, "performedOn": "2026-05-20"}
    certificate = play.do(StaffRole.CENTRE, "issueCertificate", **given, reason="判决后三日付清。")["id"]
    play.see(
        court_WANG=("GOLD", []),
        portal_WANG=("GOLD", []),
        bank_WANG=("GOLD A01", [], [], ["自动履行1号"], []),
        employer_WANG=([], [], ["自动履行1号"]),
        platform=[("", "", "WITHDRAWN"), ("王某某", "GOLD", "PUBLISHED")],
        moral__bank=sorted([("MD3", -7, "VILLAGE_NOTIFIED"), *rest, VETO, VETO, BONUS]),
    )

    # --- a listing comes in; blue granted, and lost -------------------------------------------------------------------
    file = tmp_path / "shixin.jsonl"
    file.write_text(json.dumps(LISTED, ensure_ascii=False) + "\n")
    asyncio.run(_import(chambers.url, "shixin", file))
    debtor = ["DISHONEST_DEBTOR"]
    converted = sorted([("MD3", -7, "VILLAGE_NOTIFIED"), *rest, VETO, VETO, BONUS, LISTED_VETO])
    play.see(
        court_ZHAO=("YELLOW", [("E01", played), ("E05", "PANEL_REJECTED")]),
        portal_ZHAO=("YELLOW", [("E01", 4, played, [], [])]),
        bank_ZHAO=("YELLOW Y18", [("E01", 4, False)], debtor, [], []),
        employer_ZHAO=([], debtor, []),
        moral__bank=converted,
    )
    portal = chambers.partner(Audience.LITIGANT_PORTAL, ZHAO)
    records = chambers.data(portal, "{ me { party { creditCode { records { id type { code } } } } } }")
    (record,) = records["me"]["party"]["creditCode"]["records"]
    plea = {"ground": "CO_OPERATION", "commitment": "每月申报财产并分期履行。", "amountPerformed": "10000.00"}
    repair = play.ask(ZHAO, "applyForRepair", codeRecordId=record["id"], **plea)
    play.do(StaffRole.PANEL, "decideRepair", id=repair, outcome="SHORTENED", newEnd="2026-12-31", reason="配合执行。")
    play.see(
        court_ZHAO=("BLUE", [("E01", played), ("E05", "PANEL_REJECTED")]),
        portal_ZHAO=("BLUE", [("E01", 4, played, [], [])]),
        bank_ZHAO=("BLUE B01 Y18", [("E01", 4, False)], debtor, [], []),
        moral__bank=sorted([*converted, KEPT_ORDER]),
    )
    records = chambers.data(
        chambers.partner(Audience.LITIGANT_PORTAL, ZHAO), "{ me { party { creditCode { records { id colour } } } } }"
    )["me"]["party"]["creditCode"]["records"]
    blue = next(row["id"] for row in records if row["colour"] == "BLUE")
    play.go_to(6, 3)
    play.do(StaffRole.CENTRE, "endRepair", codeRecordId=blue, performed=False, reason="未再申报。", shows="closeReason")
    play.see(
        court_ZHAO=("YELLOW", [("E01", played), ("E05", "PANEL_REJECTED")]),
        portal_ZHAO=("YELLOW", [("E01", 4, played, [], [])]),
        bank_ZHAO=("YELLOW Y18", [("E01", 4, False)], debtor, [], []),
        moral__bank=sorted([*converted, KEPT_ORDER, KEPT_ORDER]),
    )

    # --- gold lost ----------------------------------------------------------------------------------------------------
    play.do(StaffRole.CENTRE, "revokeCertificate", id=certificate, reason="出具有误。")
    play.see(
        court_WANG=("GREEN", []),
        portal_WANG=("GREEN", []),
        bank_WANG=("GREEN", [], [], [], []),
        employer_WANG=([], [], []),
        platform=[("", "", "WITHDRAWN"), ("", "", "WITHDRAWN")],
        moral__bank=sorted([*converted, KEPT_ORDER, KEPT_ORDER, BONUS_LOST]),
    )

    # --- repairs: too early, then one that shortens and one that shields ----------------------------------------------
    early = chambers.refused(
        chambers.partner(Audience.LITIGANT_PORTAL, CHEN), "applyForRepair", "id", deductionId=chen_late, **plea
    )
    assert early["code"] == "TOO_EARLY"
    play.go_to(6, 12)
    shorter = play.ask(CHEN, "applyForRepair", deductionId=chen_late, **plea)
    performed = plea | {"ground": "FULL_PERFORMANCE"}
    receipt = {"document": "收款收据", "digest": "0f" * 32}
    shielded = play.ask(ZHAO, "applyForRepair", deductionId=zhao_late, evidence=receipt, **performed)
    play.see(
        portal_CHEN=("YELLOW", [("E01", 2, played, [], ["None"]), ("E02", 7, played, ["AMENDED"], [])]),
        portal_ZHAO=("YELLOW", [("E01", 4, played, [], ["None"])]),
    )
    play.do(StaffRole.PANEL, "decideRepair", id=shorter, outcome="SHORTENED", newEnd="2026-09-30", reason="积极配合。")
    play.do(StaffRole.PANEL, "decideRepair", id=shielded, outcome="SHIELDED", reason="已全部履行。")
    play.see(
        court_ZHAO=("YELLOW", [("E01", "SHIELDED"), ("E05", "PANEL_REJECTED")]),
        portal_CHEN=("YELLOW", [("E01", 2, played, [], ["SHORTENED"]), ("E02", 7, played, ["AMENDED"], [])]),
        portal_ZHAO=("YELLOW", [("E01", 4, "SHIELDED", [], ["SHIELDED"])]),
        bank_ZHAO=("YELLOW Y18", [], debtor, [], []),
        public_ZHAO=[],
        moral__bank=sorted([*converted, KEPT_ORDER, KEPT_ORDER, BONUS_LOST, RESTORED]),
    )

    # --- the shortened item ends after its last day, without anybody acting -------------------------------------------
    play.go_to(9, 30)
    play.see()
    play.go_to(10, 1)
    play.see(
        court_CHEN=("YELLOW", [("E01", "EXPIRED"), ("E02", played)]),
        portal_CHEN=("YELLOW", [("E01", 2, "EXPIRED", [], ["SHORTENED"]), ("E02", 7, played, ["AMENDED"], [])]),
        bank_CHEN=("YELLOW Y20", [("E02", 7, False)], [], [], []),
        public_CHEN=[("E02", 7)],
    )

    # --- afterwards: what was right about each day, and what was answered on it (R14, R26) ----------------------------
    for reading, history in {"VALID": HISTORY, "KNOWN": ANSWERED}.items():
        told = {(one.key, day): court(chambers, one, day, reading)[0] for one, days in history.items() for day in days}
        assert told == {(one.key, day): colour for one, days in history.items() for day, colour in days.items()}
    assert events(chambers, CHEN) == [
        "ENTRY_PUBLISHED", "COLOUR_CHANGED", "OBJECTION_OPENED", "ENTRY_AMENDED",
        "OBJECTION_CLOSED", "REPAIR_GRANTED", "ENTRY_EXPIRED",
    ]  # fmt: skip
    assert events(chambers, LIN) == [
        "ENTRY_PUBLISHED", "OBJECTION_OPENED", "ENTRY_WITHDRAWN", "OBJECTION_CLOSED", "ENTRY_PUBLISHED",
        "COLOUR_CHANGED", "ENTRY_WITHDRAWN", "COLOUR_CHANGED",
    ]  # fmt: skip


VETO, BONUS = ("MV2", 0, "COURT_ASSESSED"), ("MB1", 5, "COURT_ASSESSED")
LISTED_VETO = ("MV3", 0, "COURT_ASSESSED")
KEPT_ORDER, RESTORED = ("MR3", 0, "COURT_ASSESSED"), ("MR3", 1, "COURT_ASSESSED")
BONUS_LOST = ("MB1", -5, "COURT_ASSESSED")
"""Half of two points for CHEN's co-operation; ZHAO's four were returned by the head office, and nothing comes back."""

LISTED = {
    "iname": ZHAO.name,
    "cardNum": ZHAO.number,
    "partyTypeName": "0",
    "businessEntity": "",
    "areaName": "浙江",
    "sexy": "男",
    "age": 0,
    "courtName": "余姚市人民法院",
    "caseCode": ENFORCED_TOO,
    "gistId": "(2025)浙0281民初88号",
    "gistUnit": "余姚市人民法院",
    "duty": "支付货款二十万元",
    "performance": "全部未履行",
    "disruptTypeName": "有履行能力而拒不履行",
    "regDate": "2026年01月05日",
    "publishDate": "2026年02月28日",
}

HISTORY = {
    CHEN: {"2026-03-24": "GREEN", "2026-03-25": "YELLOW", "2026-09-30": "YELLOW"},
    LIN: {"2026-04-27": "GREEN", "2026-04-28": "GREEN", "2026-05-04": "GREEN", "2026-05-05": "GREEN"},
    WANG: {"2026-05-27": "GREEN", "2026-05-28": "GREEN", "2026-06-02": "GREEN", "2026-06-03": "GREEN"},
    ZHAO: {"2026-05-27": "YELLOW", "2026-05-28": "BLUE", "2026-06-03": "YELLOW", "2026-09-30": "YELLOW"},
    FORGE: {"2026-03-24": "GREEN", "2026-03-25": "YELLOW"},
}
"""LIN's fine was reversed, and WANG's certificate revoked: neither has ever been."""

ANSWERED = HISTORY | {
    LIN: {"2026-04-27": "GREEN", "2026-04-28": "RED", "2026-05-05": "RED", "2026-05-06": "GREEN"},
    WANG: {"2026-05-27": "GREEN", "2026-05-28": "GOLD", "2026-06-02": "GOLD", "2026-06-03": "GREEN"},
}
del ANSWERED[ZHAO]  # its listing came by a file, which is dated by the database's own clock


def events(chambers: Chambers, subject: Subject) -> list[str]:
    """What was told of a subject, in its order, as the litigant itself reads it."""
    token = chambers.partner(Audience.LITIGANT_PORTAL, subject)
    nodes = chambers.data(token, "{ events(first: 50) { nodes { kind sequence } } }")["events"]["nodes"]
    assert [row["sequence"] for row in nodes] == list(range(1, len(nodes) + 1))
    return [row["kind"] for row in nodes]
