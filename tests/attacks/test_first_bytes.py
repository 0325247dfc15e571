"""Attacks by connections, on the real command with two workers: what they cost it, and what a bystander notices.

The figure of each is logged: pytest tests/attacks --log-cli-level=INFO
"""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from attacked import Attacked, log
from conftest import City
from served import Command
from wire import Wire, parse_head
from world import World

HEAD = b"POST /graphql HTTP/1.1\r\nhost: x\r\n"
MEGABYTE, LIMIT_SECONDS = 2**20, 2
MOST_GROWTH = 64 * MEGABYTE
"""Memory by which both workers together may grow; one head that never ended took 300 MB."""


@pytest.fixture(scope="module")
def attacked(world: World, city: City) -> Iterator[Attacked]:
    url = world.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    limits = {f"SUXIN_{name}_TIMEOUT": str(LIMIT_SECONDS) for name in ("HEAD", "BODY", "SEND")}
    environment = {"SUXIN_DATABASE_URL": url, "SUXIN_DATA_DIR": str(city.settings.data_dir), "SUXIN_WORKER": "false"}
    command = Command({**environment, **limits}, workers=2)
    command.start()
    yield Attacked(command=command)
    command.stop()


def send_until_closed(port: int, first: bytes, piece: bytes, most: int) -> tuple[int, bytes]:
    """Send pieces until the server closes the connection. Returns the number of bytes, and the answer."""
    sent = 0
    with Wire(port) as wire:
        wire.send(first)
        with suppress(OSError):
            while sent < most:
                sent += wire.socket.send(piece)
        with suppress(OSError):
            wire.socket.shutdown(socket.SHUT_WR)
        return sent, wire.rest()


def test_heads_of_60_megabytes(attacked: Attacked) -> None:
    """One stopped everybody for two seconds."""
    before, most = attacked.memory(), 60 * MEGABYTE
    with attacked.bystander(), ThreadPoolExecutor(8) as pool:
        send = lambda _: send_until_closed(attacked.command.port, HEAD + b"x: ", b"y" * 65_536, most)  # noqa: E731
        found = list(pool.map(send, range(32)))
    attacked.tell("32 heads of 60 MB", f"{max(sent for sent, _ in found):,} bytes were sent at most")
    assert all(sent < most for sent, _ in found)
    assert {parse_head(answer)[0] for _, answer in found if answer} <= {431}
    assert attacked.memory() - before < MOST_GROWTH


def hold_open(port: int, count: int, text: bytes, drop: bytes) -> Counter[int | None]:
    """Open connections, send a text on each, then drop after drop until the server closes them. Returns the statuses of
    the answers; None for none."""
    wires = [Wire(port).send(text) for _ in range(count)]
    statuses: Counter[int | None] = Counter()
    for wire in wires:
        wire.socket.settimeout(0.05)
    deadline = time.monotonic() + 20 * LIMIT_SECONDS
    while wires and time.monotonic() < deadline:
        for wire in list(wires):
            if drop:
                wire.send(drop)
            with suppress(TimeoutError):
                answer = wire.rest()
                statuses[parse_head(answer)[0] if answer else None] += 1
                wire.socket.close()
                wires.remove(wire)
    assert not wires
    return statuses


SLOW: dict[str, tuple[bytes, bytes, set[int | None]]] = {
    "200 silent connections": (b"", b"", {None}),
    "200 heads that come drop by drop": (HEAD + b"x: ", b"y", {408, None}),
    "200 heads that stop": (HEAD, b"", {408}),
    "200 bodies that stop": (HEAD + b"content-length: 60000\r\n\r\n{", b"", {408}),
    "200 bodies that come drop by drop": (HEAD + b"content-length: 60000\r\n\r\n{", b" ", {408, None}),
    "200 uploads that stop": (HEAD.replace(b"/graphql", b"/uploads") + b"content-length: 9\r\n\r\n{", b"", {408}),
}
"""Texts, drops, and statuses. A drop that meets a closed connection can cost the answer: then there is none."""


@pytest.mark.parametrize("attack", SLOW)
def test_slow_clients(attacked: Attacked, attack: str) -> None:
    text, drop, statuses = SLOW[attack]
    started, before = time.monotonic(), attacked.memory()
    with attacked.bystander():
        found = hold_open(attacked.command.port, 200, text, drop)
    attacked.tell(attack, f"{dict(found)} after {time.monotonic() - started:.1f} s")
    assert found.keys() <= statuses
    assert found.total() == 200
    assert attacked.memory() - before < MOST_GROWTH


def test_clients_that_do_not_read(attacked: Attacked) -> None:
    """They ask for the metrics again and again."""
    before = attacked.memory()
    ask = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"

    def flood(_: int) -> bool:
        with Wire(attacked.command.port, receive_buffer=4_096) as wire:
            wire.socket.settimeout(20 * LIMIT_SECONDS)
            try:
                while True:
                    wire.socket.sendall(ask)
            except TimeoutError:
                return False
            except OSError:
                return True

    with attacked.bystander(), ThreadPoolExecutor(20) as pool:
        cut_off = list(pool.map(flood, range(20)))
    attacked.tell("20 clients that do not read", f"{sum(cut_off)} were cut off")
    assert all(cut_off)
    assert attacked.memory() - before < MOST_GROWTH


def test_a_source_opens_as_many_connections_as_it_can(attacked: Attacked) -> None:
    """Both workers have 512 of its connections; the rest are refused."""
    statuses = hold_open(attacked.command.port, 1_400, b"", b"")
    log.info("1,400 connections at once: %s", dict(statuses))
    assert statuses[503] >= 1_400 - 2 * 512
    assert statuses.keys() <= {503, None}
