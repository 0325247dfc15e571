"""Clients whose look-ups of persons miss too often are braked, and courts and auditors see why (R20, R27)."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from world import KEYRING

from auth.audiences import Audience
from auth.clients.brakes import release_client
from casework.client_alarms import WINDOW
from demo.city.cast import CHEN, FORGE, LIN, STRANGER, Subject
from jobs.access_indexer import AccessIndexer
from jobs.oversight import Oversight, Vigilance
from models.court import StaffRole
from postgres import database
from schema.scalars import write_moment

BANK, AUDITOR = Audience.BANK, Audience.AUDITOR
MOST = 10
CHECK = """query($by: [SubjectKey!]!) { subjects(by: $by, access: { purpose: LOAN_APPROVAL }) { outcome } }"""
ALARMS = """{ clientAlarms(first: 10) { nodes {
  raisedAt since lookUps misses unknown brakedUntil liftedAt client { name } } } }"""


@pytest.fixture(autouse=True)
def consents(chambers: Chambers) -> Iterator[None]:
    """LIN has not consented to the bank; each test begins a day later, without a brake."""
    chambers.calendar.turn(days=1)
    hidden = sa.text(
        "UPDATE consent SET revoked_at = valid_from WHERE client_key = :client AND subject_index = :subject"
    )
    given = {"client": chambers.clients[BANK].primary_key, "subject": KEYRING.index(LIN.number)}
    with chambers.engine.begin() as connection:
        connection.execute(hidden, given)
    yield
    with chambers.engine.begin() as connection:
        release_client(connection, chambers.clients[BANK].client_id, now=chambers.calendar.moment)


def keys(*subjects: Subject, name: str | None = None) -> list[dict[str, str]]:
    number = {True: "organizationCode", False: "idNumber"}
    return [{"name": name or one.name, number[one.number.startswith("9")]: one.number} for one in subjects]


def check(chambers: Chambers, by: list[dict[str, str]]) -> Any:
    return chambers.post(chambers.partner(BANK), CHECK, {"by": by})


def outcomes(chambers: Chambers, by: list[dict[str, str]]) -> list[str]:
    return [row["outcome"] for row in check(chambers, by).json()["data"]["subjects"]]


def oversee(chambers: Chambers, misses: int = MOST) -> None:
    """What the worker does each second."""

    async def run() -> None:
        engine = database.make_async_engine(chambers.url, pool_size=2, statement_timeout=30)
        await AccessIndexer(engine=engine).start_due()
        limits = Vigilance(0, misses)
        await Oversight(engine=engine, keyring=KEYRING, limits=limits, now=chambers.calendar).start_due()
        await engine.dispose()

    asyncio.run(run())


def alarms(chambers: Chambers, who: str | None = None) -> list[Any]:
    found: list[Any] = chambers.data(who or chambers.partner(AUDITOR), ALARMS)["clientAlarms"]["nodes"]
    return found


def test_misses_raise_an_alarm_and_brake_the_client(chambers: Chambers, caplog: pytest.LogCaptureFixture) -> None:
    before = len(alarms(chambers))
    assert set(outcomes(chambers, keys(*[LIN] * MOST, *[CHEN] * 8))) == {"CONSENT_REQUIRED", "MATCHED"}
    oversee(chambers)
    assert len(alarms(chambers)) == before
    chambers.calendar.turn(seconds=70)
    assert outcomes(chambers, keys(CHEN, name="陈某某")) == ["NOT_FOUND"]
    with caplog.at_level(logging.WARNING, "suxin.oversight"):
        oversee(chambers)
    until = chambers.calendar.moment + WINDOW
    alarm = {
        "raisedAt": write_moment(chambers.calendar.moment),
        "since": write_moment(chambers.calendar.moment - WINDOW),
        "lookUps": MOST + 9,
        "misses": MOST + 1,
        "unknown": 0,
        "brakedUntil": write_moment(until),
        "liftedAt": None,
        "client": {"name": "余姚农商银行 (demo)"},
    }
    for who in (chambers.partner(AUDITOR), chambers.officer(StaffRole.CENTRE)):
        assert alarms(chambers, who)[0] == alarm
    (line,) = [record.getMessage() for record in caplog.records if record.name == "suxin.oversight"]
    assert line.startswith("client demo-bank is braked: 11 of its 19 look-ups of persons")
    oversee(chambers)
    assert len(alarms(chambers)) == before + 1


def test_a_braked_client_is_told_when_to_ask_again(chambers: Chambers) -> None:
    outcomes(chambers, keys(*[LIN] * (MOST + 1)))
    oversee(chambers)
    chambers.calendar.turn(minutes=10)
    answer = check(chambers, keys(CHEN, FORGE))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3000")
    (error,) = answer.json()["errors"]
    assert (error["extensions"], error["path"]) == ({"code": "BRAKED", "retryAfter": 3000}, ["subjects"])
    assert "consent" in error["message"]
    assert outcomes(chambers, keys(FORGE)) == ["MATCHED"]
    subject = {"name": CHEN.name, "idNumber": CHEN.number, "reference": "W-1"}
    document = "mutation($input: WatchInput!) { watch(input: $input) { errors { code } } }"
    watched = chambers.post(chambers.partner(BANK), document, {"input": {"subjects": [subject]}})
    assert [error["extensions"]["code"] for error in watched.json()["errors"]] == ["BRAKED"]
    chambers.calendar.turn(minutes=50)
    assert outcomes(chambers, keys(CHEN)) == ["MATCHED"]


def test_codes_that_show_nothing_raise_an_alarm_and_stop_no_visitor(
    chambers: Chambers, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever tries codes one after another does not keep others from reading theirs; one alarm in the window tells."""
    given = {
        **keys(CHEN)[0],
        "purposes": ["PUBLIC_LOOKUP"],
        "scopes": ["person.credit.read"],
        "validTo": write_moment(chambers.calendar.moment + timedelta(days=1)),
    }
    make = "mutation($input: CreateShareCodeInput!) { createShareCode(input: $input) { code } }"
    litigant = chambers.partner(Audience.LITIGANT_PORTAL, CHEN)
    code = chambers.data(litigant, make, {"input": {**given, "singleUse": False}})["createShareCode"]["code"]
    portal, before = chambers.partner(Audience.PUBLIC_PORTAL), len(alarms(chambers))
    asked = "query($code: String!) { shownReport(code: $code) { name } }"
    for turn in range(MOST + 1):
        assert chambers.data(portal, asked, {"code": f"SX-AAAA-BBBB-{turn:04}"}) == {"shownReport": None}
    with caplog.at_level(logging.WARNING, "suxin.oversight"):
        oversee(chambers)
    assert len(alarms(chambers)) == before + 1
    newest = alarms(chambers)[0]
    told = {name: newest[name] for name in ("misses", "lookUps", "brakedUntil", "liftedAt")}
    assert told == {"misses": MOST + 1, "lookUps": MOST + 1, "brakedUntil": None, "liftedAt": None}
    assert newest["client"] == {"name": "诉查查公开查询 (demo)"}
    (line,) = [record.getMessage() for record in caplog.records if record.name == "suxin.oversight"]
    assert (
        line
        == "client demo-public-portal: 11 of the 11 share codes that its visitors tried within an hour showed nothing"
    )
    for minutes, raised in ((1, 1), (WINDOW.seconds // 60, 2)):
        chambers.calendar.turn(minutes=minutes)
        portal = chambers.partner(Audience.PUBLIC_PORTAL)
        assert chambers.data(portal, asked, {"code": code})["shownReport"] == {"name": CHEN.name}
        for turn in range(MOST + 1):
            assert chambers.data(portal, asked, {"code": f"SX-AAAA-BBBB-{turn:04}"}) == {"shownReport": None}
        oversee(chambers)
        assert len(alarms(chambers)) == before + raised


def test_an_operator_lifts_a_brake_and_old_misses_do_not_count_again(chambers: Chambers) -> None:
    outcomes(chambers, keys(*[LIN] * (MOST + 1)))
    oversee(chambers)
    chambers.calendar.turn(minutes=1)  # longer than a worker trusts what it has read of a client
    assert check(chambers, keys(CHEN)).status_code == 429
    chambers.calendar.turn(minutes=2)
    with chambers.engine.begin() as connection:
        release_client(connection, chambers.clients[BANK].client_id, now=chambers.calendar.moment)
    chambers.tokens.clear()
    assert outcomes(chambers, keys(CHEN)) == ["MATCHED"]
    oversee(chambers)
    assert alarms(chambers)[0]["liftedAt"] == write_moment(chambers.calendar.moment)
    assert outcomes(chambers, keys(CHEN)) == ["MATCHED"]


def test_few_misses_among_many_raise_no_alarm(chambers: Chambers) -> None:
    before = len(alarms(chambers))
    outcomes(chambers, keys(*[LIN] * (MOST + 2), *[CHEN] * 50))
    oversee(chambers)
    assert len(alarms(chambers)) == before
    chambers.calendar.turn(hours=2)
    outcomes(chambers, keys(*[LIN] * MOST))
    oversee(chambers)
    assert len(alarms(chambers)) == before


def test_the_unknown_and_organizations_raise_no_alarm(chambers: Chambers) -> None:
    before = len(alarms(chambers))
    with chambers.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO consent (reference, client_key, subject_index, purposes, scopes, signed_on, valid_from,"
                " valid_to, lot_drawn) VALUES ('SQ-ALARM', :client, :subject, '{LOAN_APPROVAL}',"
                " '{person.credit.read}', '2026-03-01', '2026-03-01', '2028-01-01', true)"
            ),
            {"client": chambers.clients[BANK].primary_key, "subject": KEYRING.index(STRANGER.number)},
        )
    assert set(outcomes(chambers, keys(*[STRANGER] * 30))) == {"NOT_FOUND"}
    assert set(outcomes(chambers, keys(*[FORGE] * 30, name="宁波某公司"))) == {"NAME_MISMATCH"}
    oversee(chambers)
    assert len(alarms(chambers)) == before
    with chambers.engine.connect() as connection:
        counted = connection.execute(
            sa.text("SELECT sum(look_ups), sum(misses), sum(unknown) FROM look_up_count WHERE minute >= :since"),
            {"since": chambers.calendar.moment - timedelta(minutes=1)},
        ).one()
    assert tuple(counted) == (30, 0, 30)


def test_no_limit_raises_no_alarm(chambers: Chambers) -> None:
    before = len(alarms(chambers))
    outcomes(chambers, keys(*[LIN] * 100))
    oversee(chambers, misses=0)
    assert len(alarms(chambers)) == before
