"""Identity numbers at rest: sealed to their row, found by keyed hash, under keys that can be rotated (R18)."""

import json
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

import models
from models.keyring import Keyring, KeyringError, _create, add_keys, load_keyring
from models.number_hashes import SEALED, get_item_type, list_hashes
from models.number_suites import Crypto
from secret_file import write_secret

NUMBER = "330281190001010004"
NEW = Keyring(sealing=(b"s" * 32, b"t" * 32), indexing=(b"i" * 32, b"j" * 32))
ELSEWHERE = Keyring(sealing=(b"x" * 32,), indexing=(b"y" * 32,))


@pytest.fixture
def keyring() -> Keyring:
    """The international suite, also where the tests run with SUXIN_CRYPTO=sm (tests/unit/test_sm_keyring.py)."""
    return Keyring(sealing=(b"s" * 32,), indexing=(b"i" * 32,))


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary())
def test_what_was_sealed_opens_with_what_it_was_bound_to(number: str, associated: bytes) -> None:
    assert NEW.open(NEW.seal(number, associated), associated) == number


def test_a_sealed_number_shows_neither_itself_nor_that_it_is_the_same(keyring: Keyring) -> None:
    first, second = keyring.seal(NUMBER, b"row"), keyring.seal(NUMBER, b"row")
    assert first != second
    assert NUMBER.encode() not in first
    assert first[:2] == b"\x01\x01"


def test_a_sealed_number_moved_to_another_row_does_not_open(keyring: Keyring) -> None:
    sealed = keyring.seal(NUMBER, b"row")
    with pytest.raises(InvalidTag):
        keyring.open(sealed, b"other row")


@pytest.mark.parametrize("place", [2, 13, 14, -1])
def test_a_changed_byte_does_not_open(keyring: Keyring, place: int) -> None:
    sealed = bytearray(keyring.seal(NUMBER, b"row"))
    sealed[place] ^= 1
    with pytest.raises(InvalidTag):
        keyring.open(bytes(sealed), b"row")


@pytest.mark.parametrize("head", [b"\x01\x00", b"\x01\x02", b"\x02\x02", b"\x03\x01", b"\x00\x01"])
def test_an_unknown_format_or_version_is_said(keyring: Keyring, head: bytes) -> None:
    sealed = head + keyring.seal(NUMBER, b"row")[2:]
    with pytest.raises(KeyringError, match=r"^This value was sealed with a key that the key file does not hold\.$"):
        keyring.open(sealed, b"row")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01\x01", b"\x01\x01" + b"n" * 12])
def test_a_value_cut_short_does_not_open(keyring: Keyring, sealed: bytes) -> None:
    with pytest.raises((KeyringError, InvalidTag)):
        keyring.open(sealed, b"row")


def test_with_new_keys_old_values_open_and_old_hashes_become_new_ones(keyring: Keyring) -> None:
    sealed, index = keyring.seal(NUMBER, b"row"), keyring.index(NUMBER)
    assert NEW.open(sealed, b"row") == NUMBER
    assert NEW.renew(index) == NEW.index(NUMBER) == NEW.renew(NEW.index(NUMBER))
    assert NEW.seal(NUMBER, b"row")[:2] == b"\x01\x02"
    assert (NEW.index(NUMBER)[0], index[0]) == (2, 1)


@pytest.mark.parametrize("index", [b"", b"\x00" + b"i" * 20, b"\x03" + b"i" * 20])
def test_a_hash_of_a_key_that_is_not_here_is_not_renewed(index: bytes) -> None:
    with pytest.raises(KeyringError, match="hashed with a key that the key file does not hold"):
        NEW.renew(index)


def test_added_keys_are_the_last(tmp_path: Path) -> None:
    path = tmp_path / "identity.json"
    first = load_keyring(path)
    second = add_keys(path)
    assert second == load_keyring(path)
    assert ([*second.sealing[:-1]], [*second.indexing[:-1]]) == ([*first.sealing], [*first.indexing])
    assert second.renew(first.index(NUMBER)) == second.index(NUMBER)
    assert second.opaque_key == first.opaque_key
    assert path.stat().st_mode & 0o777 == 0o600


OF_OTHER_THINGS = {
    "access_shape.operation", "authorization_code.code_hash", "bulk_chunk.content", "bulk_operation.request",
    "bulk_operation.sha256", "bulk_upload_piece.content", "client.secret_hash", "consent.evidence_hash",
    "consent_audit.shown_hash", "consequence_notice.digest", "deduction.finding_digest", "idempotency_key.digest",
    "idempotency_key.fingerprint", "identity_act.evidence_digest", "identity_conflict.evidence_digest",
    "import_run.digest", "litigant_session.token_hash", "log_checkpoint.root", "log_deletion.archive",
    "log_deletion.entries", "log_leaf.entry", "log_node.hash",
    "pushed_request.uri_hash", "recovery_code.code_hash", "repair.evidence_digest", "second_factor.secret",
    "security_key.credential", "security_key.public_key", "share_code.code_hash", "sign_in_failure.key",
    "developer_session.token_hash", "staff_session.token_hash", "staff_session.entered_for",
    "openid_attempt.state_hash", "openid_attempt.browser_hash", "trusted_document.digest", "used_proof.digest",
    "webhook.public_key",
}  # fmt: skip
NEVER_RENEWED = {"access_answer.indexes", "access_index.subject", "earlier_form.earlier", "earlier_hash.earlier"}
"""The log, and what leads to earlier hashes."""


def test_each_column_of_bytes_is_renewed_or_known_to_hold_no_hash_of_numbers() -> None:
    found = {
        f"{table}.{column.name}": column
        for table in models.Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(get_item_type(column.type), sa.LargeBinary)
    }
    hashed = {f"{column.table}.{column.name}": column for column in list_hashes(models.Base.metadata)}
    sealed = {f"{one.table}.{one.info[SEALED]}" for one in hashed.values() if SEALED in one.info}
    assert sealed == {"identity.sealed", "identity_act.number_sealed", "litigant_session.identity"}
    assert found.keys() - hashed - sealed == OF_OTHER_THINGS | NEVER_RENEWED


def test_a_value_of_new_keys_is_not_opened_by_a_file_of_before(keyring: Keyring) -> None:
    with pytest.raises(KeyringError, match="does not hold"):
        keyring.open(NEW.seal(NUMBER, b"row"), b"row")


def test_an_index_depends_on_its_key_and_has_one_length(keyring: Keyring) -> None:
    assert keyring.index(NUMBER) == keyring.index(NUMBER)
    assert keyring.index(NUMBER) != ELSEWHERE.index(NUMBER)
    assert keyring.index(NUMBER) != keyring.index(NUMBER[:-1] + "5")
    assert (len(keyring.index(NUMBER)), len(NEW.index(NUMBER))) == (21, 21)


def test_a_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "identity.json"
    made = load_keyring(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_keyring(path) == made
    assert load_keyring(tmp_path / "other" / "identity.json") != made
    assert [file.name for file in path.parent.iterdir()] == ["identity.json"]


def test_of_two_processes_that_start_together_the_second_takes_the_first_s_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "identity.json"
    first = load_keyring(path)
    _create(path, Crypto.INTERNATIONAL)
    assert load_keyring(path) == first
    assert [file.name for file in path.parent.iterdir()] == ["identity.json"]


def test_a_secret_is_replaced_at_once_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "secret.json"
    path.write_text("old")
    path.chmod(0o644)
    write_secret(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


BROKEN = {
    "empty": "",
    "not JSON": "{",
    "not text": b"\xff\xfe",
    "a list": "[]",
    "a number": "7",
    "a half": json.dumps({"sealing": ["00" * 32]}),
    "not hexadecimal": json.dumps({"sealing": ["zz" * 32], "indexing": ["00" * 32]}),
    "not texts": json.dumps({"sealing": [7], "indexing": ["00" * 32]}),
    "no keys": json.dumps({"sealing": [], "indexing": []}),
    "no lists": json.dumps({"sealing": "00" * 32, "indexing": "00" * 32}),
    "keys too short": json.dumps({"sealing": ["00" * 31], "indexing": ["00" * 32]}),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_key_file_stops_with_a_sentence(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "identity.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(KeyringError) as caught:
        load_keyring(path)
    said = str(caught.value)
    assert said.startswith(f"{path} is not a key file (")
    assert said.endswith("). Restore it from its backup.")
    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())


def test_a_directory_in_place_of_the_key_file_stops_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match=r"is not a key file \(IsADirectoryError\)"):
        load_keyring(tmp_path)


def test_a_key_file_that_cannot_be_made_stops_with_a_sentence(tmp_path: Path) -> None:
    tmp_path.joinpath("keys").write_text("a file in place of the directory")
    with pytest.raises(KeyringError, match=r"cannot be made \("):
        load_keyring(tmp_path / "keys" / "identity.json")
