"""Changes of the log's key: who trusts one key can follow to all."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.log_key import LogKeyError, add_successor, load_signer, read_signer, retire_key
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.merkle import EMPTY_ROOT
from models.transparency.notes import NoteError, NoteSigner, split_note
from models.transparency.rotations import Rotation, follow_rotations, open_rotation, sign_rotation

NAME = "suxin.court.example/log"
FIRST, SECOND, THIRD, THIEF = (
    NoteSigner(NAME, Ed25519PrivateKey.from_private_bytes(seed * 32)) for seed in (b"1", b"2", b"3", b"t")
)
CHAIN = [sign_rotation(FIRST, SECOND), sign_rotation(SECOND, THIRD)]


def test_a_change_is_signed_by_both_keys() -> None:
    assert open_rotation(CHAIN[0]) == Rotation(FIRST.key, SECOND.key)
    _, signatures = split_note(CHAIN[0])
    assert [octets[:4] for _, octets in signatures] == [FIRST.key.id, SECOND.key.id]


@pytest.mark.parametrize("trusted", [FIRST, SECOND, THIRD])
@pytest.mark.parametrize("notes", [CHAIN, CHAIN[::-1]])
def test_every_key_leads_to_all_keys(trusted: NoteSigner, notes: list[str]) -> None:
    """Over two changes, in whatever order they come."""
    keys = follow_rotations([trusted.key], notes)
    assert keys[0] == trusted.key
    assert set(keys) == {FIRST.key, SECOND.key, THIRD.key}


def test_a_change_of_other_keys_is_not_followed() -> None:
    assert follow_rotations([THIEF.key], CHAIN) == [THIEF.key]
    assert follow_rotations([FIRST.key], []) == [FIRST.key]


def forge(old: NoteSigner, new: NoteSigner, *signers: NoteSigner) -> str:
    """A change that others have signed than should have."""
    first, *others = signers
    note = first.sign(Rotation(old.key, new.key).write())
    for other in others:
        note = other.add_signature(note)
    return note


@pytest.mark.parametrize(
    "note",
    [
        forge(FIRST, THIEF, THIEF),
        forge(FIRST, THIEF, FIRST),
        forge(FIRST, THIEF, THIEF, THIEF),
        forge(FIRST, SECOND, FIRST, THIEF),
        sign_rotation(FIRST, replace(SECOND, name="other.example/log")),
        CHAIN[0].replace("/rotation", "/receipt"),
        FIRST.sign(Checkpoint(NAME, 7, EMPTY_ROOT).write()),
        "",
    ],
)
def test_a_change_that_one_of_the_keys_has_not_signed_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        follow_rotations([FIRST.key], [note])


def test_a_change_is_no_checkpoint() -> None:
    with pytest.raises(NoteError, match="not a checkpoint"):
        open_checkpoint(CHAIN[0], [FIRST.key])


def test_a_key_file_has_both_keys_until_the_old_one_is_retired(tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    first = load_signer(file, NAME)
    both = add_successor(file)
    assert both.key == first.key
    assert add_successor(file).keys == both.keys == read_signer(file).keys
    note = both.sign(Checkpoint(NAME, 7, EMPTY_ROOT).write())
    for key in both.keys:
        assert open_checkpoint(note, [key]).size == 7
    last = retire_key(file)
    assert last.keys == read_signer(file).keys == [both.keys[1]]
    assert last.trusted == read_signer(file).trusted == both.keys[::-1]
    assert len(json.loads(file.read_text())["seed"]) == 44
    assert json.loads(file.read_text()).keys() == {"name", "type", "seed", "former"}
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(LogKeyError, match="There is no new key"):
        retire_key(file)
