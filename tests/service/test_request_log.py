"""Clients read their own requests of the last week, and how much they asked on each day."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from chambers import NINGBO, Chambers
from served import free_port, wait_until

from auth.audiences import Audience
from auth.clients import registry
from auth.clients.registration import RegistrationError
from casework.request_log import KEPT, USAGE_KEPT, AnsweredRequest, prune_requests
from casework.transaction import transact
from demo.city.cast import CHEN
from models.court import StaffRole
from postgres import database
from telemetry.recording import Recorder

BANK = Audience.BANK
LOG = """query($filter: RequestFilter, $after: String) { requestLog(first: 20, filter: $filter, after: $after) {
  nodes { at requestId path operation field status outcome cost milliseconds } pageInfo { endCursor hasNextPage } } }"""
USAGE = """query($filter: UsageFilter) { usage(first: 20, filter: $filter) {
  nodes { day field requests refused throttled cost milliseconds } } }"""
COURTS, TWO = "{ courts { code } }", "{ courts { code } bulletins(first: 1) { nodes { id } } }"


@pytest.fixture(autouse=True)
def a_day_later(chambers: Chambers) -> None:
    """Each test has a day of its own."""
    chambers.calendar.turn(days=1)


def send(chambers: Chambers, token: str, document: str) -> str:
    """Send a document; the id of the request."""
    return str(UUID(chambers.post(token, document).headers["x-request-id"]))


def read(chambers: Chambers, token: str, **filters: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = chambers.data(token, LOG, {"filter": filters})["requestLog"]["nodes"]
    return nodes


def await_entry(chambers: Chambers, token: str, request_id: str) -> dict[str, Any]:
    """The entry of a request, which is written within a second."""
    wait_until(lambda: len(read(chambers, token, requestId=request_id)) == 1)
    return read(chambers, token, requestId=request_id)[0]


def test_an_answer_and_a_refusal_are_listed_with_what_came_of_them(chambers: Chambers) -> None:
    token = chambers.partner(BANK)
    answered, refused, several = (send(chambers, token, one) for one in (COURTS, "{ no }", TWO))
    entry = await_entry(chambers, token, answered)
    assert entry.pop("milliseconds") > 0
    assert entry.pop("cost") > 0
    assert entry == {
        "at": chambers.data(token, LOG, {"filter": {"requestId": answered}})["requestLog"]["nodes"][0]["at"],
        "requestId": answered,
        "path": "/graphql",
        "operation": "query",
        "field": "courts",
        "status": 200,
        "outcome": "OK",
    }
    wrong = await_entry(chambers, token, refused)
    assert (wrong["operation"], wrong["field"], wrong["outcome"], wrong["cost"]) == (
        None,
        None,
        "INVALID_DOCUMENT",
        None,
    )
    assert await_entry(chambers, token, several)["field"] == "several"
    assert [one["requestId"] for one in read(chambers, token, refused=True, outcome="INVALID_DOCUMENT")] == [refused]
    assert {one["field"] for one in read(chambers, token, field="courts")} == {"courts"}


def test_entries_are_paged_newest_first_and_bounded_by_time(chambers: Chambers) -> None:
    token, began = chambers.partner(BANK), chambers.calendar.moment
    first = send(chambers, token, COURTS)
    chambers.calendar.turn(minutes=1)
    second = send(chambers, chambers.partner(BANK), COURTS)
    await_entry(chambers, chambers.partner(BANK), second)
    token = chambers.partner(BANK)
    listed = [one["requestId"] for one in read(chambers, token, field="courts", since=began.isoformat())]
    assert listed == [second, first]
    until = (began + timedelta(seconds=30)).isoformat()
    bounded = read(chambers, token, since=began.isoformat(), until=until, field="courts")
    assert [one["requestId"] for one in bounded] == [first]


def test_nobody_reads_requests_of_others(chambers: Chambers) -> None:
    judge, panel = chambers.officer(StaffRole.JUDGE), chambers.officer(StaffRole.PANEL)
    portal, employer = chambers.partner(Audience.LITIGANT_PORTAL), chambers.partner(Audience.EMPLOYER)
    by = {"judge": judge, "panel": panel, "employer": employer, "bank": chambers.partner(BANK)}
    sent = {who: send(chambers, token, COURTS) for who, token in by.items()}
    of_litigant = send(chambers, portal, COURTS)
    for who, token in by.items():
        await_entry(chambers, token, sent[who])
        for other, request_id in sent.items():
            assert len(read(chambers, token, requestId=request_id)) == (other == who)
        assert read(chambers, token, requestId=of_litigant) == []
    assert read(chambers, portal) == []
    assert chambers.data(portal, USAGE, {"filter": None})["usage"]["nodes"] == []
    elsewhere = chambers.officer(StaffRole.JUDGE, court=NINGBO)
    assert read(chambers, elsewhere, requestId=sent["judge"]) == []


def test_usage_counts_requests_of_a_day_by_root_field(chambers: Chambers) -> None:
    token, day = chambers.partner(BANK), chambers.calendar.moment.date().isoformat()
    sent = [send(chambers, token, one) for one in (COURTS, COURTS, "{ no }")]
    for one in sent:
        await_entry(chambers, token, one)
    filters = {"fromDay": day, "toDay": day}
    found = chambers.data(token, USAGE, {"filter": filters})["usage"]["nodes"]
    counted = {one["field"]: (one["day"], one["requests"], one["refused"], one["throttled"]) for one in found}
    assert counted["courts"] == (day, 2, 0, 0)
    assert counted["/graphql"] == (day, 1, 1, 0)
    assert "requestLog" in counted
    of_courts = chambers.data(token, USAGE, {"filter": {**filters, "field": "courts"}})["usage"]["nodes"]
    assert [(one["field"], one["requests"]) for one in of_courts] == [("courts", 2)]
    assert of_courts[0]["cost"] > 0
    assert of_courts[0]["milliseconds"] > 0


def test_the_operator_lists_the_usage_of_a_client(chambers: Chambers) -> None:
    client, day = chambers.clients[BANK].client_id, chambers.calendar.moment.date()
    await_entry(chambers, chambers.partner(BANK), send(chambers, chambers.partner(BANK), COURTS))
    with chambers.engine.connect() as connection:
        found = registry.list_usage(connection, client, since=day)
        with pytest.raises(RegistrationError) as caught:
            registry.list_usage(connection, "nobody", since=day)
    assert str(caught.value) == "There is no client nobody. See: suxin client list."
    assert {row["day"] for row in found} == {day}
    assert [row["requests"] for row in found if row["field"] == "courts"] == [1]


def test_an_entry_holds_nothing_that_was_sent(chambers: Chambers) -> None:
    token = chambers.partner(BANK)
    by = f'{{ name: "{CHEN.name}", idNumber: "{CHEN.number}" }}'
    document = f"query A{CHEN.number} {{ subject(by: {by}, access: {{ purpose: LOAN_APPROVAL }}) {{ outcome }} }}"
    await_entry(chambers, token, send(chambers, token, document))
    with chambers.engine.connect() as connection:
        rows = str(connection.execute(sa.text("SELECT * FROM request_entry")).all())
    assert CHEN.number not in rows
    assert CHEN.name not in rows


def test_entries_are_deleted_after_a_week_and_usage_after_two_years(chambers: Chambers) -> None:
    token = chambers.partner(BANK)
    entry = send(chambers, token, COURTS)
    await_entry(chambers, token, entry)
    now = chambers.calendar.moment
    count = sa.text("SELECT (SELECT count(*) FROM request_entry), (SELECT count(*) FROM client_usage)")

    def left(after: timedelta) -> tuple[int, int]:
        async def prune() -> None:
            engine = database.make_async_engine(chambers.engine.url, 1, 10)
            await transact(engine, lambda connection: prune_requests(connection, now + after))
            await engine.dispose()

        asyncio.run(prune())
        with chambers.engine.connect() as connection:
            entries, days = connection.execute(count).one()
        return entries, days

    assert min(left(KEPT - timedelta(hours=1))) > 0
    entries, days = left(KEPT + timedelta(minutes=1))
    assert (entries, days > 0) == (0, True)
    assert left(USAGE_KEPT + timedelta(days=2)) == (0, 0)


@pytest.fixture
def recorded(chambers: Chambers) -> AnsweredRequest:
    """A request of the bank."""
    key = chambers.clients[BANK].primary_key
    now = chambers.calendar.moment
    return AnsweredRequest(
        at=now,
        day=now.date(),
        client_key=key,
        staff_id=None,
        request_id=uuid4(),
        path="/graphql",
        operation="query",
        field="viewer",
        status=200,
        outcome="OK",
        throttled=False,
        cost=1,
        milliseconds=1.0,
    )


async def test_what_cannot_be_logged_keeps_nothing_else_back(
    chambers: Chambers, recorded: AnsweredRequest, caplog: pytest.LogCaptureFixture
) -> None:
    engine = database.make_async_engine(chambers.engine.url, 1, 10)
    recorder = Recorder(engine, lambda: chambers.calendar.moment)
    recorder.waiting.append(replace(recorded, client_key=0))
    await recorder.write()
    assert [record.message for record in caplog.records] == ["1 requests could not be logged: IntegrityError"]
    recorder.waiting.append(recorded)
    await recorder.write()
    await engine.dispose()
    assert not recorder.waiting
    assert read(chambers, chambers.partner(BANK), requestId=str(recorded.request_id))


async def test_requests_wait_while_the_database_is_away(chambers: Chambers, recorded: AnsweredRequest) -> None:
    away = database.make_async_engine(chambers.engine.url.set(port=free_port()), 1, 10)
    recorder = Recorder(away, lambda: chambers.calendar.moment)
    recorder.waiting.extend([recorded, replace(recorded, request_id=uuid4())])
    kept = list(recorder.waiting)
    with pytest.raises(OSError, match=r"No such file|Connect"):
        await recorder.write()
    await away.dispose()
    assert list(recorder.waiting) == kept
