"""Signed notes, cosignatures and checkpoints (C2SP)."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from models.transparency.checkpoints import Checkpoint, open_checkpoint, read_checkpoint
from models.transparency.merkle import EMPTY_ROOT
from models.transparency.notes import KeyType, NoteError, NoteKey, NoteSigner, open_note, read_key, split_note

LOG = NoteSigner("suxin.court.example/log", Ed25519PrivateKey.from_private_bytes(b"l" * 32))
WITNESS = NoteSigner("bank.example", Ed25519PrivateKey.from_private_bytes(b"w" * 32), KeyType.WITNESS)
OTHER = NoteSigner("other.example/log", Ed25519PrivateKey.from_private_bytes(b"o" * 32))
CHECKPOINT = Checkpoint(LOG.name, 7, EMPTY_ROOT)
NOTE = LOG.sign(CHECKPOINT.write())


def test_a_published_note_is_verified() -> None:
    """The key and the note of the documentation of golang.org/x/mod/sumdb/note."""
    key = read_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    assert open_note(f"{text}\n— PeterNeumann {signature}\n", [key]) == text


def test_keys_are_written_and_read() -> None:
    for signer in (LOG, WITNESS):
        assert read_key(f"{signer.key}\n") == signer.key
    assert str(LOG.key).startswith(f"suxin.court.example/log+{LOG.key.id.hex()}+A")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+",
        "name+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "a+b+c",
        "na me+1+AA==",
    ],
)
def test_damaged_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        read_key(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u3000b"])
def test_names_of_keys_are_narrow(name: str) -> None:
    with pytest.raises(NoteError, match="The name of a key"):
        NoteKey(name, KeyType.LOG, b"k" * 32)


def test_a_checkpoint_is_three_lines_and_a_signature() -> None:
    text, ((name, octets),) = split_note(NOTE)
    assert text == f"suxin.court.example/log\n7\n{base64.b64encode(EMPTY_ROOT).decode()}\n"
    assert (name, octets[:4], len(octets)) == (LOG.name, LOG.key.id, 68)
    assert open_checkpoint(NOTE, [LOG.key]) == CHECKPOINT


def test_a_cosigned_checkpoint_has_both_signatures() -> None:
    cosigned = WITNESS.cosign(NOTE, 1_795_000_000)
    assert cosigned.startswith(NOTE)
    assert open_checkpoint(cosigned, [LOG.key, WITNESS.key]) == CHECKPOINT
    assert open_note(cosigned, [WITNESS.key]) == CHECKPOINT.write()
    _, (_, (name, octets)) = split_note(cosigned)
    assert (name, octets[4:12]) == (WITNESS.name, (1_795_000_000).to_bytes(8))
    later = cosigned.replace(
        base64.b64encode(octets).decode(),
        base64.b64encode(octets[:4] + (1_795_000_001).to_bytes(8) + octets[12:]).decode(),
    )
    with pytest.raises(NoteError, match=r"bank\.example does not fit"):
        open_note(later, [WITNESS.key])


def test_the_log_itself_must_have_signed() -> None:
    with pytest.raises(NoteError, match="not signed by a key that is trusted"):
        open_checkpoint(WITNESS.cosign(OTHER.sign(CHECKPOINT.write()), 1), [LOG.key, WITNESS.key])
    with pytest.raises(NoteError, match="not signed by a key that is trusted"):
        open_checkpoint(OTHER.sign(CHECKPOINT.write()), [OTHER.key])


def test_signatures_of_others_are_ignored_and_a_wrong_one_of_a_known_key_is_not() -> None:
    both = NOTE + OTHER.sign(CHECKPOINT.write()).rpartition("\n\n")[2]
    assert open_checkpoint(both, [LOG.key]) == CHECKPOINT
    forged = both.replace("\n7\n", "\n8\n")
    with pytest.raises(NoteError, match="does not fit"):
        open_checkpoint(forged, [LOG.key])


def test_a_signature_for_witnesses_is_none_of_the_log() -> None:
    """The type is part of the id of the key and of what is signed."""
    as_log = NoteSigner(WITNESS.name, WITNESS.private)
    assert as_log.key.id != WITNESS.key.id
    with pytest.raises(NoteError):
        open_note(WITNESS.cosign(NOTE, 1), [as_log.key])


@pytest.mark.parametrize(
    "note",
    [
        "", "\n", "\n\n", CHECKPOINT.write(), NOTE[:-1], NOTE.replace("\n", "\r\n"), NOTE.replace("— ", "- "),
        NOTE.replace("\n\n", "\n"), f"{NOTE}\n", NOTE + "more\n", NOTE.replace("=", ""), "x" * 70_000,
        NOTE + NOTE.rpartition("\n\n")[2] * 40, "\x00" + NOTE,
    ],
)  # fmt: skip
def test_other_texts_are_no_notes(note: str) -> None:
    with pytest.raises(NoteError):
        open_note(note, [LOG.key])


@pytest.mark.parametrize(
    "text",
    [
        "", "a\n", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", f"\n1\n{base64.b64encode(EMPTY_ROOT).decode()}\n",
        "a\n1\nAAAA\n", f"a\n1e3\n{base64.b64encode(EMPTY_ROOT).decode()}\n", "a\n1\n" + "A" * 43 + "!\n",
    ],
)  # fmt: skip
def test_other_texts_are_no_checkpoints(text: str) -> None:
    with pytest.raises(NoteError, match="This is not a checkpoint"):
        read_checkpoint(text)


def test_extension_lines_are_signed_and_ignored() -> None:
    note = LOG.sign(CHECKPOINT.write() + "more\n")
    assert open_checkpoint(note, [LOG.key]) == CHECKPOINT
    with pytest.raises(NoteError, match="does not fit"):
        open_checkpoint(note.replace("more", "less"), [LOG.key])
