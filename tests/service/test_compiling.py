"""Statements are compiled once, and not where requests are answered."""

import threading
from typing import Any

import pytest
from world import World

from auth.audiences import Audience
from engine.plan.plan import RowsPart


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that compile."""
    seen, write = list[str](), RowsPart.write

    def noting(part: RowsPart, shape: Any) -> Any:
        seen.append(threading.current_thread().name)
        return write(part, shape)

    monkeypatch.setattr(RowsPart, "write", noting)
    return seen


def test_a_statement_is_compiled_beside_the_event_loop_and_once(world: World, threads: list[str]) -> None:
    document = "query Fresh($first: Int!) { parties(first: $first) { nodes { name } } }"
    for first in (1, 2):
        assert len(world.data(Audience.COURT, document, {"first": first})["parties"]["nodes"]) == first
    assert threads == ["compiler_0"]


def test_all_statements_of_an_answer_are_compiled_before_the_first_runs(world: World, threads: list[str]) -> None:
    document = "{ one: parties(first: 1) { nodes { name } } two: parties(first: 2) { nodes { name } } }"
    data = world.data(Audience.COURT, document)
    assert (len(data["one"]["nodes"]), len(data["two"]["nodes"])) == (1, 2)
    assert threads == ["compiler_0", "compiler_0"]
