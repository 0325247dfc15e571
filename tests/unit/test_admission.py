"""Admission: how many connections a source may have, and which share of the requests in work a caller may."""

import json
from ipaddress import ip_network
from typing import Any

import pytest

from protocols.admission import DEAF, HELD_OFF_SECONDS, LEAST, MOST_NOTED, SLOW_SECONDS, Admission
from protocols.limits import ConnectionLimits
from protocols.refusals import Refused, write_refusal
from source_address import name_source


def admission(**limits: Any) -> Admission:
    return Admission(ConnectionLimits(**limits))


def fill(found: Admission, caller: str) -> int:
    """How many requests a caller may begin."""
    count = 0
    while found.admits(caller):
        found.begin(caller)
        count += 1
    return count


def test_a_source_has_so_many_connections_and_all_together_have_so_many() -> None:
    found = admission(source_connections=2, connections=3)
    assert [found.open(source) for source in ("a", "a", "a")] == [True, True, False]
    found.close("a")
    assert [found.open(source) for source in ("b", "b")] == [True, False]
    for source in ("a", "a", "b", "b"):
        found.close(source)
    assert (found.opened, found.sources) == (0, {})


def test_a_caller_alone_has_half() -> None:
    found = admission(requests=100)
    assert fill(found, "a") == 50
    assert found.is_greedy("a")
    assert not found.is_greedy("b")


def test_there_is_room_for_another_caller() -> None:
    found = admission(requests=60)
    assert [fill(found, f"caller {number}") for number in range(6)] == [30, 15, 8, 4, 2, 1]
    assert fill(found, "late") == 0


def test_callers_that_ask_as_fast_as_they_can_come_to_have_the_same() -> None:
    found = admission(requests=60)
    for caller in "abc":
        fill(found, caller)
    for _ in range(100):
        for caller in "abc":
            found.end(caller, 0.001)
        for caller in "cba":
            fill(found, caller)
    assert all(14 <= held <= 16 for held in found.working.values())
    assert found.total <= 46
    assert found.admits("late")


def test_a_caller_that_is_refused_again_and_again_is_held_off_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1_000.0
    monkeypatch.setattr("protocols.admission.monotonic", lambda: moment)
    found = admission(requests=100)
    for _ in range(DEAF - 1):
        found.note("deaf", 429)
    found.note("deaf", 200)
    for _ in range(DEAF - 1):
        found.note("deaf", 429)
    assert found.admits("deaf")
    assert found.has_room
    found.note("deaf", 429)
    assert (found.has_room, found.admits("deaf"), found.admits("other")) == (False, False, True)
    moment += HELD_OFF_SECONDS
    assert found.admits("deaf")
    assert found.has_room
    found.note("deaf", 429)
    assert not found.admits("deaf")


def test_refusals_of_many_callers_are_forgotten() -> None:
    found = admission(requests=100)
    for number in range(MOST_NOTED + 1):
        found.note(f"caller {number}", 429)
    assert len(found.refusals) == 1


def test_an_end_makes_room() -> None:
    found = admission(requests=4)
    assert fill(found, "a") == 2
    found.end("a", 0.001)
    assert fill(found, "a") == 1
    for _ in range(2):
        found.end("a", 0.001)
    assert (found.total, found.working) == (0, {})


def test_fewer_are_in_work_while_they_take_long_and_more_while_they_do_not() -> None:
    found = admission(requests=100)
    for _ in range(1_000):
        found.begin("a")
        found.end("a", SLOW_SECONDS * 2)
    assert found.most == LEAST
    for _ in range(10_000):
        found.begin("a")
        found.end("a", SLOW_SECONDS / 2)
    assert found.most == 100


@pytest.mark.parametrize("refused", Refused)
def test_a_refusal_says_when_to_come_back_and_whether_the_connection_stays(refused: Refused) -> None:
    text = write_refusal(refused, [(b"date", b"today")], b"/graphql", close=True)
    head, _, content = text.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % refused.status)
    assert b"\r\ndate: today\r\nconnection: close\r\n" in head
    assert (b"retry-after: 1" in head) == (refused.status in {429, 503})
    assert b"content-length: %d" % len(content) in head
    assert refused.message.encode() in content
    assert b"connection:" not in write_refusal(refused, (), b"/", close=False)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1:a:b:c:d", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_a_network_is_one_source(address: str, source: str) -> None:
    assert name_source(address) == source


@pytest.mark.parametrize(
    ("address", "headers", "source"),
    [
        ("10.0.0.7", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.7", ["203.0.113.1, 192.0.2.7:4711, 10.0.0.8"], "192.0.2.7"),
        ("10.0.0.7", ["203.0.113.1", "2001:db8::7"], "2001:db8::/64"),
        ("10.0.0.7", [], "10.0.0.7"),
        ("10.0.0.7", [""], "10.0.0.7"),
        ("192.0.2.1", ["203.0.113.1"], "192.0.2.1"),
    ],
)
def test_only_proxies_say_where_a_request_comes_from(address: str, headers: list[str], source: str) -> None:
    limits = ConnectionLimits(proxies=[ip_network("10.0.0.0/24")])
    told = [(b"host", b"x"), *((b"x-forwarded-for", value.encode()) for value in headers)]
    assert limits.find_source(address, told) == source


@pytest.mark.parametrize("refused", Refused)
def test_a_refusal_has_the_form_of_its_address(refused: Refused) -> None:
    def content(url: bytes) -> bytes:
        return write_refusal(refused, (), url, close=True).partition(b"\r\n\r\n")[2]

    again = refused.status in {429, 503}
    assert json.loads(content(b"/oauth/token")) == {
        "error": "temporarily_unavailable" if again else "invalid_request",
        "error_description": refused.message,
    }
    assert json.loads(content(b"/graphql"))["errors"][0]["message"] == refused.message
    assert content(b"/look") == refused.message.encode()
