"""The key file for signatures by SM2, which stand beside those of reports and checkpoints (ADR 41).

The newest key signs; all stay published, so that what they have signed can be verified.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.sm2 import PRIVATE_OCTETS, Sm2Error, Sm2Key, Sm2PrivateKey, Sm2Signer
from secret_file import create_secret, write_secret


class Sm2KeyError(RuntimeError):
    """The key file cannot be used. The message says what to do."""


@dataclass(frozen=True)
class Sm2Keys:
    """Who signs, and the public keys of who has signed before."""

    signer: Sm2Signer
    former: Sequence[Sm2Key] = ()

    @property
    def published(self) -> dict[str, Sm2Key]:
        """The public keys, by kid."""
        return {key.kid: key for key in (self.signer.key, *self.former)}


def load_sm2_keys(path: Path) -> Sm2Keys:
    """Return the keys in a file, which is made if it does not exist. Raises Sm2KeyError."""
    try:
        if not path.exists():
            create_secret(path, _write(Sm2Keys(Sm2PrivateKey.generate())))
        stored = json.loads(path.read_text())
        private, public = bytes.fromhex(stored["private"]), bytes.fromhex(stored["public"])
        if len(private) != PRIVATE_OCTETS:
            raise ValueError("a private key has another length")
        former = [Sm2Key(bytes.fromhex(key)) for key in stored["former"]]
        keys = Sm2Keys(Sm2PrivateKey(private, Sm2Key(public)), former)
        keys.signer.key.verify(b"suxin", keys.signer.sign(b"suxin"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error) if isinstance(error, Sm2Error) else type(error).__name__
        raise Sm2KeyError(f"{path} is no key file of SM2 ({reason}) Restore it from its backup.") from error
    return keys


def rotate_sm2(path: Path) -> Sm2Keys:
    """Sign with a new key from now on. The former one stays published. Raises Sm2KeyError, OSError."""
    keys = load_sm2_keys(path)
    new = Sm2Keys(Sm2PrivateKey.generate(), (keys.signer.key, *keys.former))
    write_secret(path, _write(new))
    return new


def _write(keys: Sm2Keys) -> str:
    assert isinstance(keys.signer, Sm2PrivateKey)  # noqa: S101 - a device has no key file
    private, public = keys.signer.octets.hex(), keys.signer.key.octets.hex()
    return json.dumps({"private": private, "public": public, "former": [key.octets.hex() for key in keys.former]})
