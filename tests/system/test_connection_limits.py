"""The bounds of a connection, which begin with its first byte: raw connections to the protocols of the service."""

import json
import os
import socket
import time
from contextlib import ExitStack, suppress
from ipaddress import ip_network

import pytest
from wire import GET, Wire, parse_head, playing, wait_until

from protocols.http import MOST_PIPELINED
from protocols.refusals import Refused

HEAD = b"POST /graphql HTTP/1.1\r\nhost: x\r\n"
SHORT = 0.3
PIECE = b"y" * 65_536
UPGRADE = (
    b"GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


# --- heads ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"x-large: " + b"y" * 5_000 + b"\r\n\r\n",
        b"".join(b"x-%d: y\r\n" % number for number in range(101)) + b"\r\n",
        b"x-large: " + b"y" * 300_000,
    ],
    ids=["bytes", "fields", "no end"],
)
def test_a_large_head_is_refused(head: bytes) -> None:
    with playing(head_bytes=4_096) as (app, port), Wire(port) as wire:
        answer = wire.send(HEAD, head).rest()
        status, fields = parse_head(answer)
        assert (status, fields["connection"]) == (431, "close")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["message"] == Refused.HEAD_SIZE.message
        assert app.began == []


def test_a_large_address_is_refused() -> None:
    with playing(head_bytes=4_096) as (app, port), Wire(port) as wire:
        assert parse_head(wire.send(b"GET /" + b"y" * 5_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n").rest())[0] == 431
        assert app.began == []


def test_a_head_that_never_ends_is_refused_after_what_one_may_have() -> None:
    """One of 60 MB stopped everybody for two seconds."""
    with playing(head_bytes=4_096) as (_, port), Wire(port) as wire:
        wire.send(HEAD, b"x: ")
        sent = 0
        try:
            while sent < 60_000_000:
                sent += wire.socket.send(PIECE)
        except OSError:
            pass
        assert sent < 60_000_000


def test_a_head_of_the_largest_size_is_read_also_in_pieces() -> None:
    with playing(head_bytes=4_096) as (app, port), Wire(port) as wire:
        app.go.set()
        head = GET.replace(b"\r\n\r\n", b"\r\nx: " + b"y" * 3_900 + b"\r\n\r\n")
        for _ in range(3):
            for start in range(0, len(head), 500):
                wire.send(head[start : start + 500])
            assert wire.answer()[0] == 200


def test_trailers_have_the_limit_of_a_head() -> None:
    with playing(head_bytes=4_096) as (app, port), Wire(port) as wire:
        body = b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
        assert parse_head(wire.send(HEAD, body, b"trailer: " + b"y" * 10_000).rest())[0] == 431
        assert app.began == []


def test_a_second_head_has_the_limit_too() -> None:
    with playing(head_bytes=4_096) as (app, port), Wire(port) as wire:
        app.go.set()
        assert wire.send(GET).answer()[0] == 200
        assert parse_head(wire.send(HEAD, b"x: " + b"y" * 5_000).rest())[0] == 431


def test_a_head_that_comes_slowly_is_refused() -> None:
    with playing(head_seconds=SHORT) as (_, port), Wire(port) as wire:
        started = time.monotonic()
        assert parse_head(wire.send(HEAD).rest())[0] == 408
        assert time.monotonic() - started >= SHORT


def test_a_head_that_comes_drop_by_drop_is_refused() -> None:
    with playing(head_seconds=SHORT) as (_, port), Wire(port) as wire:
        wire.send(HEAD, b"x: ")
        wire.socket.setblocking(False)
        answer, deadline = b"", time.monotonic() + 20
        while not answer and time.monotonic() < deadline:
            wire.send(b"y")
            time.sleep(SHORT / 20)
            with suppress(BlockingIOError):
                answer = wire.socket.recv(65_536)
        assert parse_head(answer)[0] == 408


def test_a_silent_connection_is_closed_without_an_answer() -> None:
    with playing(head_seconds=SHORT) as (app, port), Wire(port) as wire:
        assert wire.rest() == b""
        assert app.admission.opened == 0


def test_an_idle_connection_is_closed() -> None:
    with playing() as (app, port), Wire(port) as wire:
        app.go.set()
        assert wire.send(GET).answer()[0] == 200
        assert wire.rest() == b""


def test_what_is_no_http_is_told_so() -> None:
    with playing() as (_, port), Wire(port) as wire:
        answer = wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").rest()
        assert parse_head(answer)[0] == 400
        assert Refused.MALFORMED.message.encode() in answer


# --- bodies -----------------------------------------------------------------------------------------------------------


def test_a_slow_body_is_refused_and_its_request_has_not_begun() -> None:
    with playing(body_seconds=SHORT) as (app, port), Wire(port) as wire:
        answer = wire.send(HEAD, b"content-length: 10\r\n\r\n12345").rest()
        assert parse_head(answer)[0] == 408
        assert (app.began, app.admission.total) == ([], 0)


def test_a_slow_large_body_is_refused_while_the_application_reads_it() -> None:
    with playing(body_seconds=SHORT) as (app, port), Wire(port) as wire:
        wire.send(HEAD, b"content-length: 1000000\r\n\r\n", b"x" * 200_000)
        assert parse_head(wire.rest())[0] == 408
        assert app.bodies == []
        wait_until(lambda: app.admission.total == 0)


def test_a_body_that_comes_in_pieces_begins_one_request() -> None:
    with playing() as (app, port), Wire(port) as wire:
        app.go.set()
        wire.send(HEAD, b"content-length: 10\r\n\r\n")
        wire.send(b"12345")
        assert app.began == []
        assert wire.send(b"67890").answer()[0] == 200
        assert app.bodies == [b"1234567890"]


def test_a_large_body_reaches_the_application_whole() -> None:
    with playing() as (app, port), Wire(port) as wire:
        app.go.set()
        content = os.urandom(3_000_000)
        assert wire.send(HEAD, b"content-length: 3000000\r\n\r\n", content).answer()[0] == 200
        assert app.bodies == [content]


def test_leave_to_send_a_body_is_given() -> None:
    with playing() as (app, port), Wire(port) as wire:
        app.go.set()
        wire.send(HEAD, b"expect: 100-continue\r\ncontent-length: 5\r\n\r\n")
        assert wire.answer()[0] == 100
        assert wire.send(b"12345").answer()[0] == 200
        assert app.bodies == [b"12345"]


def test_a_client_that_goes_before_its_body_has_begun_nothing() -> None:
    with playing() as (app, port):
        with Wire(port) as wire:
            wire.send(HEAD, b"content-length: 10\r\n\r\n12345")
            wait_until(lambda: app.admission.opened == 1)
        wait_until(lambda: app.admission.opened == 0)
        assert app.began == []


def test_a_body_of_tiny_chunks_is_read() -> None:
    with playing(head_bytes=4_096) as (app, port), Wire(port) as wire:
        app.go.set()
        chunks = b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n"
        assert wire.send(HEAD, b"transfer-encoding: chunked\r\n\r\n", chunks).answer()[0] == 200
        assert app.bodies == [b"x" * 20_000]


# --- readers ----------------------------------------------------------------------------------------------------------


def test_a_client_that_does_not_read_is_cut_off_and_stays_in_work_until_then() -> None:
    with playing(send_seconds=SHORT) as (app, port), Wire(port, receive_buffer=4_096) as wire:
        app.size = 20_000_000
        app.go.set()
        wire.send(GET)
        app.wait_for(1)
        assert app.admission.total == 1
        wait_until(lambda: app.admission.opened == 0)
        wait_until(lambda: app.admission.total == 0)
        assert len(wire.rest()) < 20_000_000


def test_a_client_that_reads_slowly_enough_reads_all() -> None:
    """Four times as slow as the limit of time, and faster than the least rate."""
    with playing(send_seconds=SHORT) as (app, port), Wire(port, receive_buffer=65_536) as wire:
        app.size = 8_000_000
        app.go.set()
        wire.send(GET)
        found = 0
        while found < app.size:
            data = wire.socket.recv(200_000)
            assert data
            found += len(data)
            time.sleep(SHORT / 20)
    assert found >= app.size


# --- connections ------------------------------------------------------------------------------------------------------


def test_a_source_has_so_many_connections() -> None:
    with playing(source_connections=3) as (app, port):
        kept = [Wire(port) for _ in range(3)]
        wait_until(lambda: app.admission.opened == 3)
        with Wire(port) as wire:
            status, fields = parse_head(wire.rest())
            assert (status, fields["retry-after"], fields["connection"]) == (503, "1", "close")
        for one in kept:
            one.socket.close()
        wait_until(lambda: app.admission.opened == 0)
        app.go.set()
        with Wire(port) as wire:
            assert wire.send(GET).answer()[0] == 200


def test_a_websocket_counts_as_a_connection_until_it_ends() -> None:
    with playing(source_connections=1) as (app, port):
        with Wire(port) as wire:
            assert wire.send(UPGRADE).answer()[0] == 101
            with Wire(port) as other:
                assert parse_head(other.rest())[0] == 503
            assert app.admission.opened == 1
        wait_until(lambda: app.admission.opened == 0)


def test_a_websocket_that_pings_and_does_not_read_is_cut_off() -> None:
    with playing(send_seconds=SHORT) as (app, port), Wire(port, receive_buffer=4_096) as wire:
        assert wire.send(UPGRADE).answer()[0] == 101
        ping = b"\x89\xfd" + b"\x00\x00\x00\x00" + b"y" * 125
        wire.socket.setblocking(False)
        deadline = time.monotonic() + 30
        while app.admission.opened and time.monotonic() < deadline:
            try:
                wire.socket.send(ping * 2_000)
            except BlockingIOError:
                time.sleep(0.001)
            except OSError:
                break
        wait_until(lambda: app.admission.opened == 0)


def test_only_so_many_requests_wait_on_a_connection() -> None:
    with playing() as (app, port), Wire(port) as wire:
        wire.send(GET * (MOST_PIPELINED + 20))
        assert wire.rest() == b""
        assert app.began == ["/"]


def test_pipelined_requests_are_answered_in_turn() -> None:
    with playing() as (app, port), Wire(port) as wire:
        app.go.set()
        wire.send(b"".join(GET.replace(b"/ ", b"/%d " % number) for number in range(MOST_PIPELINED)))
        assert [wire.answer()[0] for _ in range(MOST_PIPELINED)] == [200] * MOST_PIPELINED
        assert app.began == [f"/{number}" for number in range(MOST_PIPELINED)]


# --- hosts and transfer codings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1\r\n",
        b"HTTP/1.1\r\nHost: x\r\nHost: x\r\n",
        b"HTTP/1.1\r\nhost: x\r\nhost: y\r\n",
        b"HTTP/1.0\r\nhost: x\r\nhost: y\r\n",
        b"HTTP/1.1\r\nhost: x y\r\n",
        b"HTTP/1.1\r\nhost: http://x/\r\n",
        b"HTTP/1.1\r\nhost: a@x\r\n",
        UPGRADE.partition(b" / ")[2].replace(b"host: x\r\n", b"").removesuffix(b"\r\n"),
    ],
)
def test_a_request_names_one_host(head: bytes) -> None:
    """RFC 9112, section 3.2."""
    with playing() as (app, port), Wire(port) as wire:
        answer = wire.send(b"GET /graphql ", head, b"\r\n").rest()
        status, fields = parse_head(answer)
        assert (status, fields["connection"]) == (400, "close")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["message"] == Refused.HOST.message
        assert app.began == []


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0\r\n",
        b"HTTP/1.0\r\nhost: x\r\n",
        b"HTTP/1.1\r\nHOST: court.example:8443\r\n",
        b"HTTP/1.1\r\nhost: [::1]:8000 \r\n",
        b"HTTP/1.1\r\nhost:\r\n",
    ],
)
def test_a_host_may_be_left_out_by_old_clients_and_be_empty(head: bytes) -> None:
    with playing() as (app, port), Wire(port) as wire:
        app.go.set()
        assert wire.send(b"GET / ", head, b"\r\n").answer()[0] == 200


CHUNKS = b"\r\n2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        b"transfer-encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        b"transfer-encoding: gzip\r\n",
    ],
)
def test_no_transfer_coding_but_chunked_is_taken(lines: bytes) -> None:
    """RFC 9112, section 6.1."""
    with playing() as (app, port), Wire(port) as wire:
        answer = wire.send(HEAD, lines, CHUNKS).rest()
        assert parse_head(answer)[0] == 501
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["message"] == Refused.CODING.message
        assert app.began == []


def test_a_body_may_be_chunked() -> None:
    with playing() as (app, port), Wire(port) as wire:
        app.go.set()
        assert wire.send(HEAD, b"Transfer-Encoding: Chunked \r\n", CHUNKS).answer()[0] == 200
        assert app.bodies == [b"{}"]


def test_http_1_0_has_no_transfer_codings() -> None:
    with playing() as (app, port), Wire(port) as wire:
        head = HEAD.replace(b"1.1", b"1.0") + b"transfer-encoding: chunked\r\n"
        assert (parse_head(wire.send(head, CHUNKS).rest())[0], app.began) == (400, [])


# --- overload ---------------------------------------------------------------------------------------------------------


def ask(wire: Wire, caller: bytes = b"a", path: bytes = b"/graphql") -> Wire:
    return wire.send(
        HEAD.replace(b"/graphql", path) + b"authorization: Bearer %s\r\ncontent-length: 2\r\n\r\n{}" % caller
    )


def test_a_caller_with_its_share_in_work_is_refused_on_a_connection_that_stays_and_another_is_not() -> None:
    with playing(requests=4) as (app, port), Wire(port) as one, Wire(port) as two, Wire(port) as three:
        ask(one)
        ask(two)
        app.wait_for(2)
        for _ in range(3):
            status, fields, content = ask(three).answer()
            assert (status, fields["retry-after"]) == (429, "1")
            assert "connection" not in fields
            assert json.loads(content)["errors"][0]["extensions"] == {"code": "CONCURRENCY_LIMITED"}
        ask(three, b"b")
        app.wait_for(3)
        app.go.set()
        assert {wire.answer()[0] for wire in (one, two, three)} == {200}
        assert ask(three).answer()[0] == 200
        assert app.admission.total == 0


def test_a_connection_of_a_proxy_is_read_after_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others send their requests by it."""
    monkeypatch.setattr("protocols.http.PAUSE_SECONDS", 300)
    proxies = (ip_network("127.0.0.0/8"),)
    with playing(requests=2, proxies=proxies) as (app, port), Wire(port) as first, Wire(port) as wire:
        ask(first)
        app.wait_for(1)
        assert [ask(wire).answer()[0] for _ in range(3)] == [429] * 3


def forward(wire: Wire, source: bytes) -> Wire:
    told = b"x-forwarded-for: 203.0.113.9, %s\r\n" % source
    return wire.send(b"POST /oauth/token HTTP/1.1\r\nhost: x\r\n%scontent-length: 2\r\n\r\n{}" % told)


def test_invented_credentials_are_no_callers_of_their_own() -> None:
    """Whoever invents a token for each request has what its address has, and leaves room for others."""
    with (
        playing(requests=4, identify=lambda _: None) as (app, port),
        Wire(port) as one,
        Wire(port) as two,
        Wire(port) as three,
        Wire(port, source="127.0.0.9") as other,
    ):
        for number, wire in enumerate((one, two)):
            ask(wire, b"invented-%d" % number)
        app.wait_for(2)
        assert ask(three, b"invented-2").answer()[0] == 429
        ask(other, b"invented-3")
        app.wait_for(3)


def test_each_source_behind_a_proxy_has_its_share() -> None:
    """A stranger's requests without credentials refused everybody's who came by the same proxy, tokens included."""
    proxies = (ip_network("127.0.0.0/8"),)
    with playing(requests=4, proxies=proxies, identify=lambda _: None) as (app, port), ExitStack() as stack:
        one, two, three, other = (stack.enter_context(Wire(port)) for _ in range(4))
        for wire in (one, two):
            forward(wire, b"2001:db8:0:1::%d" % (wire is one))
        app.wait_for(2)
        status, fields, content = forward(three, b"2001:db8:0:1:ffff::").answer()
        assert (status, fields["content-type"]) == (429, "application/json; charset=utf-8")
        assert json.loads(content) == {"error": "temporarily_unavailable", "error_description": Refused.SHARE.message}
        forward(other, b"2001:db8:0:2::1")
        app.wait_for(3)


def test_when_all_work_it_is_said_that_the_service_is_full_and_probes_are_answered() -> None:
    with playing(requests=2) as (app, port), Wire(port) as one, Wire(port) as two, Wire(port) as three:
        ask(one, b"a")
        app.wait_for(1)
        ask(two, b"b")
        app.wait_for(2)
        status, fields, content = ask(three, b"c").answer()
        assert (status, fields["retry-after"]) == (503, "1")
        assert json.loads(content)["errors"][0]["extensions"] == {"code": "OVERLOADED"}
        assert ask(three, b"c", b"/uploads").answer()[2] == Refused.OVERLOAD.message.encode()
        ask(three, b"c", b"/livez")
        app.wait_for(3)
        app.go.set()
        assert three.answer()[0] == 200


def test_a_refused_request_that_asks_for_leave_is_refused_before_its_body() -> None:
    with playing(requests=2) as (app, port), Wire(port) as one, Wire(port) as two:
        ask(one)
        app.wait_for(1)
        fields = b"authorization: Bearer a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n"
        status, fields_ = parse_head(two.send(HEAD, fields).rest())
        assert (status, fields_["connection"]) == (429, "close")


def test_a_refusal_closes_a_connection_that_is_to_be_closed() -> None:
    with playing(requests=2) as (app, port), Wire(port) as one, Wire(port) as two:
        ask(one)
        app.wait_for(1)
        answer = two.send(HEAD, b"authorization: Bearer a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").rest()
        assert parse_head(answer)[0] == 429


def test_the_body_of_a_refused_request_is_not_kept() -> None:
    with playing(requests=2) as (app, port), Wire(port) as one, Wire(port) as two:
        ask(one)
        app.wait_for(1)
        two.send(HEAD, b"authorization: Bearer a\r\ncontent-length: 60000\r\n\r\n", b"x" * 60_000)
        assert two.answer()[0] == 429
        app.go.set()
        assert one.answer()[0] == 200
        assert ask(two).answer()[0] == 200
        assert app.bodies == [b"{}", b"{}"]


def test_a_large_body_of_a_refused_request_is_not_read() -> None:
    with playing(requests=2) as (app, port), Wire(port) as one, Wire(port) as two:
        ask(one)
        app.wait_for(1)
        two.send(HEAD, b"authorization: Bearer a\r\ncontent-length: 5000000\r\n\r\n")
        status, fields = parse_head(two.rest())
        assert (status, fields["connection"]) == (429, "close")
        assert len(app.began) == 1


def test_a_body_that_goes_on_after_its_answer_is_cut_off() -> None:
    with playing() as (app, port), Wire(port) as wire:
        app.early = True
        wire.send(HEAD, b"content-length: 50000000\r\n\r\n", b"x" * 100_000)
        assert wire.answer()[0] == 200
        sent = 100_000
        with suppress(OSError):
            while sent < 50_000_000:
                sent += wire.socket.send(PIECE)
        assert sent < 50_000_000


def test_a_connection_that_is_reset_leaves_nothing_behind() -> None:
    with playing() as (app, port):
        for _ in range(20):
            wire = Wire(port)
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            ask(wire)
            wire.socket.close()
        app.go.set()
        wait_until(lambda: (app.admission.opened, app.admission.total) == (0, 0))
