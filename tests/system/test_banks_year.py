"""A bank's year over two workers: a thousand customers watched, twelve months published, each told once by each way."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa
from chambers import YUYAO, furnish, lay_out, mutation
from import_files import line, write_csv
from receiver import Received, Receiver, receiving
from served import Command, wait_until
from subscribers import SUBSCRIBERS, Subscriber
from world import ISSUER

from auth.audiences import Audience
from auth.scopes import Scope
from auth.server.token_client import ClientCredential, request_token
from demo.city.numbers import Numbers
from demo.staff import Browser
from ingest.importing import import_file
from models.court import StaffRole
from models.keyring import load_keyring
from postgres import database
from settings import Settings

CUSTOMERS, ORDER, MONTHS = 1_000, 500, 12
SIGNS = "甲乙丙丁戊己庚辛壬癸"
CASE = "(2026)浙0281执900号"


@dataclass
class Bank:
    """A bank that listens in five ways, and the court that publishes."""

    command: Command
    engine: sa.Engine
    bank: str
    centre: str

    def send(self, token: str, name: str, shows: str, **given: Any) -> Any:
        """The payload of a mutation that is done."""
        body = {"query": mutation(name, shows), "variables": {"input": given}}
        headers = {"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())}
        answer = httpx2.post(f"{self.command.origin}/graphql", json=body, headers=headers, timeout=60).json()
        payload = answer["data"][name]
        assert payload.pop("errors") == [], answer
        return next(iter(payload.values()))

    def subscribed(self, count: int) -> list[Subscriber]:
        """Subscribers by every way, each over a connection of its own."""
        made: list[Subscriber] = [subscriber(self.command.origin, self.bank, count) for subscriber in SUBSCRIBERS]
        for one in made:
            one.start()
        return made

    def publish(self) -> float:
        """Publish the month that is decided. Gives the moment when that was done."""
        asked = "{ batches(first: 9, filter: { status: DECIDED }) { nodes { id } } }"
        headers = {"authorization": f"Bearer {self.centre}"}
        found = httpx2.post(f"{self.command.origin}/graphql", json={"query": asked}, headers=headers, timeout=30).json()
        (batch,) = found["data"]["batches"]["nodes"]
        self.send(self.centre, "publishBatch", "id", id=batch["id"], reason="按月发布。")
        return time.time()


@pytest.fixture
def bank(node: None, database_url: sa.URL, tmp_path: Path) -> Iterator[Bank]:
    lay_out(database_url, Settings(data_dir=tmp_path, issuer=ISSUER))
    engine = database.make_sync_engine(database_url)
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
    engine = database.make_async_engine(url, pool_size=2, statement_timeout=30)
    report = await import_file(engine, "cases", file, keyring=keyring)
    assert not report.rejected
    await engine.dispose()


CONSENTS = """
INSERT INTO consent (reference, client_key, subject_index, purposes, scopes, signed_on, valid_from, valid_to)
SELECT 'M-' || party_id, (SELECT id FROM client WHERE audience = 'BANK'), index, '{POST_LOAN_MONITORING}', :scopes,
  current_date, now() - interval '1 day', now() + interval '1 year' FROM identity WHERE main
"""
BATCH = "INSERT INTO batch (court_code, month, status) VALUES ('浙0281', :month, 'DECIDED') RETURNING id"
ITEMS = """
INSERT INTO deduction (case_id, party_id, role, behaviour_id, stage, tier, points, status, version, conduct_on,
  finding_kind, finding_digest, batch_id,
  proposed_by, reviewed_by, decided_by, proposed_at, notified_at, determined_on,
  expires_on)
SELECT part.case_id, part.party_id, part.role, behaviour.id, behaviour.stage, behaviour.tier, 2, 'PANEL_APPROVED', 1,
  current_date - 60, 'COURT_RECORD', sha256('x'), :batch,
  (SELECT min(id) FROM staff WHERE role = 'JUDGE'), (SELECT min(id) FROM staff WHERE role = 'CHIEF'),
  (SELECT min(id) FROM staff WHERE role = 'PANEL'), now() - interval '20 days', now() - interval '5 days',
  current_date - 10, current_date + 300
FROM participation part JOIN court_case c ON c.id = part.case_id AND c.number = :number, behaviour WHERE code = 'E01'
"""


def prepare(bank: Bank, tmp_path: Path, customers: list[dict[str, str]]) -> None:
    """The court knows them, each has let the bank watch, and the bank watches."""
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
    with bank.engine.begin() as connection:
        connection.execute(sa.text(CONSENTS), {"scopes": [Scope.PERSON_CREDIT.value]})
    for start in range(0, CUSTOMERS, ORDER):
        lines = bank.send(bank.bank, "watch", "outcome", subjects=customers[start : start + ORDER])
        assert Counter(line["outcome"] for line in lines) == {"WATCHED": ORDER}


def decide(bank: Bank, month: date) -> None:
    """A month waits for its publication, with an item of each customer."""
    with bank.engine.begin() as connection:
        batch = connection.execute(sa.text(BATCH), {"month": month}).scalar_one()
        made = connection.execute(sa.text(ITEMS), {"batch": batch, "number": CASE})
        assert made.rowcount == CUSTOMERS


def months(count: int) -> Iterator[date]:
    """The last of them, oldest first."""
    this = datetime.now(UTC).year * 12 + datetime.now(UTC).month - 1
    return (date(place // 12, place % 12 + 1, 1) for place in range(this - count, this))


def failed(bank: Bank) -> int:
    """Deliveries that were tried and not taken."""
    tried = sa.text("SELECT count(*) FROM delivery WHERE attempts > 0 AND delivered_at IS NULL")
    with bank.engine.connect() as connection:
        return int(connection.execute(tried).scalar_one())


@dataclass
class Year:
    """What the bank hears of one month after another. published: the moment of each publication."""

    bank: Bank
    subscribers: list[Subscriber]
    published: list[float] = field(default_factory=list)

    def publish(self, month: date) -> None:
        """Decide a month, and publish it."""
        decide(self.bank, month)
        self.published.append(self.bank.publish())

    def hear(self) -> None:
        """Wait until every subscriber has heard of all that was published."""
        for one in self.subscribers:
            one.wait_for(CUSTOMERS * len(self.published))

    def lateness(self, subscriber: Subscriber) -> float:
        """Seconds from a publication until the last of it was heard; the median month's, as machines have hiccups."""
        last = subscriber.heard[CUSTOMERS - 1 :: CUSTOMERS]
        return median(one.at - moment for one, moment in zip(last, self.published, strict=True))


def test_each_customer_is_told_once_a_month_by_each_way(bank: Bank, tmp_path: Path) -> None:
    customers = people()
    prepare(bank, tmp_path, customers)
    third, all_, taken = threading.Event(), threading.Event(), dict[str, str]()

    def answer(found: Received) -> int:
        taken[found.id] = found.content["data"]["reference"]
        if len(taken) >= CUSTOMERS // 3:
            third.set()
        if len(taken) == CUSTOMERS * MONTHS:
            all_.set()
        return 204

    receiver = Receiver(answer)
    first, *others = months(MONTHS)
    year = Year(bank, bank.subscribed(CUSTOMERS * MONTHS))
    with receiving(receiver):
        bank.send(bank.bank, "createWebhook", "id", url=receiver.url)
        year.publish(first)
        assert third.wait(30)
    wait_until(lambda: failed(bank) > 0)  # the receiver was stopped in the middle
    with receiving(receiver):
        year.hear()
        for month in others:
            year.publish(month)
            year.hear()
        assert all_.wait(30)
    references = Counter({one["reference"]: MONTHS for one in customers})
    assert Counter(taken.values()) == references
    for subscriber in year.subscribers:
        subscriber.finish()
        nodes = [one.node for one in subscriber.heard]
        assert {node["id"]: node["reference"] for node in nodes} == taken
        assert Counter(node["reference"] for node in nodes) == references
        assert {node["kind"] for node in nodes} == {"ENTRY_PUBLISHED"}
        print(f"{type(subscriber).__name__}: {year.lateness(subscriber):.1f} s after the median publication")  # noqa: T201 - shown by -rP
