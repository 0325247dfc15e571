"""`suxin doctor`: each thing that is wrong is named, with what to do about it."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from conftest import City, as_service
from emptying import empty_tables
from sequencing import LOGS, log_answers, write_signer
from typer.testing import CliRunner
from world import KEYRING, NOW

from cli import app
from commands.doctor.command import examine
from commands.doctor.finding import Finding, State
from commands.doctor.service import judge_locks
from models.keyring import load_keyring
from postgres import database, release
from postgres.locks import Lock
from settings import Settings

CHECKS = [
    "settings",
    "issuer",
    "data directory",
    "key permissions",
    "disk",
    "key ring",
    "signing keys",
    "log key",
    "database",
    "clock",
    "replication",
    "writing",
    "sessions",
    "migrations",
    "roles",
    "sealed numbers",
    "key of the log",
    "algorithms",
    "access log",
    "locks",
    "transparency log",
    "admissions",
    "worker",
    "calendar",
    "deliveries",
    "webhooks",
    "objections",
    "publication",
]


@dataclass
class Installation:
    """A sound installation, to be broken."""

    environment: Mapping[str, str]
    engine: sa.Engine
    settings: Settings
    leader: sa.Connection

    def look(self, now: Callable[[], datetime] = lambda: NOW, **changes: str) -> dict[str, Finding]:
        """What is found, by what was looked at."""
        return {finding.check: finding for finding in examine({**self.environment, **changes}, now)}

    def compare(self) -> dict[str, Finding]:
        """What is found, by what was looked at and compared with its base."""
        return {finding.check: finding for finding in examine(self.environment, lambda: NOW, deep=True)}

    def sick(self, now: Callable[[], datetime] = lambda: NOW, **changes: str) -> dict[str, Finding]:
        """What is not as it should be. The clock is not: the tests' stands still, and the database's goes on."""
        found = self.look(now, **changes)
        return {check: one for check, one in found.items() if one.state is not State.OK and check != "clock"}


@pytest.fixture(scope="module")
def url(database_copy: sa.URL) -> str:
    return as_service(database_copy).set(drivername="postgresql").render_as_string(hide_password=False)


PUBLISHED = """
    UPDATE batch SET status = 'PUBLISHED', published_at = :now
    WHERE month < date_trunc('month', CAST(:now AS timestamptz) AT TIME ZONE 'Asia/Shanghai')
"""
"""A month is published when it is over (R5)."""


@pytest.fixture(scope="module")
def engine(database_copy: sa.URL) -> Iterator[sa.Engine]:
    """A sound database: its days are done, its months published, its objections answered, and somebody leads."""
    engine = database.make_sync_engine(database_copy)
    with engine.begin() as connection:
        lasting = (
            f"ALTER DATABASE {database_copy.database} SET synchronous_commit = on"  # the tests' cluster has it off
        )
        connection.execute(sa.text(lasting))
        for day in (NOW, NOW + timedelta(31)):
            connection.execute(sa.text("SELECT ensure_access_log_partition(:day)"), {"day": day.date()})
        connection.execute(sa.text("INSERT INTO calendar_day VALUES (:day, :day)"), {"day": NOW})
        connection.execute(sa.text(PUBLISHED), {"now": NOW})
        connection.execute(sa.text("UPDATE objection SET due_on = :now WHERE outcome IS NULL"), {"now": NOW})
    log_answers(database_copy)
    yield engine
    engine.dispose()


@pytest.fixture
def sound(url: str, engine: sa.Engine, city: City, tmp_path: Path) -> Iterator[Installation]:
    """A sound installation, whose keys may be broken."""
    settings = Settings(data_dir=tmp_path / "data")
    settings.key_file.parent.mkdir(parents=True, mode=0o700)
    shutil.copy(city.settings.key_file, settings.key_file)
    write_signer(settings.log_key_file)
    environment = {
        "SUXIN_DATABASE_URL": url,
        "SUXIN_DATA_DIR": str(settings.data_dir),
        "SUXIN_ISSUER": "https://suxin.court.example",
    }
    CliRunner().invoke(app, ["keys", "rotate"], env=environment)  # too early, but it makes the keys
    with engine.connect() as leader:
        leader.execute(sa.text("SELECT pg_advisory_lock(:number)"), {"number": Lock.LEADERSHIP})
        yield Installation(environment, engine, settings, leader)
        leader.execute(sa.text("SELECT pg_advisory_unlock_all()"))


def test_a_sound_installation_has_nothing(sound: Installation) -> None:
    assert (list(sound.look()), sound.sick()) == (CHECKS, {})


def test_answers_that_are_not_logged_are_a_problem(indexed: Installation) -> None:
    with indexed.engine.begin() as connection:
        connection.execute(sa.text(ANSWER), {"now": NOW - timedelta(minutes=2)})
    found = indexed.sick()
    assert found["transparency log"].found == "Answers since 2026-11-21 03:58 are not logged."
    log_answers(indexed.engine.url)
    assert "transparency log" not in indexed.sick()


@pytest.mark.parametrize(
    ("slots", "months", "state", "told"),
    [
        (64, 32, State.OK, "max_locks_per_transaction is 64, and the access log has 32 months."),
        (64, 33, State.WARNING, "Set it to 66 or more, and restart PostgreSQL, standbys first."),
        (256, 123, State.OK, "max_locks_per_transaction is 256, and the access log has 123 months."),
    ],
)
def test_locks_are_enough_for_the_months_of_the_log(slots: int, months: int, state: State, told: str) -> None:
    found = judge_locks(slots, months)
    assert (found.state, found.remedy or found.found) == (state, told)


# --- settings and files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SUXIN_POOL_SIZE": "0"}, "SUXIN_POOL_SIZE must be"),
        ({"SUXIN_ISSUER": "http://suxin.court.example"}, "SUXIN_ISSUER must use https"),
        ({"SUXIN_TYPO": "1"}, "Unknown setting SUXIN_TYPO"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER must be otlp or none"),
    ],
)
def test_a_wrong_setting_is_all_that_is_found(sound: Installation, changes: dict[str, str], named: str) -> None:
    (found,) = sound.look(lambda: NOW, **changes).values()
    assert (found.check, found.state, named in found.found) == ("settings", State.PROBLEM, True)
    assert "Set it right" in found.remedy


def test_an_issuer_of_this_machine_is_warned_of(sound: Installation) -> None:
    found = sound.sick(SUXIN_ISSUER="http://127.0.0.1:8000")
    assert (list(found), found["issuer"].state) == (["issuer"], State.WARNING)
    assert "SUXIN_ISSUER" in found["issuer"].remedy


def test_an_openid_provider_that_is_away_is_a_problem(sound: Installation) -> None:
    issuer = "http://127.0.0.1:1"
    found = sound.sick(SUXIN_OPENID_ISSUER=issuer, SUXIN_OPENID_CLIENT_ID="suxin", SUXIN_OPENID_ACR="2")
    assert (list(found), found["OpenID provider"].state) == (["OpenID provider"], State.PROBLEM)
    assert found["OpenID provider"].found.startswith(f"{issuer} does not answer as it should (")
    assert "SUXIN_OPENID_ISSUER" in found["OpenID provider"].remedy


@pytest.mark.parametrize("name", ["identity.json", "signing.json", "log.json", "."])
def test_keys_that_others_may_read_are_a_problem(sound: Installation, name: str) -> None:
    path = (sound.settings.key_file.parent / name).resolve()
    path.chmod(0o755 if path.is_dir() else 0o640)
    found = sound.sick()
    assert list(found) == ["key permissions"]
    assert f"chmod {'700' if path.is_dir() else '600'} {path}" in found["key permissions"].remedy


@pytest.mark.parametrize(
    ("name", "check"), [("identity.json", "key ring"), ("signing.json", "signing keys"), ("log.json", "log key")]
)
def test_a_broken_key_file_is_a_problem(sound: Installation, name: str, check: str) -> None:
    file = sound.settings.key_file.with_name(name)
    file.write_text("{}")
    found = sound.sick()
    assert (found[check].state, str(file) in found[check].remedy) == (State.PROBLEM, True)
    assert "Restore" in found[check].remedy


def test_a_lost_key_ring_is_a_problem_where_numbers_are_sealed(sound: Installation) -> None:
    sound.settings.key_file.unlink()
    found = sound.sick()
    assert list(found) == ["key ring", "sealed numbers"]
    assert found["sealed numbers"].state is State.PROBLEM
    assert "Restore the identity.json" in found["sealed numbers"].remedy
    assert not sound.settings.key_file.exists()


def test_another_key_ring_is_a_problem(sound: Installation) -> None:
    sound.settings.key_file.unlink()
    load_keyring(sound.settings.key_file, KEYRING.suite)  # makes one
    found = sound.sick()
    assert list(found) == ["sealed numbers"]
    assert "does not open" in found["sealed numbers"].found


def test_a_data_directory_that_is_none_is_a_problem(sound: Installation, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    found = sound.sick(SUXIN_DATA_DIR=str(file))
    assert (found["data directory"].state, "SUXIN_DATA_DIR" in found["data directory"].remedy) == (State.PROBLEM, True)
    assert sound.sick(SUXIN_DATA_DIR=str(tmp_path / "nowhere"))["data directory"].state is State.WARNING


@pytest.mark.parametrize(("free", "state"), [(4, State.PROBLEM), (14, State.WARNING), (15, State.OK)])
def test_a_full_disk_is_told(sound: Installation, monkeypatch: pytest.MonkeyPatch, free: int, state: State) -> None:
    usage = SimpleNamespace(free=free << 30, total=100 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    disk = sound.look()["disk"]
    assert (disk.state, "Make room" in disk.remedy) == (state, state is not State.OK)


# --- the database -----------------------------------------------------------------------------------------------------


def test_a_database_that_does_not_answer_is_a_problem(sound: Installation) -> None:
    found = sound.sick(SUXIN_DATABASE_URL="postgresql://suxin:secret@127.0.0.1:1/suxin")["database"]
    assert (found.state, "SUXIN_DATABASE_URL" in found.found) == (State.PROBLEM, True)
    assert "secret" not in found.found


def test_an_old_database_is_a_problem(sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "MINIMUM_VERSION", 990000)
    found = sound.sick()["database"]
    assert (found.state, "Suxin needs PostgreSQL" in found.found) == (State.PROBLEM, True)
    assert "PostgreSQL 15" in found.remedy


def test_no_database_yet(tmp_path: Path) -> None:
    (found,) = (one for one in examine({"SUXIN_DATA_DIR": str(tmp_path)}, lambda: NOW) if one.check == "database")
    assert (found.state, "suxin setup" in found.remedy) == (State.PROBLEM, True)
    assert list(tmp_path.iterdir()) == []


def test_an_embedded_database_is_looked_at_and_left_as_it_was(data_dir: Path) -> None:
    environment = {"SUXIN_DATA_DIR": str(data_dir)}
    with database.run_embedded(data_dir) as url:
        database.migrate(url)
    found = {finding.check: finding.state for finding in examine(environment, lambda: NOW)}
    assert (found["migrations"], found["access log"], found["key ring"]) == (State.OK, State.PROBLEM, State.WARNING)
    assert found["database"] is State.WARNING  # it is for trying
    assert not Settings(data_dir=data_dir).key_file.exists()
    assert not (data_dir / "postgresql" / "postmaster.pid").exists()


@pytest.mark.parametrize(("skew", "where"), [(60, "behind"), (-60, "ahead of")])
def test_clocks_that_differ_are_a_problem(sound: Installation, skew: int, where: str) -> None:
    with sound.engine.connect() as connection:
        theirs: datetime = connection.scalar(sa.text("SELECT clock_timestamp()"))
    found = sound.look(lambda: theirs + timedelta(seconds=skew))["clock"]
    assert (found.state, f"seconds {where} this machine" in found.found) == (State.PROBLEM, True)
    assert "NTP" in found.remedy


@contextmanager
def changed(installation: Installation, change: str, back: str) -> Iterator[None]:
    """The database with a change that is taken back."""
    for statement, after in ((change, False), (back, True)):
        if after:
            yield
        with installation.engine.begin() as connection:
            connection.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("change", "back", "remedy"),
    [
        (
            "UPDATE alembic_version SET version_num = '0001'",
            "UPDATE alembic_version SET version_num = '{newest}'",
            "Run `suxin migrate`",
        ),
        (
            "UPDATE alembic_version SET version_num = '9999'",
            "UPDATE alembic_version SET version_num = '{newest}'",
            "Install Suxin ",
        ),
        (
            "ALTER TABLE alembic_version RENAME TO x",
            "ALTER TABLE x RENAME TO alembic_version",
            "Fill it with `suxin setup`",
        ),
    ],
)
def test_another_revision_is_all_that_is_found_of_tables(
    sound: Installation, change: str, back: str, remedy: str
) -> None:
    with changed(sound, change, back.format(newest=database.list_revisions()[0])):
        found = sound.look()
    assert list(found)[-1] == "migrations"
    assert (found["migrations"].state, remedy in found["migrations"].remedy) == (State.PROBLEM, True)


MONTH = "ALTER TABLE access_answer_2026_12 RENAME TO {}"
BATCH = "UPDATE batch SET status = '{}', published_at = {} WHERE id = (SELECT min(id) FROM batch)"
OBJECTION = "UPDATE objection SET due_on = '{}' WHERE id = (SELECT min(id) FROM objection WHERE outcome IS NULL)"
HOOK = """
    INSERT INTO webhook (client_key, url, public_key, created_at, disabled_at, disable_reason)
    SELECT id, 'https://bank.example', sha256('x'), now(), {} FROM client WHERE client_id = 'demo-bank'
"""
DUE = f"""
    WITH hook AS ({HOOK.format("NULL, NULL")} RETURNING id), happened AS (
        INSERT INTO event (party_id, sequence, kind, occurred_at)
        SELECT id, 1000, 'COLOUR_CHANGED', now() FROM party ORDER BY id LIMIT 1 RETURNING id
    )
    INSERT INTO delivery (webhook_id, event_id, next_at)
    SELECT hook.id, happened.id, timestamptz '{NOW}' - interval '15 minutes' FROM hook, happened
"""  # noqa: S608 - of this file's own words
TABLES = {
    "no partition": (
        MONTH.format("x"),
        "ALTER TABLE x RENAME TO access_answer_2026_12",
        "access log",
        State.PROBLEM,
        "2026-12",
        "suxin serve",
    ),
    "an admission that ends": (
        "UPDATE client SET contract_number = '1', responsible = 'x', impact_assessment = '1', ends_on = '2026-12-01'"
        " WHERE client_id = (SELECT min(client_id) FROM client)",
        "UPDATE client SET contract_number = NULL, responsible = NULL, impact_assessment = NULL, ends_on = NULL",
        "admissions",
        State.WARNING,
        "ends within 30 days",
        "suxin client admit",
    ),
    "a day not done": (
        "UPDATE calendar_day SET day = '2026-11-19'",
        "UPDATE calendar_day SET day = '2026-11-21'",
        "calendar",
        State.PROBLEM,
        "2 days",
        "suxin worker",
    ),
    "a day done ahead": (
        "UPDATE calendar_day SET day = '2026-11-22'",
        "UPDATE calendar_day SET day = '2026-11-21'",
        "calendar",
        State.OK,
        "",
        "",
    ),
    "a month unpublished": (
        BATCH.format("DECIDED", "NULL"),
        BATCH.format("PUBLISHED", "now()"),
        "publication",
        State.WARNING,
        "1 months",
        "suxin publish",
    ),
    "an objection overdue": (
        OBJECTION.format("2026-11-20"),
        OBJECTION.format("2026-11-21"),
        "objections",
        State.WARNING,
        "1 objections",
        "answerObjection",
    ),
    "a failed webhook": (
        HOOK.format("now(), 'FAILING'"),
        "DELETE FROM webhook",
        "webhooks",
        State.WARNING,
        "1 webhooks",
        "enableWebhook",
    ),
    "a delivery that waits": (
        DUE,
        "DELETE FROM delivery",
        "deliveries",
        State.PROBLEM,
        "the first for 900 seconds",
        "SUXIN_WEBHOOK_NETWORKS",
    ),
}


@pytest.mark.parametrize(("change", "back", "check", "state", "found", "remedy"), TABLES.values(), ids=TABLES)
def test_what_is_wrong_in_the_database_is_named(
    sound: Installation, change: str, back: str, check: str, state: State, found: str, remedy: str
) -> None:
    with changed(sound, change, back):
        told, sick = sound.look()[check], sound.sick()
    assert (told.state, list(sick)) == (state, [check] if state is not State.OK else [])
    assert found in told.found
    assert remedy in told.remedy


def test_nobody_leads(sound: Installation) -> None:
    sound.leader.execute(sa.text("SELECT pg_advisory_unlock_all()"))
    found = sound.sick()
    assert (list(found), found["worker"].state) == (["worker"], State.PROBLEM)
    assert "suxin worker" in found["worker"].remedy


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_fails_with_a_problem(sound: Installation) -> None:
    sound.settings.key_file.write_text("{}")
    shown = CliRunner().invoke(app, ["doctor"], env={**sound.environment, "COLUMNS": "200"})
    assert (shown.exit_code, "problem" in shown.stdout, "Restore" in shown.stdout) == (1, True, True)
    told = CliRunner().invoke(app, ["doctor", "--json"], env=dict(sound.environment))
    found = json.loads(told.stdout)
    assert (told.exit_code, found["ok"]) == (1, False)
    (ring,) = (one for one in found["findings"] if one["check"] == "key ring")
    assert (ring["state"], "Restore" in ring["remedy"]) == ("problem", True)


def test_the_command_succeeds_with_warnings(sound: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.doctor.command.examine", lambda *_, **__: [Finding("disk", State.WARNING, "x", "y")])
    told = CliRunner().invoke(app, ["doctor", "--json"], env=dict(sound.environment))
    assert (told.exit_code, json.loads(told.stdout)["ok"]) == (0, True)


def test_the_command_says_how_it_is_used() -> None:
    shown = CliRunner().invoke(app, ["doctor", "--help"], env={"COLUMNS": "200"}).stdout
    assert "Example: suxin doctor --json" in shown


# --- what is derived --------------------------------------------------------------------------------------------------

DERIVED = ["publicity", "disclosure", "names", "access index", "cards", "readings", "log chain"]
ANSWER = """
    INSERT INTO access_answer (at, client_key, request_id, audience, purpose, shape_id, subjects, results, parties)
    VALUES (:now, 1, gen_random_uuid(), 'BANK', 'LOAN_APPROVAL', 1, 1, ARRAY['GIVEN'], ARRAY[1::bigint])
"""
INDEXED = "INSERT INTO access_index SELECT int8send(1), at, id, client_key FROM access_answer WHERE at = :now"
REACHED = "UPDATE access_index_state SET snapshot = pg_current_snapshot()"


@pytest.fixture
def indexed(sound: Installation) -> Installation:
    """An installation whose log has one answer, which is in the index."""
    with sound.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        empty_tables(connection, *LOGS)
        connection.execute(sa.text(ANSWER), {"now": NOW})
        connection.execute(sa.text(INDEXED), {"now": NOW})
    with sound.engine.begin() as connection:
        connection.execute(sa.text(REACHED))
    log_answers(sound.engine.url)
    return sound


def test_what_is_derived_is_as_its_base_says(indexed: Installation) -> None:
    found = indexed.compare()
    assert list(found) == CHECKS + DERIVED
    assert [found[name].state for name in DERIVED] == [State.OK] * len(DERIVED)


@pytest.mark.parametrize(
    ("check", "breaking", "mending", "told"),
    [
        (
            "publicity",
            "UPDATE deduction SET publicity = '[2020-01-01,2020-01-02)' WHERE id = (SELECT max(id) FROM deduction"
            " WHERE id NOT IN (SELECT deduction_id FROM code_record WHERE deduction_id IS NOT NULL))",
            "UPDATE deduction AS d SET publicity = deduction_publicity(d)",
            "The days of publicity are wrong: 1 of deduction.",
        ),
        (
            "disclosure",
            "UPDATE party SET disclosed = NOT disclosed WHERE id = (SELECT min(id) FROM party WHERE NOT held"
            " AND id IN (SELECT party_id FROM card_withdrawal))",
            "UPDATE party AS p SET disclosed = party_disclosed(p)",
            "1 parties are disclosed or hidden wrongly.",
        ),
        (
            "names",
            "UPDATE party SET folded = folded || '甲' WHERE id = (SELECT min(party_id) FROM card_withdrawal)",
            "UPDATE party SET folded = left(folded, -1) WHERE id = (SELECT min(party_id) FROM card_withdrawal)",
            "1 names are not found by their folded forms.",
        ),
        (
            "access index",
            "DELETE FROM access_index",
            "SELECT 1",
            "1 entries are missing, 0 are of no answer.",
        ),
        (
            "access index",
            "INSERT INTO access_index SELECT int8send(2), at, answer_id, client_key FROM access_index",
            "SELECT 1",
            "0 entries are missing, 1 are of no answer.",
        ),
        (
            "log chain",
            "UPDATE access_answer SET branch = 'other'",
            "UPDATE access_answer SET branch = NULL",
            "The transparency log does not hold: 1 faults (changed).",
        ),
        (
            "cards",
            "UPDATE carded_deduction SET has_repairs = NOT has_repairs WHERE id = "
            "(SELECT min(id) FROM carded_deduction WHERE party_id NOT IN (SELECT party_id FROM card_withdrawal))",
            "UPDATE carded_deduction AS d SET has_repairs = EXISTS (SELECT FROM repair WHERE deduction_id = d.id)",
            "1 cards differ from the tables.",
        ),
        (
            "cards",
            "UPDATE carded_identity SET folded = folded || '甲' WHERE index = "
            "(SELECT min(index) FROM carded_identity WHERE party_id NOT IN (SELECT party_id FROM card_withdrawal))",
            "UPDATE carded_identity AS i SET folded = p.folded FROM party AS p WHERE p.id = i.party_id",
            "1 cards differ from the tables.",
        ),
        (
            "cards",
            "UPDATE party_card SET colour = 'GOLD' WHERE colour <> 'GOLD' AND party_id = "
            "(SELECT min(party_id) FROM party_card WHERE party_id NOT IN (SELECT party_id FROM card_withdrawal))",
            "UPDATE party_card AS k SET colour = coalesce((SELECT p.colour FROM code_period AS p"
            " WHERE p.party_id = k.party_id AND p.during = k.during AND p.perspective = 'COURT'), 'GREEN')",
            "1 cards differ from the tables.",
        ),
    ],
)
def test_what_bypassed_the_triggers_is_found(
    indexed: Installation, check: str, breaking: str, mending: str, told: str
) -> None:
    with indexed.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text(breaking))
    found = indexed.compare()
    with indexed.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text(mending))
    assert {name: found[name].found for name in DERIVED if found[name].state is State.PROBLEM} == {check: told}
    assert found[check].remedy
