"""`suxin log`: what an auditor and a partner type."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
from conftest import Instance
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from emptying import AS_SUPERUSER, empty_tables
from sequencing import NOW, SIGNER, log_answers, write_signer
from served import wait_until
from typed import OPERATOR, Run, runner, told_by

from auth.log_key import read_signer
from casework.transparency.receipts import Receipt
from commands.exits import CommandError
from commands.log.witnessing import Witness
from models.security_event import SecurityAct
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.merkle import PathError, compute_root, hash_leaf, verify_inclusion
from models.transparency.notes import NoteError, NoteSigner, open_note, read_key
from models.transparency.rotations import Rotation, sign_rotation
from postgres import database

ANSWERS = """
    INSERT INTO access_answer (at, client_key, request_id, audience, purpose, shape_id, subjects, results, parties)
    SELECT now() - interval '1 hour' + place * interval '1 second', 1, gen_random_uuid(), 'BANK', 'LOAN_APPROVAL', 1, 1,
        ARRAY['GIVEN'], ARRAY[place]
    FROM generate_series(1, 20) AS place
"""


@pytest.fixture
def files(tmp_path: Path, installed: Mapping[str, str]) -> Path:
    """The directory of an auditor with what was kept. The installation has the log's key."""
    write_signer(Path(installed["SUXIN_DATA_DIR"]) / "keys" / "log.json")
    return tmp_path


@pytest.fixture
def log(database_url: sa.URL) -> Iterator[sa.Engine]:
    """A log of twenty entries."""
    engine = database.make_sync_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT ensure_access_log_partition(day::date)"
                                   " FROM (VALUES (now()), (now() - interval '2 hours')) AS days (day)"))  # fmt: skip
        connection.execute(sa.text(ANSWERS))
    log_answers(database_url)
    yield engine
    with engine.begin() as connection:
        connection.execute(AS_SUPERUSER)
        empty_tables(connection, "access_answer", "log_leaf", "log_node", "log_checkpoint", "log_deletion")
    engine.dispose()


@pytest.fixture
def kept(log: sa.Engine, files: Path) -> Path:
    """The checkpoint that a partner keeps."""
    with log.connect() as connection:
        note = connection.scalar(sa.text("SELECT note FROM log_checkpoint ORDER BY size DESC LIMIT 1"))
    path = files / "bank.checkpoint"
    path.write_text(note)
    return path


def test_the_key_is_printed(tmp_path: Path) -> None:
    run = runner({"SUXIN_DATA_DIR": str(tmp_path)})
    result = run("log", "key")
    assert result.exit_code == 0
    assert read_key(result.stdout).name == "127.0.0.1:8000/log"
    assert run("log", "key").stdout == result.stdout


def test_a_log_that_holds(run: Run, files: Path, kept: Path) -> None:
    result = run("log", "verify", "--checkpoint", kept, "--key", str(SIGNER.key))
    assert result.exit_code == 0, result.output
    assert "20 entries, root" in result.stdout
    assert "The log holds, compared with 1 kept checkpoints." in result.stdout
    alone = run("log", "verify")
    assert "compared with itself only: give --checkpoint" in alone.stdout.replace("\n", " ")


def test_a_log_that_does_not_hold(run: Run, log: sa.Engine, kept: Path) -> None:
    with log.begin() as connection:
        connection.execute(AS_SUPERUSER)
        connection.execute(sa.text("UPDATE access_answer SET purpose = 'SELF' WHERE parties = '{7}'"))
    result = run("log", "verify", "--checkpoint", kept, "--key", str(SIGNER.key))
    assert result.exit_code == 1
    assert re.search(r"changed: entry 6: The answer of .* is not the one that was logged\.", result.stderr)
    assert "1 faults. The log does not hold." in result.stderr


def test_a_copy_is_verified_without_a_database(run: Run, files: Path, kept: Path) -> None:
    copy, key = files / "copy", str(SIGNER.key)
    made = run("log", "export", copy)
    assert (made.exit_code, "20 entries." in made.stdout) == (0, True), made.output
    assert "is not empty" in run("log", "export", copy).stderr
    alone = runner({"SUXIN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    result = alone("log", "verify", copy, "--checkpoint", kept, "--key", key)
    assert result.exit_code == 0, result.output
    assert "The log holds, compared with 1 kept checkpoints." in result.stdout
    bundle = copy / "tile" / "entries" / "000.p" / "20"
    octets = bytearray(bundle.read_bytes())
    octets[7 * 107 + 50] ^= 1
    bundle.write_bytes(octets)
    result = alone("log", "verify", copy, "--checkpoint", kept, "--key", key)
    assert result.exit_code == 1
    assert "changed: entry 7: The entry is not the one whose hash is published." in result.stderr
    assert "rewritten: The first 20 entries are not those of the checkpoint that was kept." in result.stderr
    assert "Give --key" in alone("log", "verify", copy).stderr
    assert "is no copy of a log" in alone("log", "verify", files, "--key", key).stderr


def test_the_key_is_changed_in_two_steps(run: Run, installed: Mapping[str, str], kept: Path, tmp_path: Path) -> None:
    """The old key leads to the new one in the database and in a copy; the old private key goes only when it may."""
    file = Path(installed["SUXIN_DATA_DIR"]) / "keys" / "log.json"
    before = file.read_text()
    url = sa.make_url(installed["SUXIN_DATABASE_URL"])
    assert "There is no new key." in run("log", "rotate", "--finish").stderr
    begun = run("log", "rotate")
    assert begun.exit_code == 0, begun.output
    assert run("log", "rotate").stdout == begun.stdout
    old, new = run("log", "key").stdout.splitlines()
    assert (old, new in begun.stdout.replace("\n", "")) == (str(SIGNER.key), True)
    early = run("log", "rotate", "--finish")
    assert (early.exit_code, "not signed by the new key. Restart all workers" in early.stderr) == (1, True)
    engine = database.make_sync_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(ANSWERS))
    log_answers(url, read_signer(file))
    assert run("log", "rotate", "--finish").exit_code == 0
    assert run("log", "key").stdout == f"{new}\n"
    with engine.begin() as connection:
        connection.execute(sa.text(ANSWERS))
    log_answers(url, read_signer(file))
    for key in (old, new):
        result = run("log", "verify", "--checkpoint", kept, "--key", key)
        assert result.exit_code == 0, result.output
    assert run("log", "export", tmp_path / "copy").exit_code == 0
    assert run("log", "verify", tmp_path / "copy", "--checkpoint", kept, "--key", old).exit_code == 0
    (tmp_path / "receipt").write_text(
        SIGNER.sign(Receipt(SIGNER.name, UUID(int=1), NOW - timedelta(days=1), [(NOW, hash_leaf(b"x"))]).write())
    )
    promised = run("log", "verify", tmp_path / "copy", "--receipt", tmp_path / "receipt", "--key", new)
    assert "promise: The entry of a receipt should have been logged by" in promised.stderr
    assert "Nothing is due." in run("log", "erase").stdout
    with engine.begin() as connection:
        connection.execute(AS_SUPERUSER)
        empty_tables(connection, "log_rotation")
    stranger = run("log", "verify", "--checkpoint", kept, "--key", new)
    assert (stranger.exit_code, "not signed by a key that is trusted" in stranger.stderr) == (1, True)
    file.write_text(before)
    engine.dispose()


def test_old_answers_are_erased_after_a_question(run: Run, log: sa.Engine, files: Path, database_url: sa.URL) -> None:
    old = ANSWERS.replace("now()", "timestamptz '2005-03-04'")
    with log.begin() as connection:
        connection.execute(sa.text("SELECT ensure_access_log_partition('2005-03-01')"))
        connection.execute(sa.text(old))
    log_answers(database_url)
    asked = run("log", "erase")
    assert (asked.exit_code, "Erase the answers of 2005-03 for good?" in asked.stdout) == (1, True)
    result = run("--operator", OPERATOR, "log", "erase", "--yes")
    assert (result.exit_code, "2005-03 is erased." in result.stdout) == (0, True), result.output
    assert told_by(log, SecurityAct.LOG_ERASED) == ["access log 2005-03"]
    assert "Nothing is due." in run("log", "erase").stdout
    verified = run("log", "verify", "--key", str(SIGNER.key))
    assert verified.exit_code == 0, verified.output
    assert "20 entries of more than ten years ago have no details any more." in verified.stdout
    with log.begin() as connection:
        assert connection.scalar(sa.text("SELECT to_regclass('access_index_2005_03')")) is None


def test_old_months_are_archived_and_verified_elsewhere(
    run: Run, installed: Mapping[str, str], log: sa.Engine, files: Path, database_url: sa.URL
) -> None:
    """By public keys alone; the sentences are in the language of the terminal."""
    directory, key = files / "archive", str(SIGNER.key)
    assert "Nothing is due: no month of the access log is ten years old." in run("log", "archive", directory).stdout
    old = ANSWERS.replace("now()", "timestamptz '2005-03-04'")
    with log.begin() as connection:
        connection.execute(sa.text("SELECT ensure_access_log_partition('2005-03-01')"))
        connection.execute(sa.text(old))
    waits = run("log", "archive", directory, "--yes")
    assert (waits.exit_code, "Not all answers of 2005-03 are in the index of subjects." in waits.stderr) == (1, True)
    with log.begin() as connection:
        connection.execute(sa.text("UPDATE access_index_state SET snapshot = pg_current_snapshot()"))
    log_answers(database_url)
    asked = run("log", "archive", directory)
    assert (asked.exit_code, "Archive 2005-03, and delete the answers from the access log?" in asked.stdout) == (
        1,
        True,
    )
    chinese = runner({**installed, "LANG": "zh_CN.UTF-8"})
    told = chinese("log", "archive", directory, "--month", "2004-01")
    assert (told.exit_code, "访问日志里没有 2004-01 的回答，无可归档。" in told.stderr) == (1, True), told.output
    (files / "file").write_text("x")
    nowhere = run("log", "archive", files / "file" / "x")
    assert (nowhere.exit_code, "cannot be written to" in nowhere.stderr) == (73, True)
    done = run("--operator", OPERATOR, "log", "archive", directory, "--by", "Li Si", "--yes")
    assert done.exit_code == 0, done.output
    assert told_by(log, SecurityAct.LOG_ARCHIVED) == ["access log 2005-03"]
    assert "2005-03: 20 answers are in" in done.stdout
    alone = runner({"SUXIN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    found = alone("log", "verify", directory, "--key", key)
    assert found.exit_code == 0, found.output
    assert "2005-03: 20 answers, in the tree of 40 entries." in found.stdout
    assert "The archives hold." in found.stdout
    assert "Give --key" in alone("log", "verify", directory).stderr
    proven = json.loads(alone("log", "prove", directory, "2005-03", "25", "--key", key).stdout)
    root = open_checkpoint(proven["proof"]["checkpoint"], [SIGNER.key]).root
    path = [bytes.fromhex(node) for node in proven["proof"]["path"]]
    verify_inclusion(bytes.fromhex(proven["leaf"]), 25, 40, path, root)
    none = alone("log", "prove", directory, "2005-03", "3", "--key", key)
    assert (none.exit_code, "The archive of 2005-03 has no entry 3." in none.stderr) == (1, True)
    (directory / "2005-03.jsonl.gz").write_bytes(b"")
    lost = alone("log", "verify", directory, "--key", key)
    assert (lost.exit_code, "changed: 2005-03: 2005-03.jsonl.gz is not the file" in lost.stderr) == (1, True)
    assert "does not hold" in alone("log", "prove", directory, "2005-03", "25", "--key", key).stderr
    verified = run("log", "verify", "--key", key)
    assert (verified.exit_code, "20 entries of more than ten years ago" in verified.stdout) == (0, True), (
        verified.output
    )


def test_a_receipt_that_was_not_kept(run: Run, files: Path, kept: Path) -> None:
    (files / "receipt").write_text(
        SIGNER.sign(Receipt(SIGNER.name, UUID(int=1), NOW - timedelta(days=1), [(NOW, hash_leaf(b"x"))]).write())
    )
    result = run("log", "verify", "--checkpoint", kept, "--receipt", files / "receipt", "--key", str(SIGNER.key))
    assert result.exit_code == 1
    assert "The entry of a receipt should have been logged by 2026-11-20" in result.stderr


def test_checkpoints_of_others_are_refused(run: Run, files: Path, kept: Path) -> None:
    kept.write_text(kept.read_text().replace("\n20\n", "\n21\n"))
    result = run("log", "verify", "--checkpoint", kept, "--key", str(SIGNER.key))
    assert (result.exit_code, "does not fit: the text was changed" in result.stderr) == (1, True)
    missing = run("log", "verify", "--checkpoint", files / "none", "--key", str(SIGNER.key))
    assert (missing.exit_code, "cannot be read (FileNotFoundError)" in missing.stderr) == (1, True)


# --- witnesses --------------------------------------------------------------------------------------------------------


class Log:
    """A log in memory, as a witness reads it."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.signer, self.rotations = SIGNER, list[str]()

    def grow(self, *entries: str) -> None:
        self.leaves += [hash_leaf(entry.encode()) for entry in entries]

    def fetch(self, path: str) -> str:
        if path == "checkpoint":
            return self.signer.sign(Checkpoint(SIGNER.name, len(self.leaves), compute_root(self.leaves)).write())
        if path.startswith("rotation/"):
            if int(path.removeprefix("rotation/")) > len(self.rotations):
                raise CommandError("404")
            return self.rotations[int(path.removeprefix("rotation/")) - 1]
        return '{"path": ["' + compute_root(self.leaves[1:2]).hex() + '"]}'


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(SIGNER.key, tmp_path / "state")


def test_a_witness_keeps_what_it_saw(witness: Witness) -> None:
    log = Log()
    log.grow("a")
    first = witness.observe(log.fetch, NOW)
    assert witness.state.read_text() == first
    assert witness.observe(log.fetch, NOW) == first
    log.grow("b")
    assert open_checkpoint(witness.observe(log.fetch, NOW), [SIGNER.key]).size == 2


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        (["x"], "Two trees of the same size"),
        (["x", "y"], "The path leads to other roots"),
        ([], "entries were removed"),
    ],
)
def test_a_witness_refuses_another_history(witness: Witness, entries: list[str], reason: str) -> None:
    log = Log()
    log.grow("a")
    kept = witness.observe(log.fetch, NOW)
    log.leaves = []
    log.grow(*entries)
    with pytest.raises(PathError, match=reason):
        witness.observe(log.fetch, NOW)
    assert witness.state.read_text() == kept


def test_a_witness_follows_changes_of_the_key_and_no_other_key(witness: Witness) -> None:
    """Two changes since its last run. A key that no signature connects with the one that it trusts is refused."""
    log, signers = Log(), [NoteSigner(SIGNER.name, Ed25519PrivateKey.generate()) for _ in range(2)]
    log.grow("a")
    kept = witness.observe(log.fetch, NOW)
    log.signer = signers[1]
    log.grow("b")
    log.rotations = [signers[1].sign(Rotation(SIGNER.key, signers[1].key).write())]
    with pytest.raises(NoteError, match="not signed by a key that is trusted"):
        witness.observe(log.fetch, NOW)
    assert witness.state.read_text() == kept
    log.rotations = [sign_rotation(SIGNER, signers[0]), sign_rotation(*signers)]
    found = witness.observe(log.fetch, NOW)
    assert open_checkpoint(found, [signers[1].key]).size == 2
    assert witness.observe(log.fetch, NOW) == found


def test_a_witness_trusts_the_key_that_it_was_given(witness: Witness) -> None:
    log = Log()
    log.grow("a")
    other = Witness(NoteSigner("other.example/log", SIGNER.private).key, witness.state)
    with pytest.raises(NoteError, match="not signed by a key that is trusted"):
        other.observe(log.fetch, NOW)
    assert not witness.state.exists()


def test_a_bank_witnesses_a_served_log(instance: Instance, tmp_path: Path) -> None:
    """The worker has logged the city; the bank cosigns, and an auditor accepts what it kept."""
    run = runner({"SUXIN_DATA_DIR": str(instance.keys.parent)})
    (tmp_path / "log.key").write_text(run("log", "key").stdout)
    own = ("--cosign", tmp_path / "own.json", "--name", "bank.example/witness")
    arguments = (
        "log",
        "witness",
        f"{instance.address}/log",
        "--key",
        tmp_path / "log.key",
        "--state",
        tmp_path / "kept",
    )
    wait_until(lambda: httpx2.get(f"{instance.address}/log/checkpoint").status_code == 200)
    result = run(*arguments, *own)
    assert result.exit_code == 0, result.output
    cosigner = read_key(result.stderr.partition("Your key: ")[2].strip().replace("\n", ""))
    assert (tmp_path / "kept").read_text() == result.stdout
    assert open_note(result.stdout, [cosigner]).endswith("=\n")
    again = run(*arguments, *own)
    assert again.exit_code == 0, again.output
    sent = run(*arguments, *own, "--send")
    assert sent.exit_code == 1
    assert "does not take your cosignature (403): " in sent.stderr
    assert "not cosigned by a witness that is known here" in sent.stderr
    assert "--send hands your cosignature to the log: give --cosign." in run(*arguments, "--send").stderr
    assert run(*arguments[:3], "--key", str(SIGNER.key), *arguments[5:]).exit_code == 1
