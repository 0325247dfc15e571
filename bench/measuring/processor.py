"""Processor time of the server and of PostgreSQL during a load."""

from collections.abc import Callable
from dataclasses import replace

import psutil
import sqlalchemy as sa

from bench.measuring.wrk import Load
from postgres import database


def find_postmaster(url: sa.URL) -> int:
    """Return the number of the process that started the backends of a local PostgreSQL."""
    engine = database.make_sync_engine(url)
    with engine.connect() as connection:
        backend = int(connection.execute(sa.text("select pg_backend_pid()")).scalar_one())
        found = psutil.Process(backend).ppid()
    engine.dispose()
    return int(found)


def read_seconds(number: int) -> float:
    """Return the processor time of a process and its children, those that ended included, in seconds."""
    process = psutil.Process(number)
    return sum(_used(one) for one in [process, *process.children(recursive=True)])


def _used(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:  # its time is now in that of its parent
        return 0.0
    return float(used.user + used.system + used.children_user + used.children_system)


def measure_processor(run: Callable[[], Load], server: int | None, postmaster: int) -> Load:
    """Run a load, and add the microseconds of processor time that each answer took. server: None if there is none."""
    before = [read_seconds(number) if number else 0.0 for number in (server, postmaster)]
    load = run()
    after = [read_seconds(number) if number else 0.0 for number in (server, postmaster)]
    own, database = ((late - early) / load.answers * 1e6 for early, late in zip(before, after, strict=True))
    return replace(load, server_us=own, postgres_us=database)
