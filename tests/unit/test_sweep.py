"""Sweeps through keys: new ones at once, all others again and again."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from casework.sweep import ALL, LEAST, Sweep


def looked_at(sweep: Sweep, last: int) -> list[int]:
    """The keys of the next turn."""
    turn = sweep.take_turn(last)
    return [*range(turn["new_after"] + 1, turn["new_until"] + 1), *range(turn["old_after"] + 1, turn["old_until"] + 1)]


def turns(sweep: Sweep, last: int, number: int) -> Iterator[list[int]]:
    """The keys of some turns."""
    return (looked_at(sweep, last) for _ in range(number))


def test_new_keys_come_first_and_old_ones_slowly() -> None:
    sweep = Sweep(2000)
    assert [len(keys) for keys in turns(sweep, 3000, 5)] == [2000, 1000 + LEAST, LEAST, LEAST, LEAST]
    assert looked_at(sweep, 3001)[0] == 3001


def test_what_is_found_makes_the_next_turn_large() -> None:
    sweep = Sweep(2000, seen=3000)
    sweep.found = True
    assert looked_at(sweep, 3000) == list(range(1, 2001))
    sweep.found = False
    assert looked_at(sweep, 3000) == list(range(2001, 2001 + LEAST))


def test_a_job_begins_with_old_keys_only() -> None:
    sweep = Sweep(2000, ALL)
    assert looked_at(sweep, 3000) == list(range(1, LEAST + 1))
    assert looked_at(sweep, 3001) == [3001, *range(LEAST + 1, 2 * LEAST + 1)]


def test_nothing_is_looked_at_where_nothing_is() -> None:
    sweep = Sweep(10)
    assert list(turns(sweep, 0, 2)) == [[], []]
    assert looked_at(sweep, 1) == [1]


@given(st.integers(200, 3000), st.lists(st.integers(0, 1500), min_size=1, max_size=3))
def test_every_key_is_looked_at_again_and_again(window: int, grown: list[int]) -> None:
    sweep, last = Sweep(window), 0
    for more in grown:
        last += more
        looked_at(sweep, last)
    rounds = last // window + last // LEAST + 2
    for _ in range(2):
        assert set().union(*turns(sweep, last, rounds)) >= set(range(1, last + 1))
