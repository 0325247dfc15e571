"""Measure the export of a list and its memory use, compare it with COPY, and resume an export after a kill.

Run: python -m bench.exports.events
"""

import hashlib
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from statistics import median
from threading import Event, Thread
from typing import Annotated, Any

import httpx2
import orjson
import psutil
import psycopg
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.progress import track

from bench.database.data import copy_database, open_database
from bench.measuring import results
from bench.measuring.rounds import Schedule
from bench.systems.suxin import Suxin
from bench.systems.workloads import PAGE
from engine.declare.opaque import bind_key, hash_type
from postgres import database

DOCUMENT = "{ events(first: 100) { nodes { id kind sequence occurredAt party { id name } } } }"
START = (
    """mutation($input: StartExportInput!) { startExport(input: $input) { bulkOperation { id } errors { message } } }"""
)
SIGN = """mutation($input: SignDownloadInput!) { signDownload(input: $input) { url errors { message } } }"""
BY_HAND = """query($after: String) { events(first: 100, after: $after) { pageInfo { endCursor }
  nodes { id kind sequence occurredAt party { id name } } } }"""
STATE = """query($id: ID!) { node(id: $id) { ... on BulkOperation {
  state objectCount size sha256 error createdAt startedAt endedAt } } }"""
FILL = """INSERT INTO event (party_id, sequence, kind, occurred_at, position)
SELECT party.id, number, 'ENTRY_PUBLISHED', timestamptz '2026-01-01 00:00Z' + number * interval '1 hour',
 row_number() OVER (ORDER BY number, party.id)
FROM generate_series(1, :rounds) AS number, party ORDER BY number, party.id LIMIT :rows"""
COPIED = """SELECT concat('{{"id":"', {event}, '","kind":"', event.kind, '","sequence":', event.sequence,
 ',"occurredAt":"', to_char(event.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
 '","party":{{"id":"', {party}, '","name":', to_json(party.name), '}}}}')
 FROM event JOIN party ON party.id = event.party_id ORDER BY event.id"""
"""Selects the lines of the export as text."""

SEALED = r"""(SELECT encode(kind || mark || int8send({name}.id # ('x' || encode(substring(sha256(
 decode('{opaque_hiding}', 'hex') || kind || mark) FOR 8), 'hex'))::bit(64)::bigint), 'base64')
 FROM (SELECT decode('{kind}', 'hex') AS kind) AS typed, LATERAL (SELECT substring(sha256(
 decode('{opaque_marking}', 'hex') || kind || int8send({name}.id)) FOR 8) AS mark OFFSET 0) AS marked)"""
"""Computes an id as `engine.declare.opaque` does."""

POLL_SECONDS, HAND = 0.1, 100
console = Console()


@dataclass
class Memory:
    """The resident memory of a process and its children, in MB, sampled periodically."""

    process: psutil.Process
    samples: list[float] = field(default_factory=list)

    def now(self) -> float:
        """The memory in use now."""
        every = [self.process, *self.process.children(recursive=True)]
        python = [one for one in every if "postgres" not in one.name()]
        return float(sum(one.memory_info().rss for one in python)) / 2**20

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Sample until the context ends."""
        ended = Event()

        def sample() -> None:
            while not ended.wait(POLL_SECONDS):
                with suppress(psutil.Error):
                    self.samples.append(self.now())

        watching = Thread(target=sample)
        watching.start()
        yield
        ended.set()
        watching.join()


@dataclass
class Partner:
    """The client of the court, which exports."""

    system: Suxin
    http: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=60))

    def ask(self, document: str, variables: Mapping[str, Any]) -> Any:
        """Send a request and return its data."""
        body = {"query": document, "variables": variables}
        answer = self.http.post(self.system.url, json=body, headers=self.system.headers(PAGE)).json()
        if "errors" in answer:
            raise typer.BadParameter(str(answer["errors"]))
        return answer["data"]

    def start(self) -> str:
        """Start an export and return its id."""
        found = self.ask(START, {"input": {"document": DOCUMENT}})["startExport"]
        if found["errors"]:
            raise typer.BadParameter(str(found["errors"]))
        return str(found["bulkOperation"]["id"])

    def ended(self, operation: str, seen: Callable[[int], None] = lambda count: None) -> Any:
        """Wait until an export has ended and return its state."""
        while True:
            found = self.ask(STATE, {"id": operation})["node"]
            seen(found["objectCount"])
            if found["state"] not in {"QUEUED", "RUNNING"}:
                return found
            time.sleep(POLL_SECONDS * 2)

    def fetched(self, operation: str) -> tuple[int, str]:
        """Download the file. Returns the number of lines and their SHA-256."""
        url, lines, digest = self.ask(SIGN, {"input": {"id": operation}})["signDownload"]["url"], 0, hashlib.sha256()
        with self.http.stream("GET", url) as reply:
            for text in unpack_members(reply.iter_raw()):
                lines += text.count(b"\n")
                digest.update(text)
        return lines, digest.hexdigest()

    def by_hand(self, rows: int) -> str:
        """Read the same lines page by page and return their SHA-256."""
        after, digest, token = None, hashlib.sha256(), self.system.headers(PAGE)
        for page in track(range(-(-rows // HAND)), "by hand", console=console):
            if page % 1_000 == 0:
                token = self.system.headers(PAGE)
            body = {"query": BY_HAND, "variables": {"after": after}}
            found = orjson.loads(self.http.post(self.system.url, json=body, headers=token).content)["data"]["events"]
            after = found["pageInfo"]["endCursor"]
            digest.update(b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in found["nodes"]))
        return digest.hexdigest()


def unpack_members(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress consecutive gzip members."""
    unpack = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        rest = chunk
        while rest:
            yield unpack.decompress(rest)
            rest = unpack.unused_data
            if unpack.eof:
                unpack = zlib.decompressobj(wbits=31)


def select_lines(key: bytes) -> str:
    """The SELECT statement for the lines of the export."""
    keys = {name: value.hex() for name, value in bind_key(key).items()}
    ids = {name: SEALED.format(name=name, kind=hash_type(name.title()).hex(), **keys) for name in ("event", "party")}
    return COPIED.format(**ids)


def time_copy(url: sa.URL, select: str) -> float:
    """The seconds that COPY takes for the same lines."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    started = time.perf_counter()
    with psycopg.connect(plain) as connection, connection.cursor().copy(f"COPY ({select}) TO STDOUT") as copy:
        for _ in copy:
            pass
    return time.perf_counter() - started


def find_server(system: Suxin) -> psutil.Process:
    """The process of the server."""
    for process in psutil.Process().children():
        if str(system.port) in process.cmdline():
            return process
    raise typer.BadParameter("The server is not there.")


def kill_and_resume(system: Suxin, partner: Partner, rows: int) -> Any:
    """Kill the server (SIGKILL) after a third of the rows, restart it, and wait for the export."""
    with system.serving(), suppress(httpx2.HTTPError, KilledError):
        operation = partner.start()

        def kill(count: int) -> None:
            if count > rows // 3:
                find_server(system).kill()
                raise KilledError

        partner.ended(operation, kill)
    with system.serving():
        return partner.ended(operation), partner.fetched(operation)


class KilledError(Exception):
    """The server was killed."""


@dataclass(frozen=True)
class Measured:
    """The results of the exports. seconds: by step. grown: MB that the server process gained."""

    seconds: Mapping[str, Sequence[float]]
    digest: str
    lines: int
    before: float
    grown: float

    def rates(self, rows: int) -> dict[str, float]:
        """The median rows per second, by step."""
        return {name: rows / median(found) for name, found in self.seconds.items()}


def fill_events(engine: sa.Engine, subjects: int, rows: int) -> None:
    """Replace all events by `rows` new ones."""
    with engine.begin() as connection, console.status(f"{rows:,} rows"):
        connection.execute(sa.text("DELETE FROM event"))
        connection.execute(sa.text(FILL), {"rounds": rows // subjects * 2, "rows": rows})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE event"))


def measure_turns(partner: Partner, rounds: int) -> Measured:
    """Export, download and COPY in turn."""
    data, memory = partner.system.data, Memory(find_server(partner.system))
    seconds, before = dict[str, list[float]](), memory.now()
    with memory.watched():
        for _ in track(range(rounds), "exports", console=console):
            started = time.perf_counter()
            operation = partner.start()
            partner.ended(operation)
            seconds.setdefault("export", []).append(time.perf_counter() - started)
            lines, digest = partner.fetched(operation)
            seconds.setdefault("export and fetch", []).append(time.perf_counter() - started)
            copied_in = time_copy(data.url, select_lines(data.keyring.opaque_key))
            seconds.setdefault("COPY", []).append(copied_in)
    return Measured(seconds, digest, lines, before, max(memory.samples) - before)


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 20_000,
    rows: Annotated[int, typer.Option(help="Rows of the list.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; both run once per round.")] = 3,
) -> None:
    """Measure how fast a list is exported.

    Example: python -m bench.exports.events --rows 100000 --rounds 1
    """
    with open_database(subjects) as original, copy_database(original) as data:
        engine = database.make_sync_engine(data.url)
        fill_events(engine, subjects, rows)
        engine.dispose()
        system = Suxin(data)
        partner = Partner(system)
        with system.serving():
            by_hand, measured = partner.by_hand(rows), measure_turns(partner, rounds)
        again, (_, second) = kill_and_resume(system, partner, rows)
    rates = measured.rates(rows)
    found = {
        "lines": measured.lines,
        "equal to paging by hand": measured.digest == by_hand,
        "equal after a kill": (again["state"], second) == ("COMPLETED", by_hand),
        "rows a second": rates,
        "share of COPY": rates["export"] / rates["COPY"],
        "memory before, MB": measured.before,
        "grown by, MB": measured.grown,
    }
    console.print(found)
    given = results.describe_run(Schedule(rounds, 0, warm_up=0), subjects=subjects, rows=rows)
    console.print(f"written to {results.write('exports', {**given, **found})}")


if __name__ == "__main__":
    typer.run(main)
