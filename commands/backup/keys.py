"""The keys of an installation, sealed with a passphrase: a JWE (RFC 7516) of a JSON object with a member for each file.

Without its keys the numbers of a database can neither be read nor found (R18). With them they are not secret. So keys
and database are kept apart.
"""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path

from joserfc import jwe
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OctKey

from commands.exits import CommandError
from models.keyring import parse_keyring
from secret_file import create_secret
from settings import Settings

ALGORITHM, ENCRYPTION = "PBES2-HS512+A256KW", "A256GCM"
ITERATIONS = 299_999
"""Of PBKDF2 with SHA-512: OWASP wants 210,000, and joserfc takes no more than this."""

SHORTEST = 12


def list_files(settings: Settings) -> list[Path]:
    """Return the key files of an installation that exist. Those of the embedded server's users are made anew."""
    return [path for path in settings.key_files if path.exists()]


def check_passphrase(passphrase: str) -> None:
    """Raises CommandError if a passphrase is too short."""
    if len(passphrase) < SHORTEST:
        raise CommandError(f"The passphrase has fewer than {SHORTEST} characters: choose a longer one.")


def seal(files: Mapping[str, str], passphrase: str) -> str:
    """Return files, by name, sealed with a passphrase."""
    header = {"alg": ALGORITHM, "enc": ENCRYPTION, "p2c": ITERATIONS, "typ": "suxin-keys+jwe"}
    key = _read_key(passphrase)
    return jwe.encrypt_compact(header, json.dumps(dict(files)).encode(), key, algorithms=[ALGORITHM, ENCRYPTION])


def unseal(text: str, passphrase: str) -> dict[str, str]:
    """Return the files, by name. Raises CommandError if the passphrase is another or the file was changed."""
    key = _read_key(passphrase)
    try:
        opened = jwe.decrypt_compact(text.strip(), key, algorithms=[ALGORITHM, ENCRYPTION]).plaintext
    except (JoseError, ValueError):
        raise CommandError("The keys cannot be opened: the passphrase is another, or the file was changed.") from None
    return dict(json.loads(opened or b"{}"))


def _read_key(passphrase: str) -> OctKey:
    """Return a passphrase as a key. joserfc warns of a short one, as a wrong one may be: PBES2 makes the key of it."""
    with warnings.catch_warnings(action="ignore", category=SecurityWarning):
        return OctKey.import_key(passphrase)


def check_ring(files: Mapping[str, str], settings: Settings, ring: str | None) -> None:
    """Raises CommandError if the key files are those of another installation, or of before a change of the identity
    keys. ring: the fingerprint in the backup. Checked before anything is written: it could not be tried again."""
    try:
        known = parse_keyring(files[settings.key_file.name]).fingerprints
    except (KeyError, TypeError, ValueError):
        raise CommandError(f"The keys hold no {settings.key_file.name} that can be read.") from None
    if ring is not None and ring not in known:
        raise CommandError(
            "The keys do not belong to this backup: they are of another installation, or of before a change of the "
            "identity keys. Name the file that was written with it."
        )


def put(files: Mapping[str, str], settings: Settings) -> None:
    """Write key files where there are none. Raises CommandError if there are others."""
    directory = settings.key_file.parent
    for name, text in files.items():
        create_secret(directory / name, text)
        if (directory / name).read_text() != text:
            raise CommandError(
                f"{directory / name} holds another key already: move it away, or restore into another SUXIN_DATA_DIR."
            )
