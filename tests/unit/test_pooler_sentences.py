"""What is said of poolers, and looked at again while the service runs."""

from collections.abc import Sequence
from typing import Any

import pytest

from postgres.errors import DatabasePoolerError
from postgres.sessions.by_role import IGNORED
from postgres.sessions.examination import Session, explain_pooler
from postgres.sessions.watch import UNHEARD, SessionWatch

LINE = f"`ignore_startup_parameters = {', '.join(IGNORED)}`"
SAID = [
    (
        "transaction blocks not allowed in statement pooling mode",
        "U leads to a pooler in statement mode, which refuses transactions: set `pool_mode = transaction` in "
        "pgbouncer.ini.",
    ),
    (
        "unsupported startup parameter: jit",
        f"U leads to a pooler that rejects the startup parameter jit: set {LINE} in pgbouncer.ini.",
    ),
    (
        "unsupported startup parameter in options: search_path",
        f"U leads to a pooler that rejects the startup parameter search_path: set {LINE} in pgbouncer.ini.",
    ),
    ("query_wait_timeout", None),
    ("server login has been failing, try again later", None),
]


@pytest.mark.parametrize(("said", "told"), SAID)
def test_what_a_pooler_says_is_explained_if_its_configuration_mends_it(said: str, told: str | None) -> None:
    assert explain_pooler("U", said) == told


class Listening:
    hears = True


def watch(found: Sequence[Session | Exception]) -> SessionWatch:
    """Looks at what is found, one after the other."""
    left = list(found)

    async def examine() -> Session:
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    listener: Any = Listening()
    return SessionWatch(listener, examine)


POOLED, DIRECT = Session(180000, pooled=True), Session(180000, pooled=False)


async def test_a_pooler_that_becomes_wrong_is_told_of_until_it_is_right(caplog: pytest.LogCaptureFixture) -> None:
    seen = watch([POOLED, DatabasePoolerError("It is wrong."), ConnectionRefusedError(), POOLED])
    doubts = [(await seen.look(), seen.find_doubt()) for _ in range(4)]
    assert doubts == [(True, None), (True, "It is wrong."), (True, "It is wrong."), (True, None)]
    assert caplog.messages == ["It is wrong."]


async def test_without_a_pooler_it_is_looked_at_once() -> None:
    seen = watch([DIRECT])
    await seen.keep()
    assert seen.find_doubt() is None


def test_it_is_told_that_revocations_are_not_heard() -> None:
    seen = watch([])
    seen.listener.hears = False
    assert seen.find_doubt() == UNHEARD
