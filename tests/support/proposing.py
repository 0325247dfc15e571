"""Judges and chiefs who propose and review by the real command while something fails, and what must be stored then."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa
from chambers import CASE, YUYAO, furnish, lay_out, mutation
from served import Command
from world import ISSUER

from auth.server.token_client import ClientCredential
from demo.staff import Browser
from models.court import StaffRole
from postgres import database
from settings import Settings

FINDING = {"kind": "COURT_RECORD", "issuedOn": "2026-02-20", "digest": "00" * 32}
EVERYTHING = """
  SELECT deduction.id, deduction.status, count(step.id) AS steps,
    max(step.reason) FILTER (WHERE step.sequence = 1) AS proposed,
    max(step.reason) FILTER (WHERE step.sequence = 2) AS reviewed
  FROM deduction LEFT JOIN deduction_step step ON step.deduction_id = deduction.id
  GROUP BY deduction.id
"""


@dataclass
class Stage:
    """A real server over a database, a judge and a chief with their tokens, and a gate that a kill closes."""

    command: Command
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

    def the_case(self) -> Any:
        """The enforcement case, with the debtor's id."""
        body = {"query": CASE, "variables": {"number": "(2026)浙0281执11号"}}
        headers = {"authorization": f"Bearer {self.judge}"}
        answer = httpx2.post(f"{self.command.origin}/graphql", json=body, headers=headers, timeout=30).json()
        case = answer["data"]["case"]
        parties = {part["role"]: part["party"]["id"] for part in case["participations"]}
        return {"id": case["id"], "party": parties["JUDGMENT_DEBTOR"]}

    def check_stored(self, engine: sa.Engine, pairs: int) -> None:
        """What was acknowledged is there, once and whole, each with its entry in the access log."""
        with engine.connect() as connection:
            rows = connection.execute(sa.text(EVERYTHING)).all()
            keys = connection.scalar(sa.text("SELECT count(*) FROM idempotency_key"))
            logged = connection.scalar(sa.text("SELECT count(*) FROM access_record WHERE field LIKE '%Deduction'"))
        assert {row.proposed: row.reviewed for row in rows} == {
            f"第{place}件": f"审{place}件" for place in range(pairs)
        }
        assert {(row.status, row.steps) for row in rows} == {("CHIEF_APPROVED", 2)}
        assert len(rows) == pairs
        assert keys == len(self.acknowledged) == 2 * pairs
        assert (logged or 0) >= 2 * pairs


def open_stage(url: sa.URL, place: Path, environment: Mapping[str, str], workers: int = 1) -> Stage:
    """Lay out two courts in a migrated database, serve them by the real command, and sign two officers in.

    environment: further settings, which may lead to the database by another URL.
    """
    lay_out(url, Settings(data_dir=place, issuer=ISSUER))
    engine = database.make_sync_engine(url)
    _, front, staff = furnish(engine)
    engine.dispose()
    own = {"SUXIN_DATABASE_URL": url.set(drivername="postgresql").render_as_string(hide_password=False)}
    own |= {"SUXIN_DATA_DIR": str(place), "SUXIN_BUDGET": "0", **environment}
    command = Command(own, workers=workers, said=place / "said")
    command.start()

    def sign_in(role: StaffRole) -> str:
        with httpx2.Client() as http:
            credential = ClientCredential(command.origin, front.client_id, dict(front.key))
            return Browser(http, credential).sign_in(staff[YUYAO, role, 0])

    stage = Stage(command, sign_in(StaffRole.JUDGE), sign_in(StaffRole.CHIEF))
    stage.up.set()
    return stage
