"""The key file of the transparency log, and of a witness: an Ed25519 key with its name.

The name is fixed when the file is made: it is what partners know the log by.
"""

import base64
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from models.transparency.notes import KeyType, NoteError, NoteSigner
from secret_file import create_secret


class LogKeyError(RuntimeError):
    """The key file cannot be used. The message says what to do."""


def load_signer(path: Path, name: str, type: KeyType = KeyType.LOG) -> NoteSigner:
    """Return the key in a file, which is made with `name` if it does not exist. Raises LogKeyError."""
    if not path.exists():
        seed = Ed25519PrivateKey.generate().private_bytes_raw()
        document = {"name": name, "type": type, "seed": base64.b64encode(seed).decode()}
        create_secret(path, json.dumps(document))
    return read_signer(path)


def read_signer(path: Path) -> NoteSigner:
    """Return the key in a file. Raises LogKeyError."""
    try:
        stored = json.loads(path.read_text())
        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(stored["seed"], validate=True))
        signer = NoteSigner(str(stored["name"]), private, KeyType(stored["type"]))
        _ = signer.key  # raises NoteError for an invalid name
    except (OSError, ValueError, KeyError, TypeError, NoteError) as error:
        reason = type(error).__name__
        raise LogKeyError(
            f"{path} is not the key file of a transparency log ({reason}). Restore it from its backup: with another "
            "key, partners would see another log."
        ) from error
    return signer
