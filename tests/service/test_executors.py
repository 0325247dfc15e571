"""Plans and loaders give the same bytes, the same errors and the same log entries, whatever is asked."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice, repeat
from random import Random
from typing import Any
from unittest.mock import AsyncMock

import orjson
import pytest
import sqlalchemy as sa
from argument_values import some_ids, values
from cards import make_all_cards, withdraw_some
from disturbance import Disturbance
from generated import OPERATIONS, SEED
from graphql import build_schema
from operations import Generator, Values
from the_engine import printed
from world import NOW, World

from auth.audiences import Audience, scopes_of
from models.terms import to_court_day
from telemetry.recording import Recorder

LONGEST = 6_000
CARDS_HOLD = 10
"""The number of operations after which other cards are withdrawn for plans: none, half of them, or all. The loaders'
answers are given without any."""

OWN = {"id", "answer_id", "request_id"}
"""What differs between two requests that are otherwise the same."""


REQUESTS = """
    INSERT INTO request_entry (at, client_key, request_id, path, operation, field, status, outcome, cost, milliseconds)
    SELECT CAST(:now AS timestamptz) - one * INTERVAL '1 hour', client.id, gen_random_uuid(), '/graphql', 'query',
        'viewer', 200, 'OK', one, one * 1.5
    FROM client CROSS JOIN generate_series(1, 12) AS one
"""
USAGE = """
    INSERT INTO client_usage (client_key, day, field, requests, refused, throttled, cost, milliseconds)
    SELECT client.id, CAST(:now AS date) - one, 'subject', 9, 2, 1, 4000000000, 12.25
    FROM client CROSS JOIN generate_series(1, 12) AS one
"""


@pytest.fixture(scope="module")
def logged(world: World) -> Iterator[None]:
    """Each client has a request log, to which nothing is added any more: the questions of a test are requests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "record", lambda *_: None)
        patch.setattr(Recorder, "write", AsyncMock())
        with world.engine.begin() as connection:
            for table in ("request_entry", "client_usage"):
                connection.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608
            for statement in (REQUESTS, USAGE):
                connection.execute(sa.text(statement), {"now": NOW})
        yield


@pytest.fixture(scope="module")
def disturbed(world: World, logged: None) -> World:
    """The service, answering by plans, over a disturbed city."""
    clients = {audience: client.primary_key for audience, client in world.clients.items()}
    with world.engine.begin() as connection:
        Disturbance(connection, SEED).apply(clients)
    with world.engine.begin() as connection:
        make_all_cards(connection, to_court_day(NOW))
    return world


def answered(world: World, token: str, document: str, variables: dict[str, Any]) -> tuple[int, bytes, Counter[Any]]:
    """Status, answer and log entries. The entries are taken out, so that the next reader meets the same log."""
    response = world.post(token, {"query": document, "variables": variables})
    answer, _, _ = response.content.rpartition(b',"extensions":')
    request_id = response.headers["x-request-id"]  # a receipt names the request
    return response.status_code, answer.replace(request_id.encode(), b"receipt"), taken(world, request_id)


def answered_in_batches(
    world: World, token: str, document: str, variables: dict[str, Any]
) -> tuple[int, bytes, Counter[Any]]:
    """The same, by the statements that answer several requests at once."""
    with world.batches():
        return answered(world, token, document, variables)


def taken(world: World, request_id: str) -> Counter[Any]:
    with world.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))  # the log is closed to deletion
        asked = {"id": request_id}
        entries = connection.execute(sa.text("SELECT * FROM access_record WHERE request_id = :id"), asked).mappings()
        connection.execute(sa.text("DELETE FROM access_answer WHERE request_id = :id"), asked)
    return Counter(tuple((name, str(value)) for name, value in entry.items() if name not in OWN) for entry in entries)


def asking(disturbed: World, audience: Audience, cursors: list[str]) -> Values:
    """Values of the arguments, some of them bad."""
    good = values(some_ids(disturbed), audience)
    filters: Values = {
        "first": lambda random: random.choice((1, 2, 3, 10, 100, 0, 101) if random.random() < 0.1 else (1, 2, 3, 10)),
        "after": lambda random: random.choice(cursors[-200:]) if cursors and random.random() < 0.9 else "nonsense",
        "parties.filter": lambda random: {"kind": random.choice(("PERSON", "ORGANIZATION"))},
        "cases.filter": lambda random: {
            "courtCode": "浙02",
            "stage": random.choice(("TRIAL", None)),
            "filedFrom": None,
        },
        "deductions.filter": lambda random: random.choice(
            ({"status": "PUBLISHED"}, {"tier": "T1", "stage": "TRIAL"}, {})
        ),
        "listings.filter": lambda random: {"kind": "DISHONEST_DEBTOR"},
        "accessRecords.filter": lambda random: random.choice(
            ({"since": "2026-01-01T00:00:00Z", "purpose": "LOAN_APPROVAL"}, {"result": "GIVEN"})
        ),
    }
    return {**good, **filters, "id": lambda random: good["id"](random) if random.random() < 0.95 else "no id"}


def operations(generator: Generator, random: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Operations short enough to be taken."""
    written = (generator.write(random) for _ in repeat(None))
    return islice((one for one in written if len(one[0]) <= LONGEST), OPERATIONS)


def cursors_in(value: Any) -> Iterator[str]:
    """The cursors of an answer."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name == "endCursor" and one:
                yield one
            yield from cursors_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from cursors_in(one)


def withdraw(world: World, share: float, random: Random) -> None:
    """Withdraw this share of the cards, and restore the others."""
    with world.engine.begin() as connection:
        withdraw_some(connection, share, random)


@pytest.mark.generated
@pytest.mark.parametrize("audience", list(Audience))
def test_both_executors_give_the_same(disturbed: World, loaders_world: World, audience: Audience) -> None:
    cursors: list[str] = []
    schema = build_schema(printed(scopes_of(audience)))
    generator = Generator(schema, asking(disturbed, audience, cursors), 4, conditional=0.1, repeated=0.1, optional=0.3)
    random, token, different, told = Random(f"{SEED}{audience}"), disturbed.token(audience), [], 0
    ways = (answered, answered_in_batches)
    asked = operations(generator, random)
    while block := list(islice(asked, CARDS_HOLD)):
        withdraw(disturbed, random.choice((0, 0.5, 1)), random)
        planned = [random.choice(ways)(disturbed, token, *operation) for operation in block]
        withdraw(disturbed, 1, random)
        loaded = [answered(loaders_world, token, *operation) for operation in block]
        pairs = zip(block, planned, loaded, strict=True)
        different += [(*operation, one, other) for operation, one, other in pairs if one != other]
        cursors += (cursor for one in planned for cursor in cursors_in(orjson.loads(one[1] + b"}")))
        told += sum(len(one[2]) for one in planned)
    assert different[:1] == []
    assert told or audience in {Audience.AUDITOR}
