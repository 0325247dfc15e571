"""Put a server under load with wrk."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("wrk.lua")


class LoadError(RuntimeError):
    """The load generator failed, or requests were not answered."""


@dataclass(frozen=True)
class Load:
    """The result of a run: requests per second, latencies in milliseconds, bytes per answer (headers included).

    answers: how many there were. server_us, postgres_us: microseconds of processor time per answer.
    """

    per_second: float
    p50: float
    p99: float
    bytes: float
    answers: int
    server_us: float = 0
    postgres_us: float = 0


def run_wrk(
    url: str,
    bodies: Sequence[bytes],
    headers: Mapping[str, str],
    connections: int,
    seconds: float,
    own: Sequence[str] = (),
) -> Load:
    """Send `bodies` in turn over `connections` connections for `seconds`. Raises LoadError.

    own: headers, "NAME: VALUE", of which each request has the next; none if there are none.
    """
    files = [b"\n".join(bodies) + b"\n", *(["\n".join(own).encode() + b"\n"] if own else [])]
    with tempfile.TemporaryDirectory() as directory:
        places = [Path(directory) / str(number) for number in range(len(files))]
        for place, content in zip(places, files, strict=True):
            place.write_bytes(content)
        return _read(_run(url, places, headers, connections, seconds))


def _run(url: str, files: Sequence[Path], headers: Mapping[str, str], connections: int, seconds: float) -> str:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise LoadError("wrk is not on the PATH. Install it: apt-get install wrk")
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    size = ["-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s", "--timeout", "30s"]
    command = [wrk, *size, *sent, "-s", str(SCRIPT), url, "--", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadError(f"wrk failed: {done.stderr or done.stdout}")
    return done.stdout


def _read(output: str) -> Load:
    found = json.loads(output.rpartition("RESULT ")[2])
    if found["failed"] or not found["requests"]:
        raise LoadError(f"{found['failed']} of {found['requests']} requests were not answered.")
    return Load(
        per_second=found["requests"] / found["microseconds"] * 1e6,
        p50=found["p50"] / 1000,
        p99=found["p99"] / 1000,
        bytes=found["bytes"] / found["requests"],
        answers=found["requests"],
    )
