"""A bank's month over two workers: a thousand customers watched, a month published, each warned of once a channel."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa
from chambers import YUYAO, furnish, lay_out, mutation
from import_files import line, write_csv
from receiver import Received, Receiver, receiving
from served import Command, wait_until
from websockets.asyncio.client import connect
from world import ISSUER

import database
from auth.audiences import Audience
from auth.scopes import Scope
from auth.token_client import ClientCredential, request_token
from demo.numbers import Numbers
from demo.staff import Browser
from ingest.importing import import_file
from models.court import StaffRole
from models.keyring import load_keyring
from settings import Settings

CUSTOMERS, ORDER = 1_000, 500
SUBSCRIBE = "subscription { events { cursor node { id kind reference } } }"
SIGNS = "甲乙丙丁戊己庚辛壬癸"
CASE = "(2026)浙0281执900号"


@dataclass
class Bank:
    """A bank that listens in three ways, and the court that publishes."""

    command: Command
    engine: sa.Engine
    bank: str
    centre: str
    sockets: list[Any] = field(default_factory=list)
    streams: list[Any] = field(default_factory=list)
    listening: threading.Barrier = field(default_factory=lambda: threading.Barrier(3, timeout=30))

    def send(self, token: str, name: str, shows: str, **given: Any) -> Any:
        """The payload of a mutation that is done."""
        body = {"query": mutation(name, shows), "variables": {"input": given}}
        headers = {"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())}
        answer = httpx2.post(f"{self.command.origin}/graphql", json=body, headers=headers, timeout=60).json()
        payload = answer["data"][name]
        assert payload.pop("errors") == [], answer
        return next(iter(payload.values()))

    def listen(self) -> Iterator[threading.Thread]:
        """One thread for each way of subscribing, over connections of their own."""
        for hear in (self._by_socket, self._by_stream):
            thread = threading.Thread(target=lambda hear=hear: asyncio.run(hear()))
            thread.start()
            yield thread

    async def _by_socket(self) -> None:
        url = self.command.origin.replace("http:", "ws:") + "/graphql"
        async with connect(url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]  # a NewType
            await socket.send(
                json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {self.bank}"}})
            )
            await socket.recv()
            payload = {"query": SUBSCRIBE, "variables": {"after": None}}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            await asyncio.to_thread(self.listening.wait)
            while len(self.sockets) < CUSTOMERS:
                message = json.loads(await socket.recv())
                self.sockets.append(message["payload"]["data"]["events"]["node"])

    async def _by_stream(self) -> None:
        headers = {"authorization": f"Bearer {self.bank}", "accept": "text/event-stream"}
        url, body = f"{self.command.origin}/graphql", {"query": SUBSCRIBE}
        async with (
            httpx2.AsyncClient(timeout=60) as http,
            http.stream("POST", url, json=body, headers=headers) as found,
        ):
            await asyncio.to_thread(self.listening.wait)
            async for text in found.aiter_lines():
                if text.startswith("data: "):
                    self.streams.append(json.loads(text.removeprefix("data: "))["data"]["events"]["node"])
                if len(self.streams) == CUSTOMERS:
                    return


@pytest.fixture
def bank(database_url: sa.URL, tmp_path: Path) -> Iterator[Bank]:
    lay_out(database_url, Settings(data_dir=tmp_path, issuer=ISSUER))
    engine = database.sync_engine(database_url)
    clients, front, staff = furnish(engine)
    url = database_url.set(drivername="postgresql").render_as_string(hide_password=False)
    settings = {"SUXIN_DATABASE_URL": url, "SUXIN_DATA_DIR": str(tmp_path), "SUXIN_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    command = Command(settings, workers=2)
    command.start()
    with httpx2.Client(timeout=30) as http:
        client = clients[Audience.BANK]
        credential = ClientCredential(command.origin, client.client_id, dict(client.key))
        token = str(request_token(credential, http, datetime.now(UTC).timestamp())["access_token"])
        page = ClientCredential(command.origin, front.client_id, dict(front.key))
        centre = Browser(http, page).sign_in(staff[YUYAO, StaffRole.CENTRE, 0])
    yield Bank(command, engine, token, centre)
    command.stop()
    engine.dispose()


def people() -> list[dict[str, str]]:
    """A thousand customers, as the bank names them."""
    numbers = Numbers()
    return [
        {
            "name": f"客户{'甲乙丙丁戊己庚辛壬癸'[place % 10]}",
            "idNumber": numbers.resident("330281"),
            "reference": f"KH-{place}",
        }
        for place in range(CUSTOMERS)
    ]


async def enter(url: sa.URL, keyring: Any, file: Path) -> None:
    """Let the court know them."""
    engine = database.async_engine(url, pool_size=2, statement_timeout=30)
    report = await import_file(engine, "cases", file, keyring=keyring)
    assert not report.rejected
    await engine.dispose()


CONSENTS = """
INSERT INTO consent (reference, client_key, subject_index, purposes, scopes, signed_on, valid_from, valid_to)
SELECT 'M-' || party_id, (SELECT id FROM client WHERE audience = 'BANK'), index, '{POST_LOAN_MONITORING}', :scopes,
  current_date, now() - interval '1 day', now() + interval '1 year' FROM identity
"""
BATCH = "INSERT INTO batch (court_code, month, status) VALUES ('浙0281', :month, 'DECIDED') RETURNING id"
ITEMS = """
INSERT INTO deduction (case_id, party_id, role, behaviour_id, stage, tier, points, status, version, conduct_on,
  protected, finding_kind, finding_digest, batch_id,
  proposed_by, reviewed_by, decided_by, proposed_at, notified_at, determined_on,
  expires_on)
SELECT part.case_id, part.party_id, part.role, behaviour.id, behaviour.stage, behaviour.tier, 2, 'PANEL_APPROVED', 1,
  current_date - 60, false, 'COURT_RECORD', sha256('x'), :batch,
  (SELECT min(id) FROM staff WHERE role = 'JUDGE'), (SELECT min(id) FROM staff WHERE role = 'CHIEF'),
  (SELECT min(id) FROM staff WHERE role = 'PANEL'), now() - interval '20 days', now() - interval '5 days',
  current_date - 10, current_date + 300
FROM participation part JOIN court_case c ON c.id = part.case_id AND c.number = :number, behaviour WHERE code = 'E01'
"""


def prepare(bank: Bank, tmp_path: Path, customers: list[dict[str, str]]) -> None:
    """The court knows them, each has let the bank watch, and last month waits for its publication."""
    known = [
        line(
            案号=CASE,
            立案日期="2026-01-05",
            结案日期="",
            诉讼地位="被执行人",
            姓名或名称=one["name"],
            证件号码=one["idNumber"],
        )
        for one in customers
    ]
    keyring = load_keyring(Settings(data_dir=tmp_path).key_file)
    asyncio.run(enter(bank.engine.url, keyring, write_csv(tmp_path / "customers.csv", known)))
    last = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).date().replace(day=1)
    with bank.engine.begin() as connection:
        connection.execute(sa.text(CONSENTS), {"scopes": [Scope.PERSON_CREDIT.value]})
        batch = connection.execute(sa.text(BATCH), {"month": last}).scalar_one()
        made = connection.execute(sa.text(ITEMS), {"batch": batch, "number": CASE})
        assert made.rowcount == CUSTOMERS


def failed(bank: Bank) -> int:
    """Deliveries that were tried and not taken."""
    tried = sa.text("SELECT count(*) FROM delivery WHERE attempts > 0 AND delivered_at IS NULL")
    with bank.engine.connect() as connection:
        return int(connection.execute(tried).scalar_one())


def test_each_customer_is_warned_of_once_by_each_way(bank: Bank, tmp_path: Path) -> None:
    customers = people()
    prepare(bank, tmp_path, customers)
    for start in range(0, CUSTOMERS, ORDER):
        lines = bank.send(bank.bank, "watch", "outcome", subjects=customers[start : start + ORDER])
        assert Counter(line["outcome"] for line in lines) == {"WATCHED": ORDER}
    half = threading.Event()

    def answer(_: Received) -> int:
        if len(receiver.received) >= CUSTOMERS // 3:
            half.set()
        return 204

    receiver = Receiver(answer)
    with ExitStack() as first:
        first.enter_context(receiving(receiver))
        bank.send(bank.bank, "createWebhook", "id", url=receiver.url)
        threads = list(bank.listen())
        bank.listening.wait()
        asked = "{ batches(first: 9, filter: { status: DECIDED }) { nodes { id } } }"
        headers = {"authorization": f"Bearer {bank.centre}"}
        found = httpx2.post(f"{bank.command.origin}/graphql", json={"query": asked}, headers=headers, timeout=30).json()
        (batch,) = found["data"]["batches"]["nodes"]
        bank.send(bank.centre, "publishBatch", "id", id=batch["id"], reason="按月发布。")
        assert half.wait(30)
    wait_until(lambda: failed(bank) > 0)  # the receiver was stopped in the middle
    with receiving(receiver):
        for thread in threads:
            thread.join(60)
        wait_until(lambda: len({one.id for one in receiver.received}) == CUSTOMERS)
    references = Counter(one["reference"] for one in customers)
    assert Counter(node["reference"] for node in bank.sockets) == references
    assert Counter(node["reference"] for node in bank.streams) == references
    told = {one.id: one.content["data"]["reference"] for one in receiver.received}
    assert Counter(told.values()) == references
    assert {node["kind"] for node in bank.sockets} == {"ENTRY_PUBLISHED"}
    assert [node["id"] for node in bank.sockets] == [node["id"] for node in bank.streams]
    assert set(told) == {node["id"] for node in bank.sockets}
