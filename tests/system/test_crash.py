"""The server is killed again and again amid mutations: what it acknowledged is there, and nothing is there by half."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from proposing import Stage, open_stage

from postgres import database

MUTATIONS, KILLS, CLIENTS = 120, 4, 4
SEED = 4


@pytest.fixture
def stage(database_url: sa.URL, tmp_path: Path) -> Iterator[Stage]:
    found = open_stage(database_url, tmp_path, {})
    yield found
    found.command.stop()


def kill_at_random(stage: Stage, done: threading.Event) -> int:
    """Kill the server when it has acknowledged so many more, at a moment of its own choice within the next ones."""
    chance, kills = random.Random(SEED), 0
    marks = sorted(chance.sample(range(5, MUTATIONS - 20), KILLS))
    for mark in marks:
        while len(stage.acknowledged) < mark and not done.wait(0.001):
            pass
        done.wait(chance.uniform(0, 0.05))
        stage.up.clear()
        stage.command.kill()
        kills += 1
        stage.command.start()
        stage.up.set()
    return kills


def test_no_acknowledged_mutation_is_lost_and_none_is_half_done(stage: Stage, database_url: sa.URL) -> None:
    case, done = stage.the_case(), threading.Event()
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        killer = pool.submit(kill_at_random, stage, done)
        work = [pool.submit(stage.propose_and_review, place, case) for place in range(MUTATIONS // 2)]
        try:
            for one in work:
                one.result()
        finally:
            done.set()
        assert killer.result() == KILLS
    engine = database.make_sync_engine(database_url)
    stage.check_stored(engine, MUTATIONS // 2)
    engine.dispose()
    assert stage.attempts > MUTATIONS, "nothing was ever cut off"
