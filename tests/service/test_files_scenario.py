"""A bank watches two companies and two persons, and a court's files come: who sees what after each, and who is told.

Every step is a file of documented columns; what nobody sees changed stays as it was (R22, R23, R25).
"""

import asyncio
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from chambers import Chambers
from file_views import bank, snapshot
from import_files import LINE
from play import night
from receiver import Receiver, receiving
from test_webhooks import Post
from watching import consent
from world import KEYRING

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, LIN, Subject
from ingest.importing import FORMATS, JSON_LINES, import_file
from ingest.report import Summary
from models.court import StaffRole
from postgres import database

STEEL = Subject("STEEL", "余姚市测旧名电器有限公司", "91330281MA2AF0QN18")
RENAMED = Subject("RENAMED", "余姚市测新名智能科技有限公司", STEEL.number)
FORMER = Subject("FORMER", "林旧名", LIN.number)
WATCHED = {one.key: one for one in (CHEN, LIN, FORGE, STEEL)}
ENFORCED, ENFORCED_TOO, FINED = "(2026)浙0281执11号", "(2026)浙0281执12号", "(2026)浙0281司惩31号"
CONFLICTS = "{ identityConflicts(first: 9) { nodes { id name state holder { name } } } }"
AUDIT = "{ accessRecords(first: 1) { totalCount } }"


def case(**changes: str) -> dict[str, str]:
    company = {"当事人类型": "法人", "姓名或名称": STEEL.name, "证件类型": "统一社会信用代码", "证件号码": STEEL.number}
    return LINE | company | {"案号": "(2026)浙0281民初21号", "立案日期": "2026-01-08", "结案日期": ""} | changes


def listing(subject: Subject, number: str, published: str, performance: str = "全部未履行") -> dict[str, str]:
    """An entry of the national list."""
    return {
        "iname": subject.name,
        "cardNum": subject.number,
        "partyTypeName": "0",
        "courtName": "余姚市人民法院",
        "caseCode": number,
        "gistId": "(2025)浙0281民初88号",
        "gistUnit": "余姚市人民法院",
        "regDate": "2026年01月05日",
        "publishDate": published,
        "duty": "支付借款",
        "performance": performance,
        "disruptTypeName": "有履行能力而拒不履行生效法律文书确定义务",
    }


def fine(amount: str) -> dict[str, str]:
    whom = {"决定书案号": FINED, "关联案号": "(2026)浙0281民初77号", "被处罚人": FORGE.name, "证件号码": FORGE.number}
    what = {"处罚种类": "罚款", "金额或期限": amount, "行为代码": "T01"}
    return whom | what | {"决定日期": "2026-03-05", "生效日期": "2026-03-06"}


REMOVAL = {
    "名单": "失信被执行人",
    "姓名或名称": CHEN.name,
    "证件类型": "居民身份证",
    "证件号码": CHEN.number,
    "案号": ENFORCED,
    "退出日期": "2026-03-14",
    "退出原因": "履行完毕",
}
CONVICTION = {
    "判决书号": "(2026)浙0281刑初51号",
    "判决法院": "余姚市人民法院",
    "姓名或名称": LIN.name,
    "证件类型": "居民身份证",
    "证件号码": LIN.number,
    "罪名": "拒不执行判决、裁定罪",
    "行为日期": "2025-11-02",
    "判决日期": "2026-03-01",
    "生效日期": "2026-03-12",
    "刑期起": "2026-03-12",
    "刑期止": "2026-09-11",
    "相关案号": ENFORCED_TOO,
}
CERTIFICATE = {
    "证明书编号": "自动履行21号",
    "案号": "(2026)浙0281民初21号",
    "义务人": STEEL.name,
    "证件号码": STEEL.number,
    "履行完毕日期": "2026-03-10",
    "出具日期": "2026-03-11",
}


@dataclass(frozen=True)
class Step:
    """A file of one line, and what follows from it.

    sees: the views that differ from then on. told: what the bank's webhook is sent, each once. counts: rows that are
    new, changed, held by a conflict.
    """

    name: str
    day: date
    format: str
    line: Mapping[str, str]
    sees: Mapping[str, Any] = field(default_factory=dict)
    told: Sequence[tuple[str, str]] = ()
    counts: tuple[int, int, int] = (1, 0, 0)


def seen(name: str, colour: str, *shown: str, own: Sequence[str] | None = None) -> dict[str, Any]:
    """What the bank, the court and the subject itself see of a subject; `own`: what it alone sees, as it has ended."""
    mine = list(shown if own is None else own)
    return {f"bank {name}": (colour, [*shown]), f"litigant {name}": (colour, mine), f"court {name}": [colour]}


VETO, LIFTED = ("MV3", 0, "COURT_ASSESSED"), ("MV3", 0, "COURT_ASSESSED")
FIRST, SECOND = "2026-03-03", "2026-03-13"
RED_FORGE = (FORGE.name, "RED", "PUBLISHED")
MARCH = {day: date(2026, 3, day) for day in range(3, 31)}

STEPS = [
    Step(
        "a listing",
        MARCH[3],
        "shixin",
        listing(CHEN, ENFORCED, "2026年03月03日"),
        seen("CHEN", "YELLOW Y18", FIRST) | {"public": [("陈某某", FIRST)], "moral bank": [VETO]},
        [("LIST_ADDED", "KH-CHEN"), ("COLOUR_CHANGED", "KH-CHEN")],
    ),
    Step("the same again", MARCH[4], "shixin", listing(CHEN, ENFORCED, "2026年03月03日"), counts=(0, 0, 0)),
    Step(
        "its performance",
        MARCH[5],
        "shixin",
        listing(CHEN, ENFORCED, "2026年03月03日", "全部已履行"),
        seen("CHEN", "GREEN", own=[FIRST]) | {"public": [], "moral bank": [VETO, LIFTED]},
        [("LIST_REMOVED", "KH-CHEN"), ("COLOUR_CHANGED", "KH-CHEN")],
        counts=(0, 1, 0),
    ),
    Step(
        "a fine",
        MARCH[7],
        "sanctions",
        fine("20000"),
        seen("FORGE", "RED R03", "FINE 20000.00") | {"platform": [RED_FORGE]},
        [("ENTRY_PUBLISHED", "KH-FORGE"), ("COLOUR_CHANGED", "KH-FORGE")],
    ),
    Step(
        "its correction",
        MARCH[9],
        "sanctions",
        fine("2000"),
        seen("FORGE", "RED R03", "FINE 2000.00"),
        [("ENTRY_AMENDED", "KH-FORGE")],
        counts=(0, 1, 0),
    ),
    Step(
        "a conviction",
        MARCH[12],
        "convictions",
        CONVICTION,
        seen("LIN", "RED R04", "CONVICTION")
        | {"platform": [RED_FORGE, ("林某某", "RED", "PUBLISHED")]}
        | {"moral bank": [("MV1", 0, "COURT_ASSESSED"), VETO, LIFTED]},
        [("ENTRY_PUBLISHED", "KH-LIN"), ("COLOUR_CHANGED", "KH-LIN")],
    ),
    Step(
        "a second listing in the same case",
        MARCH[13],
        "shixin",
        listing(CHEN, ENFORCED, "2026年03月13日"),
        seen("CHEN", "YELLOW Y18", SECOND, own=[SECOND, FIRST])
        | {"public": [("陈某某", SECOND)]}
        | {"moral bank": [("MV1", 0, "COURT_ASSESSED"), VETO, VETO, LIFTED]},
        [("LIST_ADDED", "KH-CHEN"), ("COLOUR_CHANGED", "KH-CHEN")],
    ),
    Step(
        "its removal",
        MARCH[14],
        "removals",
        REMOVAL,
        seen("CHEN", "GREEN", own=[SECOND, FIRST])
        | {"public": []}
        | {"moral bank": [("MV1", 0, "COURT_ASSESSED"), VETO, VETO, LIFTED, LIFTED]},
        [("LIST_REMOVED", "KH-CHEN"), ("COLOUR_CHANGED", "KH-CHEN")],
    ),
    Step(
        "a certificate",
        MARCH[15],
        "certificates",
        CERTIFICATE,
        seen("STEEL", "GOLD A01", "自动履行21号")
        | {"platform": [(STEEL.name, "GOLD", "PUBLISHED"), RED_FORGE, ("林某某", "RED", "PUBLISHED")]},
        [("CERTIFICATE_ISSUED", "KH-STEEL"), ("COLOUR_CHANGED", "KH-STEEL")],
    ),
]
"""Before any name changes."""

IN_MARCH = [(RENAMED.name, "2026-03-17")]
NEW_NAMES = [
    Step(
        "a renaming",
        MARCH[16],
        "cases",
        case(案号="(2026)浙0281民初22号", 姓名或名称=RENAMED.name, 立案日期="2026-03-12"),
        {"platform": [(RENAMED.name, "GOLD", "PUBLISHED"), RED_FORGE, ("林某某", "RED", "PUBLISHED")]},
    ),
    Step(
        "a listing under the new name",
        MARCH[17],
        "shixin",
        listing(RENAMED, "(2026)浙0281执22号", "2026年03月17日") | {"partyTypeName": "1"},
        seen("STEEL", "YELLOW A01 Y18", "2026-03-17", "自动履行21号") | {"public": IN_MARCH},
        [("LIST_ADDED", "KH-STEEL"), ("COLOUR_CHANGED", "KH-STEEL")],
    ),
]
CONFLICT = Step(
    "a conflict",
    MARCH[18],
    "shixin",
    listing(FORMER, ENFORCED_TOO, "2026年03月18日"),
    {"public": IN_MARCH},
    counts=(0, 0, 1),
)
RESOLVED = seen("LIN", "RED R04 Y18", "2026-03-18", "CONVICTION") | {
    "public": [*IN_MARCH, ("林某某", "2026-03-18")],
    "moral bank": [("MV1", 0, "COURT_ASSESSED"), *[VETO] * 3, *[LIFTED] * 2],
}


class Scenario:
    """The court's files, and what everybody must see by now."""

    def __init__(self, post: Post, receiver: Receiver, directory: Path) -> None:
        self.post, self.chambers, self.receiver, self.directory = post, post.chambers, receiver, directory
        self.expected: dict[str, Any] = {"public": [], "moral bank": [], "platform": []}
        for name in WATCHED:
            self.expected |= seen(name, "GREEN")
        self.subjects, self.taken, self.looks = dict(WATCHED), 0, 0

    def take(self, step: Step) -> None:
        """Import a file, and hold what everybody sees and is told against the step."""
        self.chambers.calendar.go_to(step.day)
        night(self.chambers)
        records = self.enter(step.format, step.line)
        assert records == step.counts, step.name
        self.see(step.name, step.sees)
        assert self.told() == sorted(step.told), step.name

    def enter(self, format: str, line: Mapping[str, str]) -> tuple[int, int, int]:
        """Import one line; gives how many rows it made, changed, and left waiting."""
        summary = asyncio.run(self._import(format, write(self.directory, format, line)))
        assert (summary.accepted, summary.rejected) == (1, {})
        return summary.records.new, summary.records.changed, summary.held

    async def _import(self, format: str, file: Path) -> Summary:
        engine = database.make_async_engine(self.chambers.url, pool_size=4, statement_timeout=30)
        summary = await import_file(engine, format, file, keyring=KEYRING, now=self.chambers.calendar)
        await engine.dispose()
        return summary

    def see(self, name: str, changes: Mapping[str, Any]) -> None:
        """Everybody sees what they saw before, but for these. Each look is in the log that the auditor counts."""
        self.expected |= changes
        found = snapshot(self.chambers, self.subjects)
        differing = {view for view in found if found[view] != self.expected[view]}
        assert {view: found[view] for view in differing} == {view: self.expected[view] for view in differing}, name
        assert found.keys() == self.expected.keys()
        looks = self.chambers.data(self.chambers.partner(Audience.AUDITOR), AUDIT)["accessRecords"]["totalCount"]
        assert looks - self.looks >= len(found), name
        self.looks = looks

    def resolve(self, outcome: str) -> None:
        """The Centre says what the other name was, and the president confirms it."""
        centre, president = (self.chambers.officer(role) for role in (StaffRole.CENTRE, StaffRole.PRESIDENT))
        found = self.chambers.data(centre, CONFLICTS)["identityConflicts"]["nodes"]
        assert [(one["name"], one["state"], one["holder"]["name"]) for one in found] == [
            (FORMER.name, "OPEN", LIN.name)
        ]
        given = {"id": found[0]["id"], "outcome": outcome, "reason": "户籍证明。", "evidenceDigest": "0f" * 32}
        act = self.chambers.done(centre, "resolveIdentity", "id state", **given)
        assert act["state"] == "PROPOSED"
        decided = {"id": act["id"], "confirmed": True, "reason": "核实无误。"}
        assert self.chambers.done(president, "decideIdentityAct", "state", **decided) == {"state": "DONE"}

    def told(self) -> list[tuple[str, str]]:
        """What the webhook was sent since it was asked last."""
        self.post.send()
        new, self.taken = self.receiver.kinds()[self.taken :], len(self.receiver.received)
        assert len({one.id for one in self.receiver.received}) == self.taken, "each event once"
        return sorted(new)


def write(directory: Path, format: str, line: Mapping[str, str]) -> Path:
    """A file of one line, under the columns of its format."""
    columns = FORMATS[format].columns
    assert set(line) == set(columns)
    if format in JSON_LINES:
        (directory / "file").write_text(json.dumps(line, ensure_ascii=False) + "\n")
    else:
        with (directory / "file").open("w", newline="") as file:
            csv.writer(file).writerows([columns, [line[column] for column in columns]])
    return directory / "file"


@pytest.fixture
def scenario(chambers: Chambers, tmp_path: Path) -> Iterator[Scenario]:
    """The bank knows who it watches, and listens."""
    with receiving(Receiver()) as receiver:
        night(chambers)
        found = Scenario(Post(chambers), receiver, tmp_path)
        found.enter("cases", case())
        for person in (CHEN, LIN):
            consent(chambers, person)
        found.post.hook(receiver.url)
        found.post.watch(*WATCHED.values())
        yield found


def test_files_and_what_follows_from_them(scenario: Scenario) -> None:
    scenario.see("before", {})
    for step in STEPS:
        scenario.take(step)
    scenario.subjects["RENAMED"] = RENAMED
    for step in NEW_NAMES:
        scenario.expected |= renamed(scenario.expected)
        scenario.take(Step(**{**vars(step), "sees": {**step.sees, **renamed(step.sees)}}))
    scenario.take(CONFLICT)
    assert bank(scenario.chambers, FORMER) == "NOT_FOUND"
    scenario.resolve("FORMER_NAME")
    scenario.see("its resolution", RESOLVED)
    assert scenario.told() == [("LIST_ADDED", "KH-LIN")]


def renamed(views: Mapping[str, Any]) -> dict[str, Any]:
    """What is seen of the company under its new name: the same."""
    return {view.replace("STEEL", "RENAMED"): value for view, value in views.items() if "STEEL" in view}
