"""The key file of the transparency log, and of a witness: an Ed25519 key with its name.

The name is fixed when the file is made: it is what partners know the log by. While the key is being changed, the file
has the old key and the new one, and both sign.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from models.transparency.notes import KeyType, NoteError, NoteSigner, read_key
from secret_file import create_secret, write_secret


class LogKeyError(RuntimeError):
    """The key file cannot be used. The message says what to do."""


def load_signer(path: Path, name: str, type: KeyType = KeyType.LOG) -> NoteSigner:
    """Return the key in a file, which is made with `name` if it does not exist. Raises LogKeyError."""
    if not path.exists():
        create_secret(path, _write(NoteSigner(name, Ed25519PrivateKey.generate(), type)))
    return read_signer(path)


def read_signer(path: Path) -> NoteSigner:
    """Return the key in a file, and the key that follows it, if there is one. Raises LogKeyError."""
    try:
        stored = json.loads(path.read_text())
        private = _read_seed(stored["seed"])
        following = _read_seed(stored["following"]) if "following" in stored else None
        former = [read_key(text) for text in stored.get("former", ())]
        signer = NoteSigner(str(stored["name"]), private, KeyType(stored["type"]), following, former)
        _ = signer.key  # raises NoteError for an invalid name
    except (OSError, ValueError, KeyError, TypeError, NoteError) as error:
        reason = type(error).__name__
        raise LogKeyError(
            f"{path} is not the key file of a transparency log ({reason}). Restore it from its backup: with another "
            "key, partners would see another log."
        ) from error
    return signer


def add_successor(path: Path) -> NoteSigner:
    """Return the key in a file with the one that will follow it, which is made unless it exists. Raises LogKeyError."""
    signer = read_signer(path)
    if signer.following is None:
        signer = replace(signer, following=Ed25519PrivateKey.generate())
        write_secret(path, _write(signer))
    return signer


def retire_key(path: Path) -> NoteSigner:
    """Replace the key in a file by the one that follows it, and keep the old public key. Raises LogKeyError."""
    signer = read_signer(path).successor
    if signer is None:
        raise LogKeyError("There is no new key. Make one with `suxin log rotate`.")
    write_secret(path, _write(signer))
    return signer


def _write(signer: NoteSigner) -> str:
    document = {"name": signer.name, "type": signer.type, "seed": _write_seed(signer.private)}
    following = {"following": _write_seed(signer.following)} if signer.following else {}
    former = {"former": [str(key) for key in signer.former]} if signer.former else {}
    return json.dumps(document | following | former)


def _write_seed(private: Ed25519PrivateKey) -> str:
    return base64.b64encode(private.private_bytes_raw()).decode()


def _read_seed(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
