"""A standby answers what the primary confirms: real servers, one of which stops replaying."""

import asyncio
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from served import wait_until

from bench.database.data import Data, build, read_data
from bench.scale.replicas import Replica, Replicas, open_replicas
from bench.scale.standby import name_address
from bench.systems.suxin import Suxin
from bench.systems.workloads import CHECK, PAGE, SUBJECT, Work, draw_picks
from commands.doctor.finding import State
from commands.doctor.replication import examine_standby
from engine.statement.standby import list_tables
from postgres import database

SUBJECTS, REVOKED_ANSWERS = 300, 150
FRESH = "of another service"
"""A token that no standby can honour, so that the primary answers."""

READS = re.compile(r'^suxin_standby_reads_total\{outcome="(\w+)"\} ([\d.e+]+)$', re.M)


class Reading(Suxin):
    """A server that reads from a standby."""

    def __init__(self, data: Data, standby: Replica) -> None:
        super().__init__(data)
        self.standby = standby
        self.prepared: dict[tuple[Work, int], bytes] = {}

    @property
    def environment(self) -> Mapping[str, str]:
        address = f"postgresql://suxin@127.0.0.1:{self.standby.port}/suxin"
        own = {"SUXIN_STANDBY_URL": address, "SUXIN_REQUEST_TIMEOUT": "60", "SUXIN_STATEMENT_TIMEOUT": "30"}
        own["SUXIN_MISSES"] = "0"  # no brake
        return {**super().environment, **own}

    def outcomes(self) -> dict[str, int]:
        """What has become of the reads of the standby."""
        text = httpx2.get(f"{self.origin}/metrics").text
        return {outcome: int(float(number)) for outcome, number in READS.findall(text)}

    def answer(self, work: Work, place: int = 0, token: str | None = None) -> Any:
        """The answer to a request of a work. token: of consistency."""
        own = {} if token is None else {"suxin-consistency": token}
        return self.ask(self.prepare(work, place), {**self.headers(work), **own}).json()

    def prepare(self, work: Work, place: int = 0) -> bytes:
        """The body of a request. Its ids and cursors are asked for once."""
        if (work, place) not in self.prepared:
            self.prepared[work, place] = self.body(work, draw_picks(work, SUBJECTS, place + 1)[place])
        return self.prepared[work, place]

    def grows(self, outcome: str, work: Work, token: str | None = None) -> Any:
        """The answer to a request that comes to this outcome, and to no other of a standby."""
        self.prepare(work)
        before = self.outcomes()
        answer = self.answer(work, token=token)
        assert self.outcomes() == {**before, outcome: before.get(outcome, 0) + 1}
        return answer


@pytest.fixture(scope="module")
def replicas() -> Iterator[Replicas]:
    with (
        tempfile.TemporaryDirectory(prefix="suxin-test-", ignore_cleanup_errors=True) as directory,
        open_replicas(Path(directory)) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def system(replicas: Replicas, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    """A server of which every document has been answered by the standby."""
    place = tmp_path_factory.mktemp("data")
    build(replicas.url, place, SUBJECTS)
    found = Reading(read_data(replicas.url, place, SUBJECTS), replicas.standbys[0])
    with found.serving():
        for work in (PAGE, SUBJECT, CHECK):
            wait_until(lambda work=work: confirms(found, work))  # type: ignore[misc]
        yield found
    found.http.close()


@pytest.fixture
def engine(replicas: Replicas) -> Iterator[sa.Engine]:
    found = database.make_sync_engine(replicas.url)
    yield found
    found.dispose()


@pytest.fixture
def paused(replicas: Replicas) -> Iterator[None]:
    """The standby replays nothing meanwhile, and has caught up afterwards."""
    standby = replicas.standbys[0]
    standby.ask("SELECT pg_wal_replay_pause()")
    wait_until(lambda: standby.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")
    yield
    standby.ask("SELECT pg_wal_replay_resume()")
    catch_up(replicas)


def catch_up(replicas: Replicas) -> None:
    """Wait until the standby has replayed everything."""
    written = replicas.primary.ask("SELECT pg_current_wal_insert_lsn()")
    reached = f"SELECT pg_last_wal_replay_lsn() >= '{written}'"
    wait_until(lambda: replicas.standbys[0].ask(reached))


def confirms(system: Reading, work: Work) -> bool:
    """Whether a request is answered by the standby."""
    before = system.outcomes().get("confirmed", 0)
    system.answer(work)
    return system.outcomes().get("confirmed", 0) > before


def count_entries(engine: sa.Engine, request_id: str) -> int:
    """The entries of an answer on the primary."""
    with engine.connect() as connection:
        query = sa.text("SELECT count(*) FROM access_answer WHERE request_id = :id")
        return int(connection.scalar(query, {"id": request_id}) or 0)


@pytest.mark.parametrize("work", [PAGE, SUBJECT, CHECK], ids=lambda work: work.name)
def test_the_standby_answers_what_the_primary_would(system: Reading, engine: sa.Engine, work: Work) -> None:
    for place in range(5):
        system.prepare(work, place)
        before = system.outcomes()["confirmed"]
        answer, of_primary = system.answer(work, place), system.answer(work, place, FRESH)
        assert system.outcomes()["confirmed"] == before + 1
        assert answer["data"] == of_primary["data"]
        assert "errors" not in answer
        assert [count_entries(engine, one["extensions"]["requestId"]) for one in (answer, of_primary)] == [1, 1]


@pytest.mark.usefixtures("paused")
def test_a_revoked_consent_answers_nothing(system: Reading, engine: sa.Engine, replicas: Replicas) -> None:
    def outcomes(answer: Any) -> set[str]:
        return {one["outcome"] for one in answer["data"]["subjects"]}

    assert outcomes(system.grows("confirmed", CHECK)) == {"MATCHED"}
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE consent SET revoked_at = now()"))
    before = system.outcomes()
    expected = outcomes(system.answer(CHECK, token=FRESH))
    assert "CONSENT_REQUIRED" in expected
    for _ in range(REVOKED_ANSWERS):
        assert outcomes(system.answer(CHECK)) == expected
    now = system.outcomes()
    assert (now["confirmed"], now["changed"]) == (before["confirmed"], before.get("changed", 0) + REVOKED_ANSWERS)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE consent SET revoked_at = NULL"))


CHANGES = {
    "the name": "UPDATE party SET created_at = created_at + interval '1 day' WHERE id = :party",
    "a deduction": "UPDATE deduction SET finding_digest = decode(repeat('11', 32), 'hex') WHERE party_id = :party",
    "a repair": "UPDATE repair SET evidence_document = 'another' WHERE party_id = :party",
    "a former name": "INSERT INTO party_name (party_id, name, folded, standing)"
    " VALUES (:party, '旧名', '旧名', 'FORMER')",
    "a record": "UPDATE code_record SET ends_on = ends_on + 1 WHERE party_id = :party",
    "a period": "DELETE FROM code_period WHERE party_id = :party",
}
ROWS = {"a deduction": "deduction", "a repair": "repair", "a record": "code_record", "a period": "code_period"}


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("change", list(CHANGES))
def test_every_change_of_a_party_is_noticed(engine: sa.Engine, change: str) -> None:
    """By the fingerprint, before the card is made anew: of any party that has such a row."""
    about = "SELECT fingerprint_facts(1, ARRAY[CAST(:party AS bigint)], NULL)"
    of_somebody = f"SELECT min(party_id) FROM {ROWS.get(change, 'party_name')} JOIN party_card USING (party_id)"  # noqa: S608
    with engine.connect() as connection:
        party = {"party": connection.scalar(sa.text(of_somebody))}
        assert party["party"] is not None
        assert connection.scalar(sa.text(about), party) is not None
        connection.execute(sa.text("SET session_replication_role = origin"))
        connection.execute(sa.text(CHANGES[change]), party)
        assert connection.scalar(sa.text(about), party) is None
        connection.rollback()


@pytest.mark.usefixtures("paused")
def test_a_token_is_honoured(system: Reading, replicas: Replicas) -> None:
    """Who sends the token of an answer sees at least what that answer saw."""
    token = system.grows("confirmed", SUBJECT)["extensions"]["consistency"]
    system.grows("behind", SUBJECT, token)
    replicas.standbys[0].ask("SELECT pg_wal_replay_resume()")
    catch_up(replicas)
    system.grows("confirmed", SUBJECT, token)


def test_what_is_not_covered_is_answered_by_the_primary(system: Reading) -> None:
    """A statement that reads other tables has no form for a standby, and neither has one with two roots."""
    before = system.outcomes()
    body = b'{"query": "{ courts { code } viewer { clientId } }"}'
    answer = system.ask(body, system.headers(PAGE)).json()
    assert "errors" not in answer
    assert system.outcomes() == before
    assert answer["extensions"]["consistency"]


def test_ended_sessions_of_a_standby_end_no_request(system: Reading, replicas: Replicas) -> None:
    """A standby ends them because of what it replays (SQLSTATE 40001, 57P01)."""
    expected = system.answer(CHECK, token=FRESH)["data"]
    for _ in range(3):
        replicas.standbys[0].ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'suxin' AND pid <> pg_backend_pid()"
        )
        assert system.answer(CHECK)["data"] == expected
    wait_until(lambda: confirms(system, CHECK))


def test_a_standby_that_is_away_is_done_without(system: Reading, replicas: Replicas, engine: sa.Engine) -> None:
    expected = system.answer(CHECK, token=FRESH)["data"]
    replicas.standbys[0].control("stop", "-m", "immediate")
    for _ in range(5):
        answer = system.answer(CHECK)
        assert answer["data"] == expected
        assert count_entries(engine, answer["extensions"]["requestId"]) == 1
    replicas.standbys[0].control("start")
    wait_until(lambda: confirms(system, CHECK))


async def examine(primary: Replica, url: str) -> tuple[State, str]:
    """What the doctor says of a standby at an address."""
    engine = database.make_async_engine(name_address(primary), 1, 10)
    async with engine.connect() as connection:
        found = await examine_standby(connection, url)
    await engine.dispose()
    return found.state, found.found


def test_the_doctor_says_whether_the_standby_is_one(replicas: Replicas) -> None:
    catch_up(replicas)
    for address, expected in (
        (name_address(replicas.standbys[0]), (State.OK, "It follows the primary.")),
        (
            name_address(replicas.primary),
            (State.PROBLEM, "SUXIN_STANDBY_URL leads to a primary: nothing is read from it."),
        ),
        (
            sa.make_url("postgresql://suxin@127.0.0.1:1/suxin"),
            (
                State.PROBLEM,
                "The standby does not answer: ConnectionRefusedError. The primary answers everything.",
            ),
        ),
    ):
        url = address.set(drivername="postgresql").render_as_string(hide_password=False)
        assert asyncio.run(examine(replicas.primary, url)) == expected


def test_tables_are_found_by_their_places() -> None:
    text = 'WITH one AS (SELECT 1 FROM a AS x) SELECT x.b AS c FROM one, d AS y, LATERAL (SELECT FROM "E") AS z ON true'
    assert list_tables(text) == {"a", "d", '"E"'}
    assert list_tables("SELECT 1 FROM unnest($1) AS u LEFT OUTER JOIN f AS g ON u.h IS DISTINCT FROM true") == {"f"}
