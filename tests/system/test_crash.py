"""The server is killed again and again amid mutations: what it acknowledged is there, and nothing is there by half."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from chambers import CASE, YUYAO, furnish, lay_out, mutation
from served import Command
from world import ISSUER

from auth.server.token_client import ClientCredential
from demo.staff import Browser
from models.court import StaffRole
from postgres import database
from settings import Settings

MUTATIONS, KILLS, CLIENTS = 120, 4, 4
SEED = 4
FINDING = {"kind": "COURT_RECORD", "issuedOn": "2026-02-20", "digest": "00" * 32}


@dataclass
class Stage:
    """A real server over a database, a judge and a chief with their tokens, and a gate that a kill closes."""

    command: Command
    engine: sa.Engine
    judge: str
    chief: str
    up: threading.Event = field(default_factory=threading.Event)
    acknowledged: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0

    def send(self, token: str, name: str, given: dict[str, Any], key: str) -> Any:
        """Send a mutation under one key until it is acknowledged; gives its payload."""
        body = {"query": mutation(name, "id status"), "variables": {"input": given}}
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        while True:
            self.up.wait()
            self.attempts += 1
            try:
                response = httpx2.post(f"{self.command.origin}/graphql", json=body, headers=headers, timeout=30)
            except httpx2.TransportError:
                continue
            if response.status_code == 200:
                payload = response.json()["data"][name]
                assert payload["errors"] == [], payload
                self.acknowledged[key] = payload["deduction"]
                return payload["deduction"]
            assert response.status_code in {409, 503}, response.text

    def propose_and_review(self, place: int, case: Any) -> None:
        """Two mutations, the second on what the first made."""
        given = {"caseId": case["id"], "partyId": case["party"], "role": "JUDGMENT_DEBTOR", "behaviour": "E01"}
        given |= {"points": 1 + place % 5, "conductOn": "2026-02-10", "reason": f"第{place}件"}
        given["finding"] = FINDING | {"number": f"笔录{place}"}
        made = self.send(self.judge, "proposeDeduction", given, f"propose-{place}")
        review = {"id": made["id"], "version": 1, "reason": f"审{place}件"}
        self.send(self.chief, "reviewDeduction", review, f"review-{place}")


@pytest.fixture
def stage(database_url: sa.URL, tmp_path: Path) -> Iterator[Stage]:
    lay_out(database_url, Settings(data_dir=tmp_path, issuer=ISSUER))
    engine = database.make_sync_engine(database_url)
    _, front, staff = furnish(engine)
    url = database_url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = Command({"SUXIN_DATABASE_URL": url, "SUXIN_DATA_DIR": str(tmp_path), "SUXIN_BUDGET": "0"})
    command.start()

    def sign_in(role: StaffRole) -> str:
        with httpx2.Client() as http:
            credential = ClientCredential(command.origin, front.client_id, dict(front.key))
            return Browser(http, credential).sign_in(staff[YUYAO, role, 0])

    found = Stage(command, engine, sign_in(StaffRole.JUDGE), sign_in(StaffRole.CHIEF))
    found.up.set()
    yield found
    command.stop()
    engine.dispose()


def the_case(stage: Stage) -> Any:
    """The enforcement case, with the debtor's id."""
    body = {"query": CASE, "variables": {"number": "(2026)浙0281执11号"}}
    headers = {"authorization": f"Bearer {stage.judge}"}
    case = httpx2.post(f"{stage.command.origin}/graphql", json=body, headers=headers, timeout=30).json()["data"]["case"]
    parties = {part["role"]: part["party"]["id"] for part in case["participations"]}
    return {"id": case["id"], "party": parties["JUDGMENT_DEBTOR"]}


def kill_at_random(stage: Stage, done: threading.Event) -> int:
    """Kill the server when it has acknowledged so many more, at a moment of its own choice within the next ones."""
    chance, kills = random.Random(SEED), 0
    marks = sorted(chance.sample(range(5, MUTATIONS - 20), KILLS))
    for mark in marks:
        while len(stage.acknowledged) < mark and not done.wait(0.001):
            pass
        done.wait(chance.uniform(0, 0.05))
        stage.up.clear()
        stage.command.kill()
        kills += 1
        stage.command.start()
        stage.up.set()
    return kills


def test_no_acknowledged_mutation_is_lost_and_none_is_half_done(stage: Stage) -> None:
    case, done = the_case(stage), threading.Event()
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        killer = pool.submit(kill_at_random, stage, done)
        work = [pool.submit(stage.propose_and_review, place, case) for place in range(MUTATIONS // 2)]
        try:
            for one in work:
                one.result()
        finally:
            done.set()
        assert killer.result() == KILLS
    assert len(stage.acknowledged) == MUTATIONS
    with stage.engine.connect() as connection:
        rows = connection.execute(sa.text(EVERYTHING)).all()
        keys = connection.scalar(sa.text("SELECT count(*) FROM idempotency_key"))
        logged = connection.scalar(sa.text("SELECT count(*) FROM access_record WHERE field LIKE '%Deduction'"))
    expected = {f"第{place}件": f"审{place}件" for place in range(MUTATIONS // 2)}
    assert {row.proposed: row.reviewed for row in rows} == expected
    assert {(row.status, row.steps) for row in rows} == {("CHIEF_APPROVED", 2)}
    assert len(rows) == MUTATIONS // 2
    assert keys == MUTATIONS
    assert (logged or 0) >= MUTATIONS
    assert stage.attempts > MUTATIONS, "nothing was ever cut off"


EVERYTHING = """
  SELECT deduction.id, deduction.status, count(step.id) AS steps,
    max(step.reason) FILTER (WHERE step.sequence = 1) AS proposed,
    max(step.reason) FILTER (WHERE step.sequence = 2) AS reviewed
  FROM deduction LEFT JOIN deduction_step step ON step.deduction_id = deduction.id
  GROUP BY deduction.id
"""
