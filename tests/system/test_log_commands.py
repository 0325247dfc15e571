"""`suxin log`: what an auditor and a partner type."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
from conftest import Instance
from sequencing import AS_SUPERUSER, NOW, SIGNER, log_answers, write_signer
from served import wait_until
from typed import Run, runner

from casework.transparency.receipts import Receipt
from commands.witnessing import Witness
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.merkle import PathError, compute_root, hash_leaf
from models.transparency.notes import NoteError, NoteSigner, open_note, read_key
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
        connection.execute(sa.text("TRUNCATE access_answer, log_leaf, log_node, log_checkpoint"))
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

    def grow(self, *entries: str) -> None:
        self.leaves += [hash_leaf(entry.encode()) for entry in entries]

    def fetch(self, path: str) -> str:
        if path == "checkpoint":
            return SIGNER.sign(Checkpoint(SIGNER.name, len(self.leaves), compute_root(self.leaves)).write())
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
    assert run(*arguments[:3], "--key", str(SIGNER.key), *arguments[5:]).exit_code == 1
