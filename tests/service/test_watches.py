"""Watches: a bank is told that something changed for a customer, and of whom by its own reference (DOMAIN 4, R10)."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from import_files import line, write_csv
from play import ENFORCED, ENFORCED_TOO, JUDGMENT, RECORD, RULING, TRIED, Courts, night
from stdnum.cn import uscc
from watching import consent, end_consents, key
from world import KEYRING

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, LIN, STRANGER, WANG, ZHAO, Subject
from ingest.importing import import_file
from models.court import StaffRole
from postgres import database

BANK, COMMERCE, EMPLOYER, PORTAL = Audience.BANK, Audience.COMMERCE, Audience.EMPLOYER, Audience.LITIGANT_PORTAL
LINE = "reference outcome replaced watch { reference kind live }"
EVENTS = """query($after: String) { events(first: 100, after: $after) {
  nodes { kind reference } pageInfo { endCursor } } }"""


@pytest.fixture
def courts(chambers: Chambers) -> Courts:
    """Two courts, and every night's work done; the bank may watch Chen, Lin and whom no court knows."""
    with chambers.engine.begin() as connection:
        ended = "UPDATE watch SET ended_at = created_at, name = NULL, folded = NULL WHERE ended_at IS NULL"
        connection.execute(sa.text(ended))
        connection.execute(
            sa.text("UPDATE consent SET revoked_at = valid_from WHERE 'POST_LOAN_MONITORING' = ANY(purposes)")
        )
    for subject in (CHEN, LIN, STRANGER):
        consent(chambers, subject)
    night(chambers)
    return Courts(chambers)


def watch(chambers: Chambers, *subjects: dict[str, str], shows: str = LINE) -> Any:
    return chambers.done(chambers.partner(BANK), "watch", shows, subjects=list(subjects))


def told(chambers: Chambers, after: str | None = None, who: Audience = BANK) -> list[tuple[str, str]]:
    """What happened to whom, since a place in the events."""
    nodes = chambers.data(chambers.partner(who), EVENTS, {"after": after})["events"]["nodes"]
    return [(row["kind"], row["reference"]) for row in nodes]


def place(chambers: Chambers, who: Audience = BANK) -> str | None:
    """The cursor after the last event."""
    after: str | None = None
    while True:
        found = chambers.data(chambers.partner(who), EVENTS, {"after": after})["events"]["pageInfo"]["endCursor"]
        if found is None:
            return after
        after = found


# --- orders -----------------------------------------------------------------------------------------------------------


def test_each_subject_has_its_outcome(chambers: Chambers, courts: Courts) -> None:
    lines = watch(
        chambers,
        key(CHEN, "A"),
        key(FORGE, "B"),
        key(STRANGER, "C"),
        key(ZHAO, "D"),
        key(LIN, "E") | {"name": "林某"},
        {"name": "无号", "reference": "F"},
        {"name": "两号", "idNumber": CHEN.number, "organizationCode": FORGE.number, "reference": "G"},
        {"name": "错号", "idNumber": "1", "reference": "H"},
    )
    assert [(line["reference"], line["outcome"], line["watch"]) for line in lines] == [
        ("A", "WATCHED", {"reference": "A", "kind": "PERSON", "live": True}),
        ("B", "WATCHED", {"reference": "B", "kind": "ORGANIZATION", "live": True}),
        ("C", "WATCHED", {"reference": "C", "kind": "PERSON", "live": True}),
        ("D", "CONSENT_REQUIRED", None),
        ("E", "WATCHED", {"reference": "E", "kind": "PERSON", "live": True}),  # like a person whom no court knows
        ("F", "INVALID_NUMBER", None),
        ("G", "INVALID_NUMBER", None),
        ("H", "INVALID_NUMBER", None),
    ]


def test_each_subject_has_its_entry_in_the_log(chambers: Chambers, courts: Courts) -> None:
    misnamed = key(LIN, "E") | {"name": "林某"}
    watch(chambers, key(CHEN, "A"), key(ZHAO, "D"), misnamed, {"name": "错号", "idNumber": "1", "reference": "H"})
    asked = sa.text(
        "SELECT reference, result, party_id IS NOT NULL, subject_index FROM access_record"
        " WHERE field = 'watch' AND request_id = (SELECT request_id FROM access_record ORDER BY id DESC LIMIT 1)"
        " ORDER BY reference"
    )
    with chambers.engine.connect() as connection:
        entries = [tuple(row) for row in connection.execute(asked)]
    assert entries == [
        ("A", "GIVEN", True, KEYRING.index(CHEN.number)),
        ("D", "CONSENT_REQUIRED", False, KEYRING.index(ZHAO.number)),
        ("E", "NAME_MISMATCH", False, KEYRING.index(LIN.number)),
        ("H", "INVALID_NUMBER", False, None),
    ]


def test_a_watch_is_given_another_reference_and_stays_one(chambers: Chambers, courts: Courts) -> None:
    lines = [line for reference in "AABB" for line in watch(chambers, key(CHEN, reference))]
    assert [(line["outcome"], line["replaced"]) for line in lines] == [
        ("WATCHED", None),
        ("WATCHED", None),
        ("WATCHED", "A"),
        ("WATCHED", None),
    ]
    asked = "{ watches(first: 9, filter: { open: true }) { totalCount nodes { reference } } }"
    assert chambers.data(chambers.partner(BANK), asked)["watches"] == {"totalCount": 1, "nodes": [{"reference": "B"}]}


def test_one_subject_twice_in_one_order(chambers: Chambers, courts: Courts) -> None:
    """Each line has the reference that it replaced: the last one counts."""
    watch(chambers, key(CHEN, "X"))
    lines = watch(chambers, key(CHEN, "A"), key(FORGE, "F"), key(CHEN, "B"), key(CHEN, "B"), key(ZHAO, "Z"))
    assert [(line["reference"], line["outcome"], line["replaced"]) for line in lines] == [
        ("A", "WATCHED", "X"),
        ("F", "WATCHED", None),
        ("B", "WATCHED", "A"),
        ("B", "WATCHED", None),
        ("Z", "CONSENT_REQUIRED", None),
    ]
    assert [lines[place]["watch"]["reference"] for place in (0, 2, 3)] == ["B"] * 3


def test_a_watch_that_ended_is_not_replaced(chambers: Chambers, courts: Courts) -> None:
    watch(chambers, key(CHEN, "A"))
    ended = chambers.done(chambers.partner(BANK), "unwatch", "outcome replaced", references=["A"])
    assert ended == [{"outcome": "UNWATCHED", "replaced": None}]
    assert [line["replaced"] for line in watch(chambers, key(CHEN, "B"))] == [None]


def test_a_repeated_order_is_answered_alike(chambers: Chambers, courts: Courts) -> None:
    given = {"subjects": [key(CHEN, "A"), key(ZHAO, "D")]}
    first, again = (chambers.mutate(chambers.partner(BANK), "watch", LINE, "order-1", **given) for _ in range(2))
    assert first == again
    assert [line["outcome"] for line in first["lines"]] == ["WATCHED", "CONSENT_REQUIRED"]


@pytest.mark.parametrize(
    ("subjects", "code", "path"),
    [
        ([], "BAD_EXTENT", ["input", "subjects"]),
        ([key(FORGE, f"R-{n}") for n in range(501)], "BAD_EXTENT", ["input", "subjects"]),
        ([key(FORGE, "A"), key(CHEN, CHEN.number)], "BAD_TEXT", ["input", "subjects", "1", "reference"]),
        ([key(FORGE, " ")], "BAD_TEXT", ["input", "subjects", "0", "reference"]),
        ([key(FORGE, "A") | {"name": " "}], "BAD_TEXT", ["input", "subjects", "0", "name"]),
    ],
)
def test_an_order_that_cannot_be_is_refused_whole(
    chambers: Chambers, courts: Courts, subjects: list[dict[str, str]], code: str, path: list[str]
) -> None:
    error = chambers.refused(chambers.partner(BANK), "watch", "outcome", subjects=subjects)
    assert (error["code"], error["path"]) == (code, path)
    asked = "{ watches(first: 1, filter: { open: true }) { totalCount } }"
    assert chambers.data(chambers.partner(BANK), asked)["watches"]["totalCount"] == 0


def test_five_hundred_are_watched_by_one_order(chambers: Chambers, courts: Courts) -> None:
    """As many as fit into a body of 64 KiB."""
    bodies = [f"91330281{n:09d}" for n in range(500)]
    numbers = [body + uscc.calc_check_digit(body) for body in bodies]
    given = [{"name": "余姚市某某公司", "organizationCode": n, "reference": f"KH-{n[8:]}"} for n in numbers]
    lines = watch(chambers, *given, shows="outcome")
    assert [line["outcome"] for line in lines] == ["WATCHED"] * 500
    ended = chambers.done(chambers.partner(BANK), "unwatch", "outcome", references=[one["reference"] for one in given])
    assert [line["outcome"] for line in ended] == ["UNWATCHED"] * 500


def test_a_watch_that_ended_forgets_the_name(chambers: Chambers, courts: Courts) -> None:
    watch(chambers, key(STRANGER, "A"))
    lines = chambers.done(chambers.partner(BANK), "unwatch", "reference outcome", references=["A", "B", "A"])
    assert lines == [{"reference": "A", "outcome": "UNWATCHED"}, {"reference": "B", "outcome": "NOT_WATCHED"}]
    with chambers.engine.connect() as connection:
        names = connection.execute(sa.text("SELECT count(*) FROM watch WHERE name = :name"), {"name": STRANGER.name})
        assert names.scalar_one() == 0


# --- what is told -----------------------------------------------------------------------------------------------------


def test_what_happens_to_who_is_watched_is_told_from_then_on(chambers: Chambers, courts: Courts) -> None:
    start = place(chambers)
    courts.published((ENFORCED, CHEN, "E01", 2, RECORD))
    assert told(chambers, start) == []
    watch(chambers, key(CHEN, "KH-1"), key(FORGE, "KH-2"))
    assert told(chambers, start) == []
    courts.published((ENFORCED, CHEN, "E02", 6, RULING), (ENFORCED_TOO, LIN, "E01", 2, RECORD))
    assert told(chambers, start) == [("ENTRY_PUBLISHED", "KH-1"), ("COLOUR_CHANGED", "KH-1")]
    assert told(chambers, None, COMMERCE) == []
    assert told(chambers, None, EMPLOYER) == []


def test_a_customer_that_a_court_comes_to_know_is_watched_already(
    chambers: Chambers, courts: Courts, tmp_path: Any
) -> None:
    start = place(chambers)
    watch(chambers, key(STRANGER, "KH-9"))
    row = line(
        诉讼地位="被执行人",
        姓名或名称=STRANGER.name,
        证件号码=STRANGER.number,
        案号="(2026)浙0281执99号",
        结案日期="",
        立案日期="2026-01-05",
    )
    asyncio.run(_import(chambers.url, write_csv(tmp_path / "more.csv", [row])))
    courts.published(("(2026)浙0281执99号", STRANGER, "E02", 6, RULING))
    assert told(chambers, start) == [("ENTRY_PUBLISHED", "KH-9"), ("COLOUR_CHANGED", "KH-9")]


async def _import(url: sa.URL, file: Any) -> None:
    engine = database.make_async_engine(url, pool_size=2, statement_timeout=30)
    report = await import_file(engine, "cases", file, keyring=KEYRING)
    assert not report.rejected
    await engine.dispose()


def test_a_namesake_is_another(chambers: Chambers, courts: Courts) -> None:
    """Whoever is watched by number, and turns out to have another name, is not told of (R17)."""
    watch(chambers, key(LIN, "KH-3"))
    with chambers.engine.begin() as connection:
        connection.execute(sa.text("UPDATE watch SET folded = '林别人' WHERE reference = 'KH-3' AND ended_at IS NULL"))
    start = place(chambers)
    courts.published((ENFORCED_TOO, LIN, "E01", 1, RECORD))
    assert told(chambers, start) == []


def test_a_person_s_number_given_as_a_code_is_nobody_s(chambers: Chambers, courts: Courts) -> None:
    """Codes need no consent; a person is neither found by one, nor told of (R15, R17, R20)."""
    start = place(chambers)
    disguised = [{"name": name, "organizationCode": CHEN.number, "reference": "X"} for name in (CHEN.name, "别人")]
    outcomes = [watch(chambers, one)[0]["outcome"] for one in disguised]
    assert len(set(outcomes)) == 1
    watch(chambers, disguised[0])
    courts.published((ENFORCED, CHEN, "E02", 6, RULING))
    assert told(chambers, start) == []
    loan = disguised[0] | {"amount": "1.00", "grantedOn": chambers.calendar.moment.date().isoformat()}
    error = chambers.refused(chambers.partner(BANK), "recordIncentiveLoan", "id", **loan)
    assert error["code"] == "NOT_FOUND"


def test_a_watching_bank_is_told_by_the_reference_of_its_watch(chambers: Chambers, courts: Courts) -> None:
    """Also of what has vanished, though its last look-up named none."""
    watch(chambers, key(CHEN, "KH-7"))
    allow = sa.text("UPDATE consent SET purposes = array_append(purposes, 'LOAN_APPROVAL') WHERE subject_index = :chen")
    with chambers.engine.begin() as connection:
        connection.execute(allow, {"chen": KEYRING.index(CHEN.number)})
    (item,) = courts.published((ENFORCED, CHEN, "E01", 1, RECORD))
    by = {name: value for name, value in key(CHEN, "").items() if name != "reference"}
    chambers.data(chambers.partner(BANK), LOOK_UP, {"by": by, "access": {"purpose": "LOAN_APPROVAL"}})
    start = place(chambers)
    withdraw(chambers, courts, item, CHEN)
    assert ("ENTRY_WITHDRAWN", "KH-7") in told(chambers, start)


def test_a_revoked_consent_silences_a_watch_at_once(chambers: Chambers, courts: Courts) -> None:
    watch(chambers, key(CHEN, "KH-1"))
    start = place(chambers)
    courts.published((ENFORCED, CHEN, "E01", 1, RECORD))
    assert told(chambers, start) == [("ENTRY_PUBLISHED", "KH-1")]
    end_consents(chambers, CHEN)
    assert told(chambers, start) == [("CONSENT_REVOKED", "KH-1")]
    courts.published((ENFORCED, CHEN, "E05", 6, RULING))
    assert told(chambers, start) == [("CONSENT_REVOKED", "KH-1")]
    asked = '{ watches(first: 9, filter: { reference: "KH-1", open: true }) { nodes { live } } }'
    assert chambers.data(chambers.partner(BANK), asked)["watches"]["nodes"] == [{"live": False}]


# --- what has vanished (R10) ------------------------------------------------------------------------------------------

LOOK_UP = """query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) {
  outcome party { ... on Person { deductions(first: 9) { totalCount } } } } }"""


def look(chambers: Chambers, who: Audience, subject: Subject, purpose: str, reference: str) -> None:
    found = chambers.data(
        chambers.partner(who), LOOK_UP, {"by": key(subject, reference), "access": {"purpose": purpose}}
    )
    assert found["subject"]["outcome"] == "MATCHED"


def withdraw(chambers: Chambers, courts: Courts, item: str, subject: Subject) -> None:
    """An objection, upheld: the item has never been."""
    objection = courts.ask(subject, "fileObjection", deductionId=item, statement="不属实。")
    given = {"id": objection, "outcome": "WITHDRAWN", "reason": "异议成立。"}
    chambers.done(chambers.officer(StaffRole.PANEL, 1), "answerObjection", "id", **given)


def test_who_was_served_what_vanishes_is_told_and_nobody_else(chambers: Chambers, courts: Courts) -> None:
    starts = {who: place(chambers, who) for who in (BANK, COMMERCE, EMPLOYER)}
    look(chambers, BANK, WANG, "LOAN_APPROVAL", "EARLY")
    (item,) = courts.published((TRIED, WANG, "T02", 6, JUDGMENT), role="DEFENDANT")
    withdraw(chambers, courts, item, WANG)
    assert told(chambers, starts[BANK]) == [], "it asked before there was anything"
    (item,) = courts.published((TRIED, WANG, "T03", 6, JUDGMENT), role="DEFENDANT")
    look(chambers, BANK, WANG, "LOAN_APPROVAL", "LATE")
    with chambers.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE consent SET revoked_at = now() - interval '1 year' WHERE revoked_at IS NULL")
        )
    withdraw(chambers, courts, item, WANG)
    assert told(chambers, starts[BANK]) == [("ENTRY_WITHDRAWN", "LATE")]
    assert told(chambers, starts[COMMERCE], COMMERCE) == []
    assert told(chambers, starts[EMPLOYER], EMPLOYER) == []
