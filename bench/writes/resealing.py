"""Measure what SM3 and SM4 cost a number and a look-up, and change all numbers of a database to them while it is asked.

Run: python -m bench.writes.resealing
"""

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.database.data import Data, copy_database, open_database
from bench.measuring import results
from bench.measuring.rounds import Figures, Schedule
from bench.reads.comparison import Bench, explain_errors
from bench.systems.suxin import Suxin
from bench.systems.workloads import CHECK, Pick, draw_picks
from models.keyring import Keyring
from models.masters import SmMaster
from models.number_suites import Crypto

CONNECTIONS, ASKING = 8, 2
PICKS = 200
NUMBERS = 20_000
TOKEN_SECONDS = 240
"""After these a token is asked for anew: the change takes longer than one lasts."""

RINGS: Mapping[str, Keyring] = {
    "international": Keyring((b"s" * 32,), (b"i" * 32,)),
    "SM": Keyring((SmMaster(b"s" * 32),), (SmMaster(b"i" * 32),)),
    "SM after a change": Keyring((b"s" * 32,), (b"i" * 32,), Crypto.SM),
}
console = Console()


class OfSm(Suxin):
    """The same server with the suite SM."""

    name = "suxin of SM"

    @property
    def environment(self) -> Mapping[str, str]:
        return {**super().environment, "SUXIN_CRYPTO": "sm"}


class International(Suxin):
    """The same server with the international suite."""

    name = "suxin international"


def measure_numbers() -> Table:
    """Measure hashing and sealing of a number in this process."""
    table = Table("µs a number", "look-up", "import: hash and seal", "open")
    for name, ring in RINGS.items():
        numbers = [f"33028119{serial:010d}" for serial in range(NUMBERS)]
        hashing = _time(lambda ring=ring, numbers=numbers: [ring.hash(number) for number in numbers])
        forms = [ring.hash(number).newest for number in numbers]
        pairs = list(zip(numbers, forms, strict=True))
        sealing = _time(lambda ring=ring, pairs=pairs: [ring.seal(number, form) for number, form in pairs])
        sealed = [(ring.seal(number, form), form) for number, form in pairs]
        opening = _time(lambda ring=ring, sealed=sealed: [ring.open(text, form) for text, form in sealed])
        table.add_row(name, f"{hashing:.1f}", f"{hashing + sealing:.1f}", f"{opening:.1f}")
    return table


def _time(work: Any) -> float:
    """Return the microseconds of processor time a number, of the fastest of three runs."""
    found = []
    for _ in range(3):
        begun = time.process_time()
        work()
        found.append((time.process_time() - begun) / NUMBERS * 1e6)
    return min(found)


def look_up(data: Data, kind: type[Suxin], schedule: Schedule) -> Figures:
    """Measure the check of 100 subjects by number."""
    system = kind(data)
    with system.serving():
        figures, _ = Bench(data, [system], CONNECTIONS, schedule).run(CHECK, draw_picks(CHECK, data.subjects, 32))
    return figures[system.name]


def reseal(data: Data, *options: str) -> str:
    """Run `suxin keys reseal`. Returns what it says."""
    own = {**os.environ, **OfSm(data).environment}
    command = [str(Path(sys.executable).with_name("suxin")), "keys", "reseal", *options]
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


class Asking(threading.Thread):
    """Asks about subjects again and again until it is stopped, and compares each answer with the first one."""

    def __init__(self, system: Suxin, picks: Sequence[Pick], offset: int) -> None:
        super().__init__(daemon=True)
        self.bodies = [system.body(CHECK, pick) for pick in picks]
        self.headers, self.system, self.offset = system.headers(CHECK), system, offset
        self.expected = [system.ask(body, self.headers).json()["data"] for body in self.bodies]
        self.ended, self.subjects, self.lost, self.slowest = threading.Event(), 0, 0, 0.0
        self.renewed = time.perf_counter()

    def run(self) -> None:
        for place in itertools.islice(itertools.cycle(range(len(self.bodies))), self.offset, None):
            if self.ended.is_set():
                return
            begun = time.perf_counter()
            if begun > self.renewed + TOKEN_SECONDS:
                self.headers, self.renewed = self.system.headers(CHECK), begun
            reply = self.system.http.post(
                self.system.url,
                content=self.bodies[place],
                headers={"content-type": "application/json", **self.headers},
            )
            self.slowest = max(self.slowest, time.perf_counter() - begun)
            self.subjects += len(self.expected[place]["subjects"])
            if reply.status_code != 200 or reply.json().get("data") != self.expected[place]:
                self.lost += 1
                found = reply.json() if reply.status_code == 200 else {"status": reply.status_code}
                console.print(f"another answer: {found.get('errors') or found}"[:500], soft_wrap=True)


def change_while_asked(data: Data) -> str:
    """Change all numbers under look-ups. Returns a sentence with the figures."""
    system = OfSm(data)
    with system.serving():
        picks = draw_picks(CHECK, data.subjects, PICKS)
        asking = [Asking(system, picks[start::ASKING], start) for start in range(ASKING)]
        for one in asking:
            one.start()
        begun = time.perf_counter()
        told = reseal(data)
        seconds = time.perf_counter() - begun
        for one in asking:
            one.ended.set()
        for one in asking:
            one.join()
    subjects, lost = sum(one.subjects for one in asking), sum(one.lost for one in asking)
    slowest = max(one.slowest for one in asking)
    return (
        f"{told} {seconds:.0f} s; {subjects:,} look-ups meanwhile, {lost} answers that differ; the slowest check of"
        f" 100 took {slowest * 1000:.0f} ms"
    )


def main(
    subjects: Annotated[int, typer.Option(help="Size of the database.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Rounds of look-ups.")] = 3,
    seconds: Annotated[float, typer.Option(help="Seconds per run.")] = 4,
    directory: Annotated[Path | None, typer.Option(help="Directory of the database.")] = None,
) -> None:
    """Measure look-ups before, at the beginning and after a change to SM, and the change itself, on a copy.

    Example: python -m bench.writes.resealing --subjects 20000
    """
    console.print(measure_numbers())
    schedule, table = Schedule(rounds, seconds, warm_up=1), Table("check of 100", "req/s", "server + PostgreSQL µs")
    found: dict[str, Any] = {}
    with explain_errors(), open_database(subjects, directory) as data, copy_database(data) as copy:
        steps = {"international": International, "all listed": OfSm, "all changed": OfSm}
        for name, kind in steps.items():
            if name == "all listed":
                begun = time.perf_counter()
                console.print(f"{reseal(copy, '--begin')} {time.perf_counter() - begun:.1f} s")
            if name == "all changed":
                found["change"] = change_while_asked(copy)
                console.print(found["change"], soft_wrap=True)
            figures = look_up(copy, kind, schedule)
            used = f"{figures.median('server_us'):,.0f} + {figures.median('postgres_us'):,.0f}"
            table.add_row(name, f"{figures.median('per_second'):,.0f}", used)
            found[name] = results.summarize({kind.name: figures}, {})
    console.print(table)
    given = results.describe_run(schedule, subjects=subjects, connections=CONNECTIONS)
    console.print(f"written to {results.write('resealing', {**given, 'found': found})}")


if __name__ == "__main__":
    typer.run(main)
