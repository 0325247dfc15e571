"""The loop of background jobs: woken, or by the clock, past a database that is away, and clean at its end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from sqlalchemy.exc import SQLAlchemyError

from jobs.log_sequencer import LogSequencer
from jobs.loop import Job, compute_rest


@dataclass
class Counting(Job):
    """Counts how often it looked; begins what it is told to, and fails as it is told to."""

    due: list[int] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    looked: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    cancelled: list[int] = field(default_factory=list)
    logger: ClassVar[logging.Logger] = logging.getLogger("suxin.counting")
    waits: ClassVar[str] = "counts wait"

    async def start_due(self) -> None:
        self.looked.put_nowait(None)
        if self.fails:
            raise self.fails.pop(0)
        while self.due:
            self.begin(key := self.due.pop(), self.last(key))

    async def last(self, key: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.append(key)


@asynccontextmanager
async def running(job: Counting) -> AsyncIterator[asyncio.Task[None]]:
    """The job runs while the context lasts, and has looked once."""
    task = asyncio.create_task(job.run())
    async with asyncio.timeout(10):
        await job.looked.get()
        yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who is woken looks again."""
    monkeypatch.setattr("jobs.loop.POLL_SECONDS", 3600)


@pytest.mark.usefixtures("patient")
async def test_a_job_looks_again_when_it_is_woken() -> None:
    async with running(job := Counting()):
        job.wake.set()
        await job.looked.get()
        assert job.looked.empty()


async def test_a_job_looks_again_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.loop.POLL_SECONDS", 0)
    async with running(job := Counting()):
        await job.looked.get()


@pytest.mark.usefixtures("patient")
async def test_a_database_that_is_away_does_not_end_a_job(caplog: pytest.LogCaptureFixture) -> None:
    async with running(job := Counting(due=[7], fails=[ConnectionRefusedError(), SQLAlchemyError()])):
        for _ in range(2):
            job.wake.set()
            await job.looked.get()
        assert list(job.running) == [7]
    assert caplog.messages == ["counts wait: ConnectionRefusedError", "counts wait: SQLAlchemyError"]


async def test_what_is_no_fault_of_the_database_ends_a_job() -> None:
    async with running(Counting(fails=[ValueError("wrong")])) as task:
        with pytest.raises(ValueError, match="wrong"):
            await task


@pytest.mark.usefixtures("patient")
async def test_what_a_job_began_ends_with_it() -> None:
    async with running(job := Counting(due=[1, 2])):
        job.wake.set()
        await job.looked.get()  # a task has to have begun to be cut off
        assert sorted(job.running) == [1, 2]
    assert (sorted(job.cancelled), job.running) == ([1, 2], {})


@pytest.mark.parametrize(("taken", "rest"), [(0.0, 0.5), (0.2, 0.3), (0.4, 0.1), (2.0, 0.1)])
def test_a_steady_pause_begins_with_the_work(taken: float, rest: float) -> None:
    """Checkpoints are twice a second, however long they take."""
    assert (LogSequencer.pause, LogSequencer.steady) == (0.5, True)
    assert compute_rest(0.5, taken) == pytest.approx(rest)
