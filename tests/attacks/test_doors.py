"""Attacks by clients that are let in, on the real command with two workers: files, reports, webhooks, sign-in.

The figure of each is logged: pytest tests/attacks --log-cli-level=INFO
"""

import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx2
import pytest
from attacked import Attacked, log
from browser import Attempt, filled, path
from bulk import CASES, EXPORT, SIGN, STATE, WATCHES
from conftest import City
from look_ups import key_of
from receiver import Receiver, receiving
from served import Command, wait_until
from wire import Wire
from world import World

from auth.audiences import Audience
from auth.clients.registry import set_budget
from auth.server.accounts import Account, Password, add_staff
from auth.server.token_client import ClientCredential, request_token
from demo.city.cast import DEMO_COURT, FORGE
from demo.clients import REDIRECT_URI
from models.court import StaffRole

COURT, BANK, COMMERCE = Audience.COURT, Audience.BANK, Audience.COMMERCE
OTHER_SOURCE = "127.0.0.2"
EVENTS = "{ events(first: 100) { nodes { id } } }"
EXPORTS = {COURT: CASES, BANK: WATCHES, COMMERCE: EVENTS}
FIGURES = "{ statistics(of: DEDUCTIONS, first: 100, groupBy: [MONTH, COURT]) { count subjects } }"
CHECK = "query($by: SubjectKey!) { subject(by: $by, access: { purpose: LOAN_APPROVAL }) { outcome party { name } } }"
HOOK = """mutation($input: CreateWebhookInput!) { createWebhook(input: $input) {
  webhook { id } errors { code message } } }"""
MOST_ANSWERS = 5_000
RESET = struct.pack("ii", 1, 0)
"""Close with a reset instead of an end (SO_LINGER of no seconds)."""


@dataclass(kw_only=True)
class Doors(Attacked):
    """The served instance, and who uses it. tokens: of its clients. judge: an officer of the court's client."""

    tokens: Mapping[Audience, str]
    clients: Mapping[Audience, Any]
    judge: Password

    def ask(self, audience: Audience, document: str, **given: Any) -> Any:
        """The one field of an answer without errors."""
        headers = {"authorization": f"Bearer {self.tokens[audience]}"}
        body = {"query": document, "variables": given}
        answer = httpx2.post(f"{self.command.origin}/graphql", json=body, headers=headers, timeout=30).json()
        assert "errors" not in answer, answer["errors"]
        (found,) = answer["data"].values()
        assert not found.get("errors"), found
        return found

    def export(self, audience: Audience) -> str:
        """The id of an export that has ended."""
        begun = self.ask(audience, EXPORT, input={"document": EXPORTS[audience]})["bulkOperation"]["id"]
        wait_until(lambda: self.ask(audience, STATE, id=begun)["state"] == "COMPLETED")
        return str(begun)

    def fetch(self, audience: Audience, operation: str) -> bytes:
        """The text of a request for the file of an export."""
        address = self.ask(audience, SIGN, input={"id": operation})["url"].removeprefix(self.command.origin)
        return f"GET {address} HTTP/1.1\r\nhost: x\r\n\r\n".encode()


@pytest.fixture(scope="module")
def doors(world: World, city: City) -> Iterator[Doors]:
    environment = {
        "SUXIN_DATABASE_URL": world.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "SUXIN_DATA_DIR": str(city.settings.data_dir),
        "SUXIN_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "SUXIN_TRUSTED_PROXIES": "127.0.0.9",
    }
    with world.engine.begin() as connection:
        judge = add_staff(connection, Account("王法官", "attacked.judge", StaffRole.JUDGE, DEMO_COURT))
    command = Command(environment, workers=2)
    command.start()
    with httpx2.Client(base_url=command.origin, timeout=30) as http:
        tokens = {
            audience: str(request_token(credential_of(command, world, audience), http, time.time())["access_token"])
            for audience in EXPORTS
        }
    yield Doors(command=command, tokens=tokens, clients=world.clients, judge=judge)
    command.stop()


def credential_of(command: Command, world: World, audience: Audience) -> ClientCredential:
    client = world.clients[audience]
    return ClientCredential(command.origin, client.client_id, dict(client.key))


def ask_at_once(port: int, text: bytes, count: int) -> list[tuple[int, dict[str, str], bytes]]:
    """The answers to a request that is sent on each of so many connections before any answer is read."""
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(port)) for _ in range(count)]
        for wire in wires:
            wire.send(text)
        return [wire.answer() for wire in wires]


def count_statuses(found: Sequence[tuple[int, dict[str, str], bytes]]) -> Counter[int]:
    """The statuses of answers. Who is refused is told when to come back."""
    refused = [fields for status, fields, _ in found if status in {429, 503}]
    assert all(int(fields["retry-after"]) >= 1 for fields in refused)
    return Counter(status for status, _, _ in found)


def answer_to(port: int, text: bytes, source: str = OTHER_SOURCE) -> int:
    """The status of the answer to somebody at another address."""
    with Wire(port, source=source) as wire:
        return wire.send(text).answer()[0]


# --- files ------------------------------------------------------------------------------------------------------------


def test_300_connections_to_one_signed_address(doors: Doors) -> None:
    """54 of them were answered with 500."""
    port = doors.command.port
    text, other = (doors.fetch(audience, doors.export(audience)) for audience in (COURT, BANK))
    with doors.bystander(), ThreadPoolExecutor(1) as pool:
        flood = pool.submit(ask_at_once, port, text, 300)
        others = [answer_to(port, other) for _ in range(20)]
        found = flood.result()
    statuses = count_statuses(found)
    doors.tell("300 connections to one signed address", f"{dict(statuses)}; another client's file: {Counter(others)}")
    assert statuses.keys() <= {200, 429, 503}
    assert len({content for status, _, content in found if status == 200}) == 1
    assert set(others) == {200}


def test_clients_that_reset_their_downloads_leave_no_place_taken(doors: Doors) -> None:
    """They are gone before the answer begins."""
    port, text = doors.command.port, doors.fetch(COURT, doors.export(COURT))
    with doors.bystander():
        for _ in range(200):
            with Wire(port) as wire:
                wire.send(text).socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    doors.tell("200 downloads that are reset", "each ended")
    wait_until(lambda: {answer_to(port, text) for _ in range(40)} == {200})


def test_a_client_uploads_40_files_at_once(doors: Doors) -> None:
    port, lines = doors.command.port, json.dumps(key_of(FORGE)).encode() + b"\n"

    def upload(audience: Audience, count: int) -> bytes:
        head = f"POST /uploads HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {doors.tokens[audience]}\r\n"
        body = lines * count
        return f"{head}content-type: application/jsonl\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body

    with doors.bystander(), ThreadPoolExecutor(1) as pool:
        flood = pool.submit(ask_at_once, port, upload(BANK, 5_000), 40)
        other = answer_to(port, upload(COMMERCE, 1))
        statuses = count_statuses(flood.result())
    doors.tell("40 uploads of 5,000 lines at once", f"{dict(statuses)}; another client's: {other}")
    assert statuses.keys() <= {201, 429}
    assert statuses[201] >= 1
    assert other == 201


def test_200_views_of_a_report_at_once(doors: Doors) -> None:
    text = b"GET /reports/SR%s HTTP/1.1\r\nhost: x\r\n\r\n"
    with doors.bystander(), ThreadPoolExecutor(1) as pool:
        flood = pool.submit(ask_at_once, doors.command.port, text % (b"-AAAA" * 7), 200)
        others = [answer_to(doors.command.port, text % (b"-BBBB" * 7)) for _ in range(10)]
        statuses = count_statuses(flood.result())
    doors.tell("200 views of one report at once", f"{dict(statuses)}; another visitor's: {Counter(others)}")
    assert statuses.keys() <= {404, 429, 503}
    assert set(others) == {404}


# --- figures ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_budget(doors: Doors, world: World) -> Iterator[None]:
    """The court's client may spend 60,000 points a minute: the bucket holds 3,000."""
    for points in (60_000, None):
        with world.engine.begin() as connection:
            set_budget(connection, doors.clients[COURT].client_id, points)
        if points:
            yield


@pytest.mark.usefixtures("small_budget")
def test_a_client_that_floods_statistics_is_told_to_wait_and_a_bank_is_answered(doors: Doors) -> None:
    """32 connections ask again at once, until 200 requests were refused."""
    body = json.dumps({"query": FIGURES}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {doors.tokens[COURT]}\r\n"
    text = f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    answers, others = list[tuple[int, dict[str, str], bytes]](), list[Any]()
    alone = doors.ask(BANK, CHECK, by=key_of(FORGE))

    def flood() -> None:
        while len(answers) < MOST_ANSWERS and sum(status == 429 for status, _, _ in answers) < 200:
            with Wire(doors.command.port, source=OTHER_SOURCE) as wire:
                answers.append(wire.send(text).answer())

    with doors.bystander(), ThreadPoolExecutor(32) as pool:
        flooding = [pool.submit(flood) for _ in range(32)]
        while not all(one.done() for one in flooding):
            others.append(doors.ask(BANK, CHECK, by=key_of(FORGE)))
        for one in flooding:
            one.result()
    statuses = count_statuses(answers)
    refused = [json.loads(content)["errors"] for status, _, content in answers if status == 429]
    codes = Counter(error["extensions"]["code"] for errors in refused for error in errors)
    doors.tell("a flood of statistics", f"{dict(statuses)}, {dict(codes)}; a bank's checks: {len(others)}, all right")
    assert (alone["outcome"], alone["party"]) == ("MATCHED", {"name": FORGE.name})
    assert [one for one in others if one != alone] == []
    assert others
    assert statuses.keys() == {200, 429}
    assert statuses[200] < statuses[429]
    assert codes.keys() <= {"THROTTLED", "CONCURRENCY_LIMITED"}


# --- lengths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", ["9" * 46, "9" * 5_000, "-1", "+5", "1_0", "5, 6", "0x5", ""])
def test_a_length_that_is_none_is_refused_at_once(doors: Doors, length: str) -> None:
    """Servers have waited for a body of 10^46 bytes."""
    with Wire(doors.command.port) as wire:
        wire.send(f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\nHello".encode())
        assert wire.rest().startswith(b"HTTP/1.1 400 ")


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_a_webhook_that_hangs_delays_neither_its_client_s_others_nor_anybody_s(doors: Doors) -> None:
    """It answers when the others have been told all."""
    told = threading.Event()
    with ExitStack() as stack:
        listen = partial(stack.enter_context)
        hanging = listen(receiving(Receiver(lambda _: 204 if told.wait(50) else 500)))
        own, other = listen(receiving(Receiver())), listen(receiving(Receiver()))
        for audience, one in ((BANK, hanging), (BANK, own), (COMMERCE, other)):
            doors.ask(audience, HOOK, input={"url": one.url})
        with doors.bystander():
            for _ in range(3):
                doors.export(BANK)
            doors.export(COMMERCE)
            wait_until(lambda: (len(own.received), len(other.received)) == (3, 1))
            hung = len(hanging.received)
            told.set()
            wait_until(lambda: len(hanging.received) == 3)
    doors.tell(
        "a webhook that hangs", f"it had {hung} events while its client's other one had 3, and another client's 1"
    )
    assert hung == 1


def test_a_receiver_that_asks_to_wait_is_left_alone(doors: Doors) -> None:
    with receiving(Receiver(lambda _: 429, retry_after="3600")) as asking, receiving(Receiver()) as other:
        for one in (asking, other):
            doors.ask(COMMERCE, HOOK, input={"url": one.url})
        for _ in range(3):
            doors.export(COMMERCE)
        wait_until(lambda: len(other.received) == 3)
        log.info("a receiver that asks to wait an hour: %d request, another one: 3", len(asking.received))
        assert len(asking.received) == 1


# --- sign-in ----------------------------------------------------------------------------------------------------------


def sign_in(doors: Doors, browser: httpx2.Client, password: str) -> httpx2.Response:
    """Fill in the page of the court's client."""
    address = path(Attempt(doors.clients[COURT].client_id).query(redirect_uri=REDIRECT_URI, prompt="login"))
    page = browser.get(address)
    if page.status_code != 200:
        return page
    return browser.post(address, data=filled(page, doors.judge.username, password))


def browse(doors: Doors, source: str) -> httpx2.Client:
    """A browser at an address, behind the proxy of the court."""
    transport = httpx2.HTTPTransport(local_address="127.0.0.9")
    headers = {"x-forwarded-for": source}
    return httpx2.Client(base_url=doors.command.origin, timeout=60, headers=headers, transport=transport)


def guess(doors: Doors, number: int) -> int:
    """The status of a stranger's guess."""
    with browse(doors, f"203.0.{number}.7") as browser:
        found = sign_in(doors, browser, f"a-wrong-password-{number}")
    assert found.status_code != 503 or int(found.headers["retry-after"]) >= 1
    return found.status_code


def test_strangers_who_guess_lock_no_known_device_out(doors: Doors) -> None:
    with browse(doors, "198.51.100.1") as own, browse(doors, "198.51.100.2") as other:
        assert sign_in(doors, own, doors.judge.password).status_code == 303
        with doors.bystander(), ThreadPoolExecutor(60) as pool:
            guesses = [pool.submit(guess, doors, number) for number in range(60)]
            meanwhile = sign_in(doors, own, doors.judge.password).status_code
            statuses = Counter(one.result() for one in guesses)
        doors.tell("60 guesses at once", f"{dict(statuses)}; the known device meanwhile: {meanwhile}")
        assert statuses.keys() <= {401, 503}
        assert meanwhile == 303
        assert sign_in(doors, other, doors.judge.password).status_code == 401, "locked for devices it does not know"
        assert sign_in(doors, own, doors.judge.password).status_code == 303
