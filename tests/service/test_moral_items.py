"""13 of the 14 moral-bank items, from real triggers, by hand and by file (DOMAIN 5); MD4 is the arbitration body's."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from emptying import empty_tables
from import_files import write_csv
from moral_bank import CHARGED, FIVE, HOUSES, TOLD, VILLAGE, MoralBank
from play import ENFORCED, RECORD, TRIED

from auth.audiences import Audience
from demo.city.cast import CHEN, WANG, Subject
from ingest.formats.certificates import Certificates
from ingest.formats.deductions import Deductions
from ingest.formats.households import Households
from ingest.formats.removals import Removals
from ingest.formats.sanctions import Sanctions
from ingest.formats.settlements import Settlements
from ingest.importing import FORMATS
from models.court import StaffRole


@pytest.fixture
def bank(chambers: Chambers) -> MoralBank:
    with chambers.engine.begin() as connection:  # nobody is enrolled yet
        empty_tables(connection, "point_conversion", "household_member")
        connection.execute(sa.text("UPDATE party SET household_id = NULL"))
    return MoralBank(chambers)


def test_by_hand(bank: MoralBank, tmp_path: Path) -> None:
    chen, wang = HOUSES.values()
    bank.work()
    member = bank.enrol(CHEN)
    bank.enrol(WANG)
    assert bank.standing(chen) == {
        "householdKey": chen,
        "points": 0,
        "eligible": True,
        "liveVetoes": 0,
        "ineligibleSince": None,
        "benefits": [{"code": "BF1"}, {"code": "BF2"}, {"code": "BF3"}],
        "members": [{"relation": "户主", "consentNumber": "授2026-1"}],
    }

    # --- deductions, by stage -----------------------------------------------------------------------------------------
    keys = bank.published(*((ENFORCED, CHEN, code, points, RECORD) for code, _, points in CHARGED))
    assert bank.new([]) == [(chen, item, -points, False) for _, item, points in CHARGED]
    known = bank.entries()
    bank.published((TRIED, WANG, "T07", 3, RECORD), role="DEFENDANT")
    assert bank.new(known) == [(wang, "MD2", -3, False)]

    # --- a fine, a conviction, a listing, a certificate, a settlement -------------------------------------------------
    known = bank.entries()
    case, party = bank.chambers.party(ENFORCED, CHEN)
    decided: dict[str, Any] = {"caseId": case, "partyId": party, "decidedOn": "2026-03-02", "effectiveOn": "2026-03-02"}
    fine: dict[str, Any] = decided | {
        "kind": "FINE",
        "number": "(2026)浙0281司惩1号",
        "amount": "1000.00",
        "reason": "妨害执行。",
    }
    fined = bank.do(StaffRole.CENTRE, "recordSanction", **fine)["id"]
    crime: dict[str, Any] = decided | {"kind": "CONVICTION", "number": "(2026)浙0281刑初1号", "reason": "拒执罪。"}
    bank.do(StaffRole.CENTRE, "recordSanction", **crime)
    listed: dict[str, Any] = {
        "caseId": case,
        "partyId": party,
        "ground": "PROPERTY_REPORT",
        "basisNumber": "(2025)浙0281民初1号",
        "basisUnit": "余姚市人民法院",
        "obligation": "还款",
        "performance": "全部未履行",
        "reason": "拒不申报财产。",
    }
    entry = bank.do(StaffRole.JUDGE, "listDebtor", **listed)["id"]
    tried, performer = bank.chambers.party(TRIED, WANG)
    shown: dict[str, Any] = {"caseId": tried, "partyId": performer, "performedOn": "2026-02-20", "reason": "已核实。"}
    certificate = bank.do(StaffRole.CENTRE, "issueCertificate", number="甬履1", **shown)["id"]
    settled: dict[str, Any] = {"document": "(2025)浙0281民初13号调解书", **shown}
    settlement = bank.do(StaffRole.CENTRE, "recordSettlementPerformed", **settled)["id"]
    assert bank.new(known) == [
        (chen, "MV2", 0, False),
        (chen, "MV1", 0, False),
        (chen, "MV3", 0, False),
        (wang, "MB1", 5, False),
        (wang, "MB2", 3, False),
    ]
    error = bank.chambers.refused(bank.officer(StaffRole.CENTRE), "recordSettlementPerformed", "id", **settled)
    assert error["code"] == "RECORDED"
    bank.confirm()
    standing = bank.standing(chen)
    assert (standing["eligible"], standing["liveVetoes"], standing["benefits"]) == (False, 3, [])
    assert standing["ineligibleSince"] == bank.chambers.calendar.moment.date().isoformat()

    # --- what falls is reversed ---------------------------------------------------------------------------------------
    known = bank.entries()
    revoked = bank.chambers.calendar.moment.date().isoformat()
    bank.do(StaffRole.CENTRE, "revokeSanction", id=fined, revokedOn=revoked, reason="复议撤销。")
    bank.do(StaffRole.CENTRE, "revokeCertificate", id=certificate, reason="出具有误。")
    bank.do(StaffRole.CENTRE, "revokeSettlement", id=settlement, reason="登记有误。")
    bank.do(StaffRole.CENTRE, "removeListing", id=entry, reason="申请执行人申请。")
    back = [(chen, "MV2", 0, True), (wang, "MB1", -5, True), (wang, "MB2", -3, True), (chen, "MV3", 0, True)]
    assert bank.new(known) == back
    assert bank.standing(chen)["liveVetoes"] == 1

    # --- repairs, by their grounds ------------------------------------------------------------------------------------
    for _ in range(4):
        bank.next_month()
    known = bank.entries()
    for key, ground in zip(keys, FIVE, strict=True):
        shown = {"deductionId": key, "ground": ground, "commitment": "承诺守信。", "amountPerformed": "100.00"}
        evidence = {"document": "执行款收据", "digest": "ab" * 32}
        repair = bank.ask(CHEN, "applyForRepair", **shown, evidence=evidence)
        bank.do(StaffRole.PANEL, "decideRepair", id=repair, outcome="SHIELDED", reason="符合条件。")
    back = [(chen, "MR1", 2, False), (chen, "MR2", 2, False), (chen, "MR3", 2, False)]
    assert bank.new(known) == [*back, (chen, "MR4", 1, False), (chen, "MR5", 1, False)]

    # --- who leaves takes its vetoes along ----------------------------------------------------------------------------
    known = bank.entries()
    token, day = bank.chambers.partner(Audience.MORAL_BANK), bank.chambers.calendar.moment.date().isoformat()
    bank.chambers.done(token, "endMembership", "leftOn", id=member, leftOn=day)
    assert bank.new(known) == [(chen, "MV1", 0, True)]
    bank.enrol(CHEN, householdKey="NH-NEW")
    assert bank.new(known)[1:] == [("NH-NEW", "MV1", 0, False)]
    assert bank.chambers.refused(token, "endMembership", "id", id=member, leftOn=day)["code"] == "WRONG_STATE"


def test_by_file(bank: MoralBank, tmp_path: Path) -> None:
    """What comes by file is converted alike, whether the person is enrolled before or after it."""
    chen, wang = HOUSES.values()
    bank.bring("households", write_csv(tmp_path / "h.csv", [_member(CHEN)], Households.columns))
    known = bank.entries()
    fine = [
        "(2026)浙0281司惩7号",
        ENFORCED,
        CHEN.name,
        CHEN.number,
        "罚款",
        "2000",
        "",
        "2026-02-20",
        "2026-02-20",
    ]
    bank.bring("sanctions", write_csv(tmp_path / "s.csv", [fine], Sanctions.columns))
    certified = ["甬履7", TRIED, WANG.name, WANG.number, "2026-02-20", "2026-02-20"]
    bank.bring("certificates", write_csv(tmp_path / "c.csv", [certified], Certificates.columns))
    listed = _json_lines(tmp_path / "l.jsonl", LISTED | {"iname": CHEN.name, "cardNum": CHEN.number})
    bank.bring("shixin", listed)
    found = bank.new(known)
    assert [one for one in found if one[1] != "MV1"] == [(chen, "MV2", 0, False), (chen, "MV3", 0, False)]
    bank.bring("shixin", listed)
    assert bank.new(known) == found

    # --- enrolled after what is in force ------------------------------------------------------------------------------
    known = bank.entries()
    bank.bring("households", write_csv(tmp_path / "h.csv", [_member(CHEN), _member(WANG)], Households.columns))
    assert (wang, "MB1", 5, False) in bank.new(known)

    # --- the village, and the end of the listing ----------------------------------------------------------------------
    bank.confirm()
    told = _told(bank)
    assert set(told) >= {chen, wang}
    assert told[chen][1] is False
    assert {row["category"] for row in told[chen][2]} == {"VETO"}
    known = bank.entries()
    left = ["失信被执行人", CHEN.name, "居民身份证", CHEN.number, ENFORCED, "2026-03-01", "履行完毕"]
    bank.bring("removals", write_csv(tmp_path / "r.csv", [left], Removals.columns))
    assert bank.new(known) == [(chen, "MV3", 0, True)]


def _item(subject: Subject, number: str, code: str, points: int, **changes: str) -> list[str]:
    """A line of `deductions`, published on the first of March."""
    case, role = (TRIED, "被告") if subject is WANG else (ENFORCED, "被执行人")
    line = {
        "案号": case, "经办法院": "余姚市人民法院", "姓名或名称": subject.name, "证件类型": "居民身份证",
        "证件号码": subject.number, "诉讼地位": role, "行为代码": code, "扣分": str(points), "行为日期": "2026-01-10",
        "认定日期": "2026-02-10", "认定文书种类": "庭审笔录", "认定文书号": number, "发布日期": "2026-03-01",
        "公示期满日": "", "状态": "已公示", "结束日期": "", "结束原因": "",
    }  # fmt: skip
    return list((line | changes).values())


GROUNDS = {"全部履行": 2, "达成和解并按约履行": 2, "积极配合执行": 2, "具结悔过": 1, "退赃退赔": 1}
"""Reasons of ends, and what each gives back of the points of `CHARGED`."""


def test_deductions_and_their_repairs_by_file(bank: MoralBank, tmp_path: Path) -> None:
    chen, wang = HOUSES.values()
    bank.bring("households", write_csv(tmp_path / "h.csv", [_member(CHEN), _member(WANG)], Households.columns))
    known = bank.entries()
    items = [_item(CHEN, f"笔录{code}", code, points) for code, _, points in CHARGED]
    lines = [*items, _item(WANG, "笔录T07", "T07", 3)]
    bank.bring("deductions", write_csv(tmp_path / "d.csv", lines, Deductions.columns))
    taken = [(chen, item, -points, False) for _, item, points in CHARGED] + [(wang, "MD2", -3, False)]
    assert sorted(bank.new(known)) == sorted(taken)

    # --- corrected, and repaired --------------------------------------------------------------------------------------
    known = bank.entries()
    bank.bring("deductions", write_csv(tmp_path / "d.csv", [_item(WANG, "笔录T07", "T07", 4)], Deductions.columns))
    assert bank.new(known) == [(wang, "MD2", 3, True), (wang, "MD2", -4, False)]
    for _ in range(4):
        bank.next_month()
    known = bank.entries()
    ended = bank.chambers.calendar.moment.date().isoformat()
    repaired = [_shielded(item, ended, ground) for item, ground in zip(items, GROUNDS, strict=True)]
    back = [(chen, f"MR{place}", points, False) for place, points in enumerate(GROUNDS.values(), 1)]
    for _ in range(2):  # the same file again changes nothing
        bank.bring("deductions", write_csv(tmp_path / "r.csv", repaired, Deductions.columns))
        assert sorted(bank.new(known)) == back
    token = bank.officer(StaffRole.CENTRE)
    shown = bank.chambers.data(token, REPAIRS)["repairs"]["nodes"]
    brought = [row for row in shown if row["reasons"] in GROUNDS]
    assert sorted((row["ground"], row["outcome"], row["reasons"]) for row in brought) == sorted(
        (ground, "SHIELDED", text) for ground, text in zip(FIVE, GROUNDS, strict=True)
    )


def test_thirteen_items_by_file(bank: MoralBank, tmp_path: Path) -> None:
    """A villager and her neighbour: enrolled, charged, fined, convicted, listed, certified, settled, repaired."""
    known = bank.entries()

    def bring(format: str, *rows: list[str]) -> None:
        bank.bring(format, write_csv(tmp_path / "f.csv", rows, FORMATS[format].columns))

    bring("households", _member(CHEN), _member(WANG))
    items = [_item(CHEN, f"笔录十三{code}", code, points) for code, _, points in CHARGED]
    bring("deductions", *items, _item(WANG, "笔录十三T07", "T07", 3))
    fine = ["(2026)浙0281司惩27号", ENFORCED, CHEN.name, CHEN.number, "罚款", "2000", "", "2026-02-20", "2026-02-20"]
    bring("sanctions", fine)
    who = [CHEN.name, "居民身份证", CHEN.number]
    bring("convictions", [CONVICTION, "余姚市人民法院", *who, "拒执罪", "", "2026-01-10", "2026-01-21", "", "", ""])
    listed = LISTED | {"iname": CHEN.name, "cardNum": CHEN.number, "publishDate": "20260305"}
    bank.bring("shixin", _json_lines(tmp_path / "l.jsonl", listed))
    bring("certificates", ["甬履27", TRIED, WANG.name, WANG.number, "2026-02-20", "2026-02-20"])
    bring("settlements", [TRIED, WANG.name, "居民身份证", WANG.number, "和解协议二十七", "2026-02-20"])
    ended = bank.chambers.calendar.moment.date().isoformat()
    bring("deductions", *(_shielded(item, ended, ground) for item, ground in zip(items, GROUNDS, strict=True)))
    assert {item for _, item, _, reverses in bank.new(known) if not reverses} == THIRTEEN


CONVICTION = "(2026)浙0281刑初27号"
THIRTEEN = {"MB1", "MB2", "MD1", "MD2", "MD3", "MV1", "MV2", "MV3", "MR1", "MR2", "MR3", "MR4", "MR5"}


def _shielded(item: list[str], ended: str, ground: str) -> list[str]:
    return [*item[:-3], "已屏蔽", ended, ground]


def _json_lines(path: Path, *entries: dict[str, str]) -> Path:
    path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries))
    return path


REPAIRS = "{ repairs(first: 50) { nodes { ground outcome reasons } } }"


def test_settlements_by_file(bank: MoralBank, tmp_path: Path) -> None:
    _, wang = HOUSES.values()
    bank.bring("households", write_csv(tmp_path / "h.csv", [_member(WANG)], Households.columns))
    known = bank.entries()
    line = [TRIED, WANG.name, "居民身份证", WANG.number, "(2025)浙0281民初13号和解协议", "2026-02-20"]
    for _ in range(2):
        bank.bring("settlements", write_csv(tmp_path / "s.csv", [line], Settlements.columns))
        assert bank.new(known) == [(wang, "MB2", 3, False)]
    columns = (*Settlements.columns, *Settlements.optional)
    bank.bring("settlements", write_csv(tmp_path / "s.csv", [[*line, "2026-02-25"]], columns))
    assert bank.new(known) == [(wang, "MB2", 3, False), (wang, "MB2", -3, True)]
    bank.bring("settlements", write_csv(tmp_path / "s.csv", [line], Settlements.columns))
    assert len(bank.new(known)) == 2  # what was revoked stays so


def test_a_file_revokes_a_fine_and_what_is_founded_on_it(bank: MoralBank, tmp_path: Path) -> None:
    chen, _ = HOUSES.values()
    bank.bring("households", write_csv(tmp_path / "h.csv", [_member(CHEN)], Households.columns))
    known, number = bank.entries(), "(2026)浙0281司惩17号"
    fine = [number, ENFORCED, CHEN.name, CHEN.number, "罚款", "2000", "", "2026-02-20", "2026-02-20"]
    bank.bring("sanctions", write_csv(tmp_path / "s.csv", [fine], Sanctions.columns))
    founded = _item(CHEN, number, "E08", 7, 认定文书种类="罚款决定书")
    bank.bring("deductions", write_csv(tmp_path / "d.csv", [founded], Deductions.columns))
    arisen = [(chen, "MV2", 0, False), (chen, "MD3", -7, False)]
    assert bank.new(known) == arisen
    columns = (*Sanctions.columns, *Sanctions.optional)
    revoked = write_csv(tmp_path / "r.csv", [[*fine, "2026-03-01"]], columns)
    for _ in range(2):
        bank.bring("sanctions", revoked)
        assert sorted(bank.new(known)[2:]) == [(chen, "MD3", 7, True), (chen, "MV2", 0, True)]
    again = write_csv(tmp_path / "d.csv", [founded], Deductions.columns)
    bank.bring("sanctions", write_csv(tmp_path / "s.csv", [fine], Sanctions.columns))
    bank.bring("deductions", again)
    assert len(bank.new(known)) == 4


LISTED = {
    "partyTypeName": "0", "courtName": "余姚市人民法院", "caseCode": ENFORCED, "gistId": "(2025)浙0281民初1号",
    "gistUnit": "余姚市人民法院", "regDate": "20260220", "publishDate": "20260221", "duty": "还款",
    "performance": "全部未履行", "disruptTypeName": "违反财产报告制度",
}  # fmt: skip


def _member(subject: Subject) -> list[str]:
    who = [subject.name, "居民身份证", subject.number, "户主"]
    return [HOUSES[subject.name], VILLAGE, *who, "授2026-1", "2026-02-01", "2026-02-01", ""]


def _told(bank: MoralBank) -> Any:
    """What the village reads."""
    found = bank.chambers.data(bank.chambers.partner(Audience.VILLAGE), TOLD)["householdStandings"]["nodes"]
    return {row["householdKey"]: (row["points"], row["eligible"], row["notices"]["nodes"]) for row in found}


def test_a_repair_gives_back_no_more_than_what_an_amended_item_takes(bank: MoralBank, tmp_path: Path) -> None:
    chen, _ = HOUSES.values()
    bank.bring("households", write_csv(tmp_path / "h.csv", [_member(CHEN)], Households.columns))
    item = _item(CHEN, "笔录更正", "E13", 5)
    ended = bank.chambers.calendar.moment.date().isoformat()
    known = bank.entries()
    for points in ("5", "3"):
        changed = [*item[:7], points, *item[8:]]
        for line in (changed, _shielded(changed, ended, "全部履行")):
            bank.bring("deductions", write_csv(tmp_path / "d.csv", [line], Deductions.columns))
    arisen = bank.new(known)
    assert sum(points for _, _, points, _ in arisen) == 0
    assert [one for one in arisen if not one[3]] == [
        (chen, "MD3", -5, False),
        (chen, "MR1", 5, False),
        (chen, "MD3", -3, False),
        (chen, "MR1", 3, False),
    ]


ROOTS = {
    "pointConversions(first: 1) { totalCount }": {Audience.MORAL_BANK},
    "villageNotices(first: 1) { totalCount }": {Audience.VILLAGE},
    "householdStandings(first: 1) { totalCount }": {Audience.MORAL_BANK, Audience.VILLAGE},
}


@pytest.mark.parametrize("audience", list(Audience))
def test_what_is_the_moral_bank_s_is_no_one_else_s(bank: MoralBank, audience: Audience) -> None:
    for asked, readers in ROOTS.items():
        answer = bank.chambers.post(bank.chambers.partner(audience), f"{{ {asked} }}").json()
        codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
        assert codes == (set() if audience in readers else {"INVALID_DOCUMENT"})
