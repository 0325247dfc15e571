"""Subscriptions: events as they are committed, over WebSocket and over server-sent events, to a real server."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa
from chambers import Chambers
from play import ENFORCED
from prometheus_client import REGISTRY
from served import wait_until
from watching import consent, end_consents, key
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from auth.audiences import Audience
from demo.city.cast import CHEN, STRANGER
from demo.stage import open_socket, run_server
from languages.negotiation import Language
from models.court import StaffRole
from protocols.stopping import STOPPING, Stop
from server import create_app
from transport.event_stream import EventStream
from transport.subscriptions import MOST_STREAMS

BANK, COMMERCE = Audience.BANK, Audience.COMMERCE
NO_ID = "Failed to parse message"
SUBSCRIBE = "subscription($after: String) { events(after: $after) { cursor node { kind reference } } }"


@dataclass
class Line:
    """A served instance, and the chambers on the same database."""

    chambers: Chambers
    address: str

    def certify(self) -> None:
        """Chen performs, and is certified: one event."""
        case, party = self.chambers.party(ENFORCED, CHEN)
        day = self.chambers.calendar.moment.date().isoformat()
        given = {"number": uuid4().hex, "caseId": case, "partyId": party, "performedOn": day, "reason": "已履行。"}
        self.chambers.done(self.chambers.officer(StaffRole.CENTRE), "issueCertificate", "id", **given)

    async def happens(self) -> None:
        """Something happens while others listen."""
        await asyncio.to_thread(self.certify)

    def knocking(self, **given: Any) -> connect:
        """A connection that is not acknowledged."""
        protocols: Any = ["graphql-transport-ws"]
        return connect(self.address.replace("http:", "ws:") + "/graphql", subprotocols=protocols, **given)

    @asynccontextmanager
    async def socket(self, who: Audience = BANK, token: str | None = None) -> AsyncIterator[ClientConnection]:
        """A connection that is acknowledged."""
        token = token or self.chambers.partner(who)
        async with self.knocking() as found:
            await say(found, type="connection_init", payload={"authorization": f"Bearer {token}"})
            assert await heard(found) == {"type": "connection_ack"}
            yield found


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def heard(socket: ClientConnection) -> Any:
    async with asyncio.timeout(10):
        return json.loads(await socket.recv())


async def closing(socket: ClientConnection) -> tuple[int, str]:
    """The code and the reason of the frame that closes a connection."""
    with pytest.raises(ConnectionClosed) as caught:
        await heard(socket)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


async def subscribe(socket: ClientConnection, document: str = SUBSCRIBE, **variables: Any) -> None:
    await say(socket, id="1", type="subscribe", payload={"query": document, "variables": variables})


@pytest.fixture
def line(chambers: Chambers) -> Iterator[Line]:
    """Chen is watched, and a real server listens."""
    with chambers.engine.begin() as connection:
        ended = "UPDATE watch SET ended_at = created_at, name = NULL, folded = NULL WHERE ended_at IS NULL"
        connection.execute(sa.text(ended))
    consent(chambers, CHEN)
    chambers.calendar.turn(seconds=1)
    lines = chambers.done(chambers.partner(BANK), "watch", "outcome", subjects=[key(CHEN, "KH-1")])
    assert lines == [{"outcome": "WATCHED"}]
    app = create_app(chambers.settings, chambers.url, chambers.calendar)
    with open_socket(0) as (listener, address), run_server(app, listener):
        yield Line(chambers, address)


# --- over WebSocket ---------------------------------------------------------------------------------------------------


def place(line: Line, who: Audience = BANK) -> str | None:
    """The cursor of the newest event, so that a subscription begins where the test does."""
    asked, after = "query($after: String) { events(first: 100, after: $after) { pageInfo { endCursor } } }", None
    while True:
        found = line.chambers.data(line.chambers.partner(who), asked, {"after": after})
        if (last := found["events"]["pageInfo"]["endCursor"]) is None:
            return after
        after = last


def kind(message: Any) -> str:
    assert message["type"] == "next", message
    return str(message["payload"]["data"]["events"]["node"]["kind"])


async def test_events_come_as_they_are_committed_in_order(line: Line) -> None:
    start = place(line)
    async with line.socket() as socket:
        await subscribe(socket, after=start)
        await line.happens()
        await asyncio.to_thread(end_consents, line.chambers, CHEN)
        found = [await heard(socket) for _ in range(2)]
    told = [(one["type"], one["id"], one["payload"]["data"]["events"]["node"]["kind"]) for one in found]
    assert told == [("next", "1", "CERTIFICATE_ISSUED"), ("next", "1", "CONSENT_REVOKED")]
    assert found[0]["payload"]["data"]["events"]["node"]["reference"] == "KH-1"


async def test_what_runs_is_counted(line: Line) -> None:
    def running() -> float:
        return REGISTRY.get_sample_value("suxin_subscriptions", {"audience": "BANK"}) or 0

    start, before = place(line), running()
    async with line.socket() as socket:
        await subscribe(socket, after=start)
        await line.happens()
        await heard(socket)
        assert running() == before + 1
    await asyncio.to_thread(wait_until, lambda: running() == before)


async def test_who_comes_back_is_told_what_it_missed(line: Line) -> None:
    before = place(line)
    await line.happens()
    async with line.socket() as socket:
        await subscribe(socket, after=before)
        first = await heard(socket)
    assert first["payload"]["data"]["events"]["node"]["kind"] == "CERTIFICATE_ISSUED"
    async with line.socket() as socket:
        await subscribe(socket, after=first["payload"]["data"]["events"]["cursor"])
        await asyncio.to_thread(end_consents, line.chambers, CHEN)
        later = await heard(socket)
    assert later["payload"]["data"]["events"]["node"]["kind"] == "CONSENT_REVOKED"


async def test_a_revoked_consent_silences_a_subscription(line: Line) -> None:
    start = place(line)
    async with line.socket() as socket:
        await subscribe(socket, after=start)
        await asyncio.to_thread(end_consents, line.chambers, CHEN)
        assert kind(await heard(socket)) == "CONSENT_REVOKED"
        await line.happens()  # and is not told
        consent(line.chambers, STRANGER)
        await asyncio.to_thread(end_consents, line.chambers, STRANGER)
        assert kind(await heard(socket)) == "CONSENT_REVOKED"


async def test_nobody_hears_of_another_s(line: Line) -> None:
    start = place(line)
    async with line.socket(COMMERCE) as other, line.socket() as socket:
        for one in (other, socket):
            await subscribe(one, after=start)
        await line.happens()
        assert kind(await heard(socket)) == "CERTIFICATE_ISSUED"
        await say(other, type="ping")
        assert await heard(other) == {"type": "pong"}


async def test_what_is_told_is_in_the_access_log(line: Line) -> None:
    start = place(line)
    async with line.socket() as socket:
        await subscribe(socket, after=start)
        await line.happens()
        await heard(socket)
    newest = sa.text(
        "SELECT field, types, party_id IS NOT NULL FROM access_record WHERE field = 'events' ORDER BY id DESC"
    )
    with line.chambers.engine.connect() as connection:
        assert tuple(connection.execute(newest).first() or ()) == ("events", ["Event"], True)


async def test_a_subscription_ends_with_its_token(line: Line) -> None:
    async with line.socket() as socket:
        await subscribe(socket)
        line.chambers.calendar.turn(seconds=301)
        with pytest.raises(ConnectionClosed) as caught:
            await heard(socket)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4401, "The token has ended.")


@pytest.mark.parametrize(
    "message",
    [{}, *({"payload": one} for one in (None, {}, {"authorization": "Bearer x"}, {"authorization": 5}))],
)
async def test_without_a_token_nothing_begins(line: Line, message: dict[str, Any]) -> None:
    async with line.knocking() as socket:
        await say(socket, type="connection_init", **message)
        assert (await closing(socket)) == (4403, "Forbidden")


async def test_a_token_in_the_handshake_needs_no_payload(line: Line) -> None:
    """The protocol lets a payload be null."""
    headers = {"authorization": f"Bearer {line.chambers.partner(BANK)}"}
    async with line.knocking(additional_headers=headers) as socket:
        await say(socket, type="connection_init", payload=None)
        assert await heard(socket) == {"type": "connection_ack"}


@pytest.mark.parametrize("given", [{}, {"id": None}, {"id": ""}, {"id": 1}, {"id": [1]}, {"id": {}}], ids=str)
@pytest.mark.parametrize("type_", ["subscribe", "complete"])
async def test_the_id_of_an_operation_is_a_text(line: Line, type_: str, given: dict[str, Any]) -> None:
    async with line.socket() as socket:
        await say(socket, type=type_, payload={"query": SUBSCRIBE}, **given)
        assert await closing(socket) == (4400, NO_ID)


@pytest.mark.parametrize("id_", [1, [1], {}], ids=str)
async def test_who_has_no_token_ends_nothing_but_the_connection(line: Line, id_: Any) -> None:
    async with line.knocking() as socket:
        await say(socket, type="complete", id=id_)
        assert await closing(socket) == (4400, NO_ID)


@pytest.mark.parametrize("type_", ["x" * 200, "解" * 100, ["x" * 200], {}], ids=["text", "Chinese", "list", "object"])
async def test_the_reason_of_a_closing_is_cut_to_what_a_frame_holds(line: Line, type_: Any) -> None:
    async with line.knocking() as socket:
        await say(socket, type=type_)
        code, reason = await closing(socket)
    assert (code, reason) == (4400, f"Unknown message type: {type_}".encode()[:123].decode(errors="ignore"))


async def test_an_id_that_is_used_twice_is_told_in_what_a_frame_holds(line: Line) -> None:
    async with line.socket() as socket:
        for _ in range(2):
            await say(socket, type="subscribe", id="x" * 200, payload={"query": SUBSCRIBE})
        assert await closing(socket) == (4409, "Subscriber for " + "x" * 108)


async def test_other_protocols_are_not_spoken(line: Line) -> None:
    url = line.address.replace("http:", "ws:") + "/graphql"
    with pytest.raises(InvalidStatus) as caught:
        async with connect(url, subprotocols=["graphql-ws"]):  # type: ignore[list-item]  # a NewType
            pass
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ courts { code } }", "INVALID_DOCUMENT"),
        ("subscription { events { node { nothing } } }", "INVALID_DOCUMENT"),
        ("subscription {", "SYNTAX_ERROR"),
        ("subscription { a: events { cursor } b: events { cursor } }", "INVALID_DOCUMENT"),
        ("subscription { events { node { sequence } } }", "INVALID_DOCUMENT"),
        ('subscription { events(after: "x") { cursor } }', "BAD_CURSOR"),
        ("subscription { events(access: { purpose: JUDICIAL }) { cursor } }", "PURPOSE_NOT_ALLOWED"),
    ],
)
async def test_what_cannot_be_subscribed_to_is_told(line: Line, document: str, code: str) -> None:
    async with line.socket() as socket:
        await subscribe(socket, document)
        answer = await heard(socket)
    assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", code)


# --- over server-sent events ------------------------------------------------------------------------------------------


async def next_of(lines: AsyncIterator[str]) -> Any:
    """The data of the next event."""
    async with asyncio.timeout(10):
        async for text in lines:
            if text.startswith("data: "):
                return json.loads(text.removeprefix("data: "))
    raise AssertionError("the stream ended")


async def test_events_come_as_server_sent_events(line: Line) -> None:
    body = {"query": SUBSCRIBE}  # from now on: its place is found before the stream begins
    headers = {"authorization": f"Bearer {line.chambers.partner(BANK)}", "accept": "text/event-stream"}
    async with (
        httpx2.AsyncClient(timeout=20) as http,
        http.stream("POST", f"{line.address}/graphql", json=body, headers=headers) as response,
    ):
        assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream")
        lines = response.aiter_lines()
        await line.happens()
        found = await next_of(lines)
        line.chambers.calendar.turn(seconds=301)
        async with asyncio.timeout(10):
            rest = [text async for text in lines]
    assert found["data"]["events"]["node"]["reference"] == "KH-1"
    assert rest[-3:] == ["event: complete", "data:", ""]


class Silence:
    """A subscription to which nothing happens."""

    async def results(self) -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield


async def test_a_stream_ends_with_its_process() -> None:
    """At once, without its last event, so that the client reconnects."""
    stop, silence = Stop(), cast(Any, Silence())
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)
        stop.begun.set()

    async with asyncio.timeout(10):
        await EventStream(silence, {}, Language.EN)({"type": "http", "state": {STOPPING: stop}}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert (sent[1]["body"], sent[1]["more_body"]) == (b"", False)


REFUSED = {
    "subscription { nope }": "INVALID_DOCUMENT",
    "subscription { events { nothing } }": "INVALID_DOCUMENT",
    "subscription { events { node { sequence } } }": "INVALID_DOCUMENT",
    'subscription { events(after: "x") { cursor } }': "BAD_CURSOR",
    "subscription {": "SYNTAX_ERROR",
}


async def ask(line: Line, accept: str, query: Any) -> httpx2.Response:
    """The response to a request that is refused."""
    headers = {"authorization": f"Bearer {line.chambers.partner(BANK)}", "accept": accept}
    async with httpx2.AsyncClient(timeout=20) as http:
        return await http.post(f"{line.address}/graphql", json={"query": query}, headers=headers)


@pytest.mark.parametrize(("query", "code"), REFUSED.items())
@pytest.mark.parametrize("accept", ["text/event-stream", "Text/Event-Stream, application/json;q=0"])
async def test_a_stream_that_cannot_begin_is_one_of_its_errors(line: Line, accept: str, query: str, code: str) -> None:
    """As GraphQL over SSE has it, in the mode of distinct connections."""
    answer = await ask(line, accept, query)
    first, second, rest = answer.text.split("\n\n")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert (second, rest) == ("event: complete\ndata:", "")
    assert first.startswith("event: next\ndata: ")
    told = json.loads(first.removeprefix("event: next\ndata: "))
    assert [error["extensions"]["code"] for error in told["errors"]] == [code]
    assert (answer.headers["content-language"], answer.headers["cache-control"]) == ("en", "no-store")
    assert answer.headers["x-request-id"] == told["extensions"]["requestId"]


@pytest.mark.parametrize(
    ("accept", "query", "status"),
    [
        ("text/event-stream, application/json", "subscription { nope }", 200),
        ("text/event-stream, application/graphql-response+json", "subscription { nope }", 400),
        ("text/event-stream;q=0, application/json", SUBSCRIBE, 200),
        ("text/event-stream", 5, 400),
    ],
)
async def test_a_stream_that_cannot_begin_is_refused_in_the_json_that_the_client_accepts(
    line: Line, accept: str, query: Any, status: int
) -> None:
    answer = await ask(line, accept, query)
    [error] = answer.json()["errors"]
    code = "BAD_REQUEST" if query == 5 else "INVALID_DOCUMENT"
    assert (answer.status_code, error["extensions"]["code"]) == (status, code)


async def test_a_client_that_would_take_a_stream_is_answered_as_it_asks(line: Line) -> None:
    accept = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    headers = {"authorization": f"Bearer {line.chambers.partner(BANK)}", "accept": accept}
    async with httpx2.AsyncClient(timeout=20) as http:
        answer = await http.post(f"{line.address}/graphql", json={"query": "{ courts { code } }"}, headers=headers)
    assert (answer.status_code, list(answer.json()["data"])) == (200, ["courts"])


@pytest.mark.parametrize("text", ["[1]", '"x"', "5", '{"id": "1", "type": "subscribe", "payload": []}', "{"])
async def test_what_is_no_message_ends_the_connection(line: Line, text: str) -> None:
    async with line.socket() as socket:
        await socket.send(text)
        with pytest.raises(ConnectionClosed) as caught:
            await heard(socket)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 4400


async def test_so_many_subscriptions_of_one_client(line: Line) -> None:
    async with line.socket() as first, line.socket() as second:
        for place_ in range(MOST_STREAMS):
            await say(first, id=str(place_), type="subscribe", payload={"query": SUBSCRIBE})
        await say(first, type="ping")
        assert await heard(first) == {"type": "pong"}
        while True:  # the last of them may be about to begin
            await subscribe(second)
            await say(second, type="ping")
            answer = await heard(second)
            if answer["type"] == "error":
                break
            await say(second, id="1", type="complete")
    assert answer["payload"][0]["extensions"]["code"] == "CONCURRENCY_LIMITED"


async def test_so_many_subscriptions_of_one_connection(line: Line) -> None:
    """Those that could not begin, and those that are ended, leave their places."""
    chinese = {"accept-language": "zh", "authorization": f"Bearer {line.chambers.partner(BANK)}"}
    async with line.knocking(additional_headers=chinese) as socket:
        await say(socket, type="connection_init")
        await heard(socket)
        for place_ in range(MOST_STREAMS):
            await say(socket, id=str(place_), type="subscribe", payload={"query": "subscription {"})
            assert (await heard(socket))["payload"][0]["extensions"]["code"] == "SYNTAX_ERROR"
        for place_ in range(MOST_STREAMS + 1):
            await say(socket, id=str(place_), type="subscribe", payload={"query": SUBSCRIBE})
        refused = {"message": "最多同时保持 16 个订阅，请先结束一个。", "extensions": {"code": "CONCURRENCY_LIMITED"}}
        assert await heard(socket) == {"id": str(MOST_STREAMS), "type": "error", "payload": [refused]}


def test_a_subscription_by_an_ordinary_post_is_told_how(chambers: Chambers) -> None:
    answer = chambers.post(chambers.partner(BANK), SUBSCRIBE).json()
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INVALID_DOCUMENT"
    assert "text/event-stream" in error["message"]


async def test_a_stream_is_a_request_when_it_begins(line: Line) -> None:
    labels = {"audience": "BANK", "operation": "subscription", "field": "events", "outcome": "OK"}
    before = REGISTRY.get_sample_value("suxin_requests_total", labels) or 0
    headers = {"authorization": f"Bearer {line.chambers.partner(BANK)}", "accept": "text/event-stream"}
    async with (
        httpx2.AsyncClient(base_url=line.address) as http,
        http.stream("POST", "/graphql", json={"query": SUBSCRIBE}, headers=headers) as stream,
    ):
        assert stream.status_code == 200
        assert REGISTRY.get_sample_value("suxin_requests_total", labels) == before + 1
