"""The core that a process runs on."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

SENDING, SERVING = 0, 1
"""The core of the load, and that of the service and the database."""


def pin(core: int, *processes: int) -> None:
    """Have processes, all their threads and their descendants run on one core. Some may have ended."""
    for process in processes:
        with suppress(FileNotFoundError, ProcessLookupError):
            for thread in _list_threads(process):
                os.sched_setaffinity(thread, {core})
            pin(core, *_list_children(process))


def _list_threads(process: int) -> Iterator[int]:
    return (int(one.name) for one in Path(f"/proc/{process}/task").iterdir())


def _list_children(process: int) -> Iterator[int]:
    for thread in _list_threads(process):
        yield from map(int, Path(f"/proc/{process}/task/{thread}/children").read_text().split())
