"""Identity numbers at rest: sealed to their row, found by keyed hash, under keys that can be rotated (R18)."""

import json
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from models.keyring import Keyring, KeyringError, _create, load_keyring
from secret_file import write_secret

NUMBER = "330281190001010004"
NEW = Keyring(sealing=(b"s" * 32, b"t" * 32), indexing=(b"i" * 32, b"j" * 32))
ELSEWHERE = Keyring(sealing=(b"x" * 32,), indexing=(b"y" * 32,))


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


@pytest.mark.parametrize("head", [b"\x01\x00", b"\x01\x02", b"\x02\x01", b"\x00\x01"])
def test_an_unknown_format_or_version_is_said(keyring: Keyring, head: bytes) -> None:
    sealed = head + keyring.seal(NUMBER, b"row")[2:]
    with pytest.raises(KeyringError, match=r"^This value was sealed with a key that the key file does not hold\.$"):
        keyring.open(sealed, b"row")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01\x01", b"\x01\x01" + b"n" * 12])
def test_a_value_cut_short_does_not_open(keyring: Keyring, sealed: bytes) -> None:
    with pytest.raises((KeyringError, InvalidTag)):
        keyring.open(sealed, b"row")


def test_after_rotation_old_values_open_and_are_still_found(keyring: Keyring) -> None:
    sealed, index = keyring.seal(NUMBER, b"row"), keyring.index(NUMBER)
    assert NEW.open(sealed, b"row") == NUMBER
    assert NEW.probes(NUMBER) == [NEW.index(NUMBER), index]
    assert NEW.seal(NUMBER, b"row")[:2] == b"\x01\x02"
    assert (NEW.index(NUMBER)[0], index[0]) == (2, 1)


def test_a_value_of_new_keys_is_not_opened_by_a_file_of_before(keyring: Keyring) -> None:
    with pytest.raises(KeyringError, match="does not hold"):
        keyring.open(NEW.seal(NUMBER, b"row"), b"row")


def test_an_index_depends_on_its_key_and_has_one_length(keyring: Keyring) -> None:
    assert keyring.index(NUMBER) == keyring.index(NUMBER)
    assert keyring.index(NUMBER) != ELSEWHERE.index(NUMBER)
    assert keyring.index(NUMBER) != keyring.index(NUMBER[:-1] + "5")
    assert [len(probe) for probe in NEW.probes(NUMBER)] == [21, 21]


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
    _create(path)
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
