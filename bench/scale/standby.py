"""Measure what an answer would cost the primary if a standby read it.

A standby runs the statement of the answer. The primary then checks, in one short statement for several answers, that
the card of each party read is still the same and that each consent still holds, and inserts the entries of the log.
PostgreSQL runs both on one server here; only the processor time of each is compared.

Run: python -m bench.scale.standby
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table

from bench.database.data import Data, open_database
from bench.measuring import results
from bench.measuring.pgbench import Statement, run_pgbench
from bench.measuring.processor import find_postmaster, measure_processor
from bench.measuring.rounds import Run, Schedule, measure
from bench.measuring.wrk import Load
from bench.reads.comparison import empty_access_log
from bench.reads.statements import list_statements
from bench.systems.answers import collect_requests
from bench.systems.suxin import Suxin
from bench.systems.workloads import WORKS, Work, draw_picks
from postgres import database

WHOLE, SHORT = "the whole answer", "what the primary keeps"
AIM, MOST = 0.35, 0.5
AT_ONCE = 8
"""Entries that the primary inserts in one transaction."""

ENTRIES = """
    SELECT json_build_object('client_key', client_key, 'audience', audience, 'purpose', purpose, 'shape_id', shape_id,
        'subjects', subjects, 'results', results, 'parties', parties, 'consents', consents,
        'cards', ARRAY(
            SELECT CAST(CAST(c.xmin AS text) AS bigint) FROM unnest(parties) WITH ORDINALITY AS asked (party, place)
            LEFT JOIN party_card c ON c.party_id = asked.party ORDER BY place))
    FROM access_answer ORDER BY id DESC LIMIT :number
"""
"""The entries that were inserted last, with the version of the card of each of their parties."""

RECHECK = """
    WITH sent AS MATERIALIZED (
        SELECT row_number() OVER () AS place, * FROM json_to_recordset($1::json) AS sent (client_key bigint,
            audience text, purpose text, shape_id bigint, subjects int, results text[], parties bigint[],
            consents bigint[], cards bigint[])
    ), stale AS MATERIALIZED (
        SELECT DISTINCT sent.place FROM sent, unnest(parties, consents, cards) AS asked (party, consent, card)
        WHERE (asked.party IS NOT NULL AND NOT EXISTS (
            SELECT FROM party_card c
            WHERE c.party_id = asked.party AND CAST(CAST(c.xmin AS text) AS bigint) = asked.card))
        OR EXISTS (SELECT FROM card_withdrawal w WHERE w.party_id = asked.party)
        OR (asked.consent IS NOT NULL AND NOT EXISTS (SELECT FROM consent c WHERE c.id = asked.consent
            AND (c.revoked_at IS NULL OR c.revoked_at > now()) AND (c.valid_to IS NULL OR c.valid_to > now())))
    )
    INSERT INTO access_answer (at, request_id, client_key, audience, purpose, shape_id, subjects, results, parties,
        consents)
    SELECT now(), gen_random_uuid(), client_key, audience, purpose, shape_id, subjects, results, parties, consents
    FROM sent WHERE place NOT IN (SELECT place FROM stale) RETURNING request_id
"""

console = Console()


def collect_transactions(data: Data, system: Suxin, work: Work, picks: int) -> Mapping[str, list[Sequence[Statement]]]:
    """Return the transactions of whole answers, and those of the primary for `AT_ONCE` answers each."""
    requests = collect_requests(system, work, draw_picks(work, data.subjects, picks))
    headers = system.headers(work)
    for body in requests.bodies:
        system.ask(body, headers)
    bodies = [json.loads(body) for body in requests.bodies]
    whole = [list_statements(data, work, body["query"], body["variables"]) for body in bodies]
    return {WHOLE: whole, SHORT: [[Statement(RECHECK, (json.dumps(part),))] for part in read_entries(data, picks)]}


def read_entries(data: Data, number: int) -> list[list[Any]]:
    """Return the newest entries of the log, `AT_ONCE` of them together."""
    engine = database.make_sync_engine(data.url)
    with engine.connect() as connection:
        found = [row[0] for row in connection.execute(sa.text(ENTRIES), {"number": number})]
    engine.dispose()
    return [found[place : place + AT_ONCE] for place in range(0, number, AT_ONCE)]


def load(data: Data, transactions: Sequence[Sequence[Statement]], answers: int) -> Run:
    """Return the function that runs the transactions. answers: of each transaction."""
    postmaster = find_postmaster(data.url)

    def run(seconds: float) -> Load:
        empty_access_log(data.url)
        return measure_processor(lambda: multiply(run_pgbench(data.url, transactions, 8, seconds)), None, postmaster)

    def multiply(found: Load) -> Load:
        return replace(found, answers=found.answers * answers, per_second=found.per_second * answers)

    return run


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds; both run once per round.")] = 5,
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 4,
) -> None:
    """Measure the processor time of PostgreSQL for whole answers, and for what the primary would keep of them.

    Example: python -m bench.scale.standby --subjects 20000 --rounds 3
    """
    schedule = Schedule(rounds, seconds, warm_up=1)
    table = Table("PostgreSQL µs an answer", WHOLE, SHORT, f"share (aim {AIM}, at most {MOST})")
    kept: dict[str, Any] = {}
    with open_database(subjects) as data:
        system = Suxin(data)
        with system.serving():
            works = {work: collect_transactions(data, system, work, 4 * AT_ONCE) for work in WORKS.values()}
        for work, found in works.items():
            runs = {name: load(data, sent, 1 if name == WHOLE else AT_ONCE) for name, sent in found.items()}
            with console.status("") as status:
                figures = measure(runs, schedule, lambda doing: status.update(doing))
            share = figures[SHORT].times(figures[WHOLE], "postgres_us")
            table.add_row(work.name, *(f"{figures[name].median('postgres_us'):,.0f}" for name in runs), f"{share:.2f}")
            kept[work.name] = {**results.summarize(figures, {}), "share": round(share, 3)}
    console.print(table)
    given = results.describe_run(schedule, subjects=subjects, connections=8, entries_a_commit=AT_ONCE)
    console.print(f"written to {results.write('standby', {**given, 'works': kept})}")


if __name__ == "__main__":
    typer.run(main)
