"""Measure proposals of deductions over HTTP, and PostgreSQL alone writing the same rows.

Run: python -m bench.writes.proposals
"""

import json
import math
import time
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import Annotated, Any
from uuid import uuid4

import httpx2
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table

from auth.server.accounts import Account, Password, add_staff
from auth.server.token_client import ClientCredential
from bench.database.data import Data, copy_database, open_database
from bench.measuring import results
from bench.measuring.pgbench import Statement, run_pgbench
from bench.measuring.processor import find_postmaster, measure_processor
from bench.measuring.rounds import Run, Schedule, measure
from bench.measuring.wrk import Load, LoadError, run_wrk
from bench.systems.suxin import Suxin
from demo.clients import REDIRECT_URI
from demo.staff import Browser
from engine.declare.opaque import seal
from models.audience import Audience
from models.court import StaffRole
from postgres import database

PROPOSE = """mutation($input: ProposeDeductionInput!) { proposeDeduction(input: $input) {
  deduction { id status points } errors { code } } }"""
FINDING = {"kind": "COURT_RECORD", "issuedOn": "2026-01-20", "digest": "00" * 32}
MOST = 1000
"""Proposals per second that are prepared, more than can be written. Each has its own document (R3)."""

PARTS = """
  SELECT participation.case_id, participation.party_id, participation.role FROM participation
  JOIN court_case ON court_case.id = case_id
  WHERE court_code = :court AND party_id IS NOT NULL ORDER BY participation.id LIMIT 64
"""
COURT = "SELECT court_code FROM court_case GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
ALONE = (
    """INSERT INTO deduction (case_id, party_id, role, behaviour_id, stage, tier, points, status, version, conduct_on,
    finding_kind, finding_document, finding_issued_on, finding_digest, proposed_by, proposed_at)
    SELECT $1, $2, $3, id, stage, tier, 3, 'PROPOSED', 1, DATE '2026-01-10', 'COURT_RECORD',
    '庭审笔录' || gen_random_uuid(), DATE '2026-01-20', decode(repeat('00', 32), 'hex'), $4, now()
    FROM behaviour WHERE code = 'F05'""",
    """INSERT INTO deduction_step (deduction_id, sequence, status, staff_id, staff_role, taken_at, reason)
    VALUES (currval(pg_get_serial_sequence('deduction', 'id')), 1, 'PROPOSED', $1, 'JUDGE', now(), '事实清楚。')""",
    """INSERT INTO access_answer
    (at, request_id, client_key, audience, purpose, parties, shape_id, subjects, results)
    VALUES (now(), gen_random_uuid(), 1, 'COURT', 'JUDICIAL', ARRAY[$1::bigint], 1, 1, ARRAY['GIVEN'])""",
)
"""The rows of a proposal: the deduction, its first step, and the entry of the access log."""

console = Console()


def add_judge(engine: sa.Engine) -> tuple[str, Password, int]:
    """Add a judge to the court with the most cases. Returns the court, the password and the staff key."""
    with engine.begin() as connection:
        court = str(connection.scalar(sa.text(COURT)))
        register = sa.text("UPDATE client SET redirect_uris = ARRAY[:uri] WHERE client_id = 'demo-court'")
        connection.execute(register, {"uri": REDIRECT_URI})
        judge = add_staff(connection, Account("测试法官", "bench-judge", StaffRole.JUDGE, court))
        key = connection.scalar(sa.text("SELECT staff_id FROM staff_account WHERE username = 'bench-judge'"))
    return court, judge, int(key or 0)


def make_bodies(data: Data, parts: Sequence[Any], number: int) -> list[bytes]:
    """Return `number` proposals against these participants in turn."""
    key = data.keyring.opaque_key
    found = []
    for case, party, role in islice(cycle(parts), number):
        ids = {"caseId": seal(f"Case:{case}".encode(), key), "partyId": seal(f"Party:{party}".encode(), key)}
        given = ids | {"role": role, "behaviour": "F05", "points": 3, "conductOn": "2026-01-10"}
        given |= {"finding": FINDING | {"number": f"庭审笔录{uuid4()}"}, "reason": "事实清楚。"}
        found.append(json.dumps({"query": PROPOSE, "variables": {"input": given}}).encode())
    return found


def sign_in(system: Suxin, judge: Password) -> Mapping[str, str]:
    """Sign in and return the authorization header."""
    client = system.data.clients[Audience.COURT.value]
    credential = ClientCredential(system.origin, client["client_id"], client["key"])
    with httpx2.Client() as http:
        return {"authorization": f"Bearer {Browser(http, credential).sign_in(judge, time.time())}"}


def measure_http(system: Suxin, judge: Password, parts: Sequence[Any], engine: sa.Engine, connections: int) -> Run:
    """Return the function that loads Suxin. It raises LoadError if fewer deductions exist than were answered."""

    postmaster = find_postmaster(system.data.url)

    def run(seconds: float) -> Load:
        headers, before = sign_in(system, judge), count_deductions(engine)
        sent = make_bodies(system.data, parts, math.ceil(seconds * MOST))
        load = measure_processor(
            lambda: run_wrk(system.url, sent, headers, connections, seconds), system.process, postmaster
        )
        written = count_deductions(engine) - before
        if written < load.per_second * seconds * 0.9:
            raise LoadError(f"{load.per_second * seconds:.0f} proposals were answered, and {written} are there.")
        return load

    return run


def count_deductions(engine: sa.Engine) -> int:
    """Count the deductions."""
    with engine.connect() as connection:
        return int(connection.scalar(sa.text("SELECT count(*) FROM deduction")) or 0)


def make_transactions(parts: Sequence[Any], judge: int) -> list[Sequence[Statement]]:
    """The transactions of PostgreSQL alone, without any checks."""
    return [
        [
            Statement("begin"),
            Statement(ALONE[0], (case, party, role, judge)),
            Statement(ALONE[1], (judge,)),
            Statement(ALONE[2], (party,)),
            Statement("commit"),
        ]
        for case, party, role in parts
    ]


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds; both run once per round.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 4,
    connections: Annotated[int, typer.Option(help="Concurrent requests.")] = 8,
) -> None:
    """Measure proposals per second.

    Example: python -m bench.writes.proposals --subjects 20000 --rounds 3
    """
    schedule = Schedule(rounds, seconds, warm_up=1)
    with open_database(subjects) as original, copy_database(original) as data:
        engine = database.make_sync_engine(data.url)
        court, judge, key = add_judge(engine)
        with engine.connect() as connection:
            parts = [tuple(row) for row in connection.execute(sa.text(PARTS), {"court": court})]
        system = Suxin(data)
        with system.serving(), console.status("") as status:
            alike = make_transactions(parts, key)
            runs = {
                Suxin.name: measure_http(system, judge, parts, engine, connections),
                results.POSTGRES: lambda given: run_pgbench(data.url, alike, connections, given),
            }
            figures = measure(runs, schedule, lambda doing: status.update(doing))
        engine.dispose()
    table = Table("proposals", "a second", "p50 ms", "p99 ms", "server µs", "PostgreSQL µs")
    shown = ("per_second", "p50", "p99", "server_us", "postgres_us")
    for name, found in figures.items():
        table.add_row(name, *(f"{found.median(figure):,.1f}" for figure in shown))
    console.print(table)
    given = results.describe_run(schedule, subjects=subjects, connections=connections)
    console.print(f"written to {results.write('writes', {**given, 'proposals': results.summarize(figures, {})})}")


if __name__ == "__main__":
    typer.run(main)
