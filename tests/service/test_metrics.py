"""/metrics: what is counted, by words that the service chose, for all workers together."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from conftest import City
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from served import Command, free_port, wait_until
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.testclient import TestClient
from telling import kept, tell_everything
from the_engine import GRAPHQL
from world import ISSUER, NOW, World

from auth.audiences import Audience
from auth.server.token_client import ClientCredential, request_token
from casework.backlog import Backlog, measure_backlog
from demo.city.cast import CHEN
from postgres import database
from postgres.connections import LOADERS, PLANS, PlanConnections, watch
from postgres.locks import Lock, is_led
from server import create_app
from settings import Settings
from telemetry.exposition import DIRECTORY, MetricsState, StateCollector, collect_counters

MONITORING = Path(__file__).parents[2] / "deploy" / "monitoring"
OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
TABLE = re.findall(r"^\| `(suxin_\w+)` \| (\w+) \| ([\w, ]*)\|", OPERATIONS, re.MULTILINE)
VIEWER = "{ viewer { clientId } }"
IDLE = Backlog(deliveries=0, waiting=0.0, failing=0, objections=0, months=0, days=0)


def figures(text: str, name: str) -> dict[frozenset[tuple[str, str]], float]:
    """The samples of a metric, by their labels."""
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {frozenset(sample.labels.items()): sample.value for sample in samples if sample.name == name}


def figure(http: Any, name: str, **labels: str) -> float:
    """The sum of the samples that have these labels."""
    found = figures(http.get("/metrics").text, name)
    return sum(value for named, value in found.items() if labels.items() <= dict(named).items())


def requests(world: World, **labels: str) -> float:
    return figure(world.http, "suxin_requests_total", **labels)


# --- requests ---------------------------------------------------------------------------------------------------------

ASKED = {
    "one field": (VIEWER, "query", "viewer", "OK"),
    "by another name": ("{ a: viewer { clientId } b: viewer { name } }", "query", "viewer", "OK"),
    "two fields": ("{ viewer { clientId } courts { code } }", "query", "several", "OK"),
    "the schema": ("{ __schema { queryType { name } } }", "query", "__schema", "OK"),
    "a bad argument": ("{ bulletins(first: 101) { totalCount } }", "query", "bulletins", "BAD_PAGE_SIZE"),
    "no document": ("{ viewer", "none", "none", "SYNTAX_ERROR"),
    "another's field": ("{ accessRecords(first: 1) { totalCount } }", "none", "none", "INVALID_DOCUMENT"),
    "no such mutation": ("mutation { viewer }", "none", "none", "INVALID_DOCUMENT"),
}


@pytest.mark.parametrize(("document", "operation", "field", "outcome"), ASKED.values(), ids=ASKED)
def test_a_request_is_counted_by_who_asked_what(
    world: World, document: str, operation: str, field: str, outcome: str
) -> None:
    labels = {"audience": "BANK", "operation": operation, "field": field}
    before = requests(world, **labels, outcome=outcome), figure(world.http, "suxin_request_seconds_count", **labels)
    world.ask(Audience.BANK, document)
    after = requests(world, **labels, outcome=outcome), figure(world.http, "suxin_request_seconds_count", **labels)
    assert after == (before[0] + 1, before[1] + 1)


def test_a_request_without_a_token_is_nobody_s(world: World) -> None:
    labels = {"audience": "none", "operation": "none", "field": "none", "outcome": "UNAUTHENTICATED"}
    before = requests(world, **labels)
    assert world.post(None, {"query": VIEWER}).status_code == 401
    assert requests(world, **labels) == before + 1


def test_clients_add_no_labels(world: World) -> None:
    """Operation names, aliases, paths and statuses are no way to make series without end."""
    world.ask(Audience.BANK, VIEWER)
    world.http.get("/a")
    before = set(figures(world.http.get("/metrics").text, "suxin_requests_total"))
    paths = set(figures(world.http.get("/metrics").text, "suxin_http_requests_total"))
    for turn in range(5):
        world.ask(Audience.BANK, f"query Q{turn} {{ a{turn}: viewer {{ clientId }} }}")
        world.http.get(f"/{CHEN.number}{turn}")
    text = world.http.get("/metrics").text
    assert set(figures(text, "suxin_requests_total")) == before
    assert set(figures(text, "suxin_http_requests_total")) == paths
    assert CHEN.number not in text


def test_fields_are_those_of_the_schema(world: World) -> None:
    roots = {name for kind in (GRAPHQL.query_type, GRAPHQL.mutation_type) if kind for name in kind.fields}
    world.ask(Audience.BANK, VIEWER)
    told = {dict(labels)["field"] for labels in figures(world.http.get("/metrics").text, "suxin_requests_total")}
    assert told <= roots | {"several", "none", "__schema", "__type", "__typename"}


def test_other_requests_are_counted_by_path(world: World) -> None:
    before = figure(world.http, "suxin_http_requests_total", path="/oauth/token", status="400")
    assert world.http.post("/oauth/token").status_code == 400
    assert figure(world.http, "suxin_http_requests_total", path="/oauth/token", status="400") == before + 1


# --- budgets, connections ---------------------------------------------------------------------------------------------


def test_points_are_counted(world: World, city: City, database_copy: sa.URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auth.budget.POINTS_A_SECOND", 0)  # what an answer costs does not depend on the machine

    def points(outcome: str) -> float:
        return figure(world.http, "suxin_budget_points_total", audience="BANK", outcome=outcome)

    app, token = (
        create_app(replace(city.settings, budget=60_000), database_copy, lambda: NOW),
        world.token(Audience.BANK),
    )
    before = points("charged"), points("returned"), points("refused")
    with TestClient(app, base_url=ISSUER) as http:
        told = replace(world, http=http).post(token, {"query": "{ courts { code } }"}).json()["extensions"]["cost"]
        after = points("charged"), points("returned"), points("refused")
        returned = told["requestedQueryCost"] - told["actualQueryCost"]
        assert after == (before[0] + told["requestedQueryCost"], before[1] + returned, before[2])
        while replace(world, http=http).post(token, {"query": "{ courts { code } }"}).status_code == 200:
            continue
    assert points("refused") == before[2] + told["requestedQueryCost"]


async def test_connections_in_use_are_counted(database_url: sa.URL) -> None:
    def in_use(pool: str) -> float:
        return REGISTRY.get_sample_value("suxin_connections_in_use", {"pool": pool}) or 0

    def waited() -> float:
        return REGISTRY.get_sample_value("suxin_connections_waited_total") or 0

    plans, engine = PlanConnections(database_url, 1, 10), database.make_async_engine(database_url, 2, 10)
    watch(engine, 2)
    before, calm = (in_use(PLANS), in_use(LOADERS)), waited()
    async with plans.acquire(), engine.connect():
        assert (in_use(PLANS), in_use(LOADERS)) == (before[0] + 1, before[1] + 1)
        with pytest.raises(TimeoutError):
            await plans.take()
    assert (in_use(PLANS), in_use(LOADERS), waited()) == (*before, calm + 1)
    assert REGISTRY.get_sample_value("suxin_connections_limit", {"pool": LOADERS}) == 2
    await plans.close()
    await engine.dispose()


# --- the database -----------------------------------------------------------------------------------------------------

DELIVERIES = """
WITH hook AS (
    INSERT INTO webhook (client_key, url, public_key, created_at, disabled_at, disable_reason)
    SELECT id, 'https://bank.example/' || reason, sha256('x'), moment,
           CASE WHEN reason <> '' THEN moment END, nullif(reason, '')
    FROM client, unnest(ARRAY['', 'FAILING', 'OWNER']) AS reason, CAST(:now AS timestamptz) AS moment
    WHERE client_id = 'demo-bank'
    RETURNING id
), happened AS (
    INSERT INTO event (party_id, sequence, kind, occurred_at)
    SELECT id, 1000, 'COLOUR_CHANGED', CAST(:now AS timestamptz) FROM party ORDER BY id LIMIT 1
    RETURNING id
)
INSERT INTO delivery (webhook_id, event_id, next_at)
SELECT hook.id, happened.id, CAST(:now AS timestamptz) - interval '90 seconds' FROM hook, happened
"""


async def test_what_waits_is_told(world: World, database_copy: sa.URL) -> None:
    engine = database.make_async_engine(database_copy, 1, 10)
    async with engine.connect() as connection:
        before = await measure_backlog(connection, NOW)
        await connection.execute(sa.text(DELIVERIES), {"now": NOW})
        await connection.execute(sa.text("INSERT INTO calendar_day VALUES ('2026-11-19', :now)"), {"now": NOW})
        after = await measure_backlog(connection, NOW)
        overdue = "SELECT count(*) FROM objection WHERE outcome IS NULL AND due_on < '2026-11-21'"
        assert after.objections == (await connection.execute(sa.text(overdue))).scalar_one()
        assert before == replace(before, deliveries=0, waiting=0.0, failing=0, days=None)
        assert after == replace(before, deliveries=1, waiting=90.0, failing=1, days=2)
        await connection.execute(sa.text("UPDATE batch SET status = 'DECIDED', published_at = NULL"))
        closed = "SELECT count(*) FROM batch WHERE month < '2026-11-01'"
        assert (await measure_backlog(connection, NOW)).months == (
            await connection.execute(sa.text(closed))
        ).scalar_one()
        await connection.rollback()
    await engine.dispose()


def test_the_database_is_asked_at_each_look(world: World) -> None:
    assert (figure(world.http, "suxin_database_up"), figure(world.http, "suxin_worker_leading")) == (1, 0)
    with world.engine.connect() as leader:
        leader.execute(sa.text("SELECT pg_advisory_lock(:number)"), {"number": Lock.LEADERSHIP})
        assert figure(world.http, "suxin_worker_leading") == 1
        leader.execute(sa.text("SELECT pg_advisory_unlock(:number)"), {"number": Lock.LEADERSHIP})


async def test_who_leads_elsewhere_does_not_lead_here(postgres: sa.URL, engine: AsyncEngine) -> None:
    elsewhere = sa.create_engine(database.use_sync_driver(postgres), poolclass=sa.NullPool)
    with elsewhere.connect() as leader:
        leader.execute(sa.text("SELECT pg_advisory_lock(:number)"), {"number": Lock.LEADERSHIP})
        async with engine.connect() as connection:
            assert not await is_led(connection)


def test_without_a_database_the_rest_is_told(city: City, postgres: sa.URL) -> None:
    app = create_app(city.settings, postgres.set(database="nowhere"), lambda: NOW)
    text = TestClient(app, base_url=ISSUER).get("/metrics").text
    assert figures(text, "suxin_database_up") == {frozenset(): 0}
    assert "suxin_webhook_due" not in text
    assert "suxin_connections_limit" in text


# --- processes --------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(world: World, city: City) -> Iterator[Command]:
    url = world.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = Command({"SUXIN_DATABASE_URL": url, "SUXIN_DATA_DIR": str(city.settings.data_dir)}, workers=2)
    command.start()
    yield command
    command.stop()


def test_each_worker_answers_for_all(world: World, served: Command) -> None:
    client = world.clients[Audience.BANK]
    credential = ClientCredential(served.origin, client.client_id, dict(client.key))
    with httpx2.Client(base_url=served.origin, timeout=10) as http:
        token = request_token(credential, http, time.time())["access_token"]
    for _ in range(12):
        headers = {"authorization": f"Bearer {token}"}  # over a connection of its own, so that any worker may answer
        assert httpx2.post(f"{served.origin}/graphql", json={"query": VIEWER}, headers=headers).status_code == 200
    limit = frozenset({("pool", PLANS)})
    both = 2 * Settings().pool_size
    wait_until(lambda: figures(httpx2.get(f"{served.origin}/metrics").text, "suxin_connections_limit")[limit] == both)
    texts = [httpx2.get(f"{served.origin}/metrics").text for _ in range(8)]
    labels = {"audience": "BANK", "operation": "query", "field": "viewer", "outcome": "OK"}
    assert {figures(text, "suxin_requests_total")[frozenset(labels.items())] for text in texts} == {12}


def test_what_a_dead_worker_had_in_use_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "Counter('c', 'c').inc(); Gauge('g', 'g', multiprocess_mode='livesum').inc()"
    monkeypatch.setenv(DIRECTORY, str(tmp_path))
    subprocess.run([sys.executable, "-c", f"from prometheus_client import Counter, Gauge; {program}"], check=True)
    names = {family.name for family in collect_counters().collect()}
    assert names == {"c"}


def test_the_worker_tells_what_it_counts(world: World, city: City, tmp_path: Path) -> None:
    url, port = world.engine.url.set(drivername="postgresql").render_as_string(hide_password=False), free_port()
    environment = {"SUXIN_DATABASE_URL": url, "SUXIN_DATA_DIR": str(city.settings.data_dir), "SUXIN_LOG": "json"}
    command = [str(Path(sys.executable).with_name("suxin")), "worker", "--metrics-port", str(port)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
    try:
        wait_until(lambda: httpx2.get(f"http://127.0.0.1:{port}/metrics").status_code == 200)
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        told = {family.name for family in text_string_to_metric_families(text)}
        assert told >= {"suxin_webhook_attempts", "suxin_log_appended", "suxin_client_alarms"}
    finally:
        process.terminate()
        process.wait()


# --- what is written of it --------------------------------------------------------------------------------------------


def test_the_table_names_every_metric(world: World) -> None:
    import_module("jobs.worker")  # its process counts as well
    state = StateCollector(MetricsState(IDLE, led=True))
    families = [family for registry in (REGISTRY, state) for family in registry.collect()]
    told = {(family.name, family.type) for family in families if family.name.startswith("suxin_")}
    assert {(name, kind) for name, kind, _ in TABLE} == told


def test_the_table_names_every_label(world: World) -> None:
    world.ask(Audience.BANK, VIEWER)
    documented = {name: set(labels.replace(",", " ").split()) for name, _, labels in TABLE}
    for family in text_string_to_metric_families(world.http.get("/metrics").text):
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        assert not family.name.startswith("suxin_") or labels <= documented[family.name], family.name


def test_alerts_are_about_metrics_that_there_are() -> None:
    for file in ("alerts.yaml", "dashboard.json"):
        found = re.findall(r"suxin_\w+", (MONITORING / file).read_text())
        named = {re.sub("_(total|bucket|count|sum)$", "", name) for name in found}
        assert named
        assert named <= {name for name, _, _ in TABLE}


def test_nothing_personal_is_counted(world: World) -> None:
    tell_everything(world)
    assert kept(world, world.http.get("/metrics").text) == []
