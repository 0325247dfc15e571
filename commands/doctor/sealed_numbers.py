"""Whether the key ring fits the numbers of a database (R18)."""

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

import models
from commands.doctor.finding import Finding, ok, problem
from models.keyring import Keyring, KeyringError, load_keyring
from models.number_hashes import select_version
from models.party import Identity
from settings import Settings

KEYS = "sealed numbers"
CHANGE = "suxin keys rotate-identity"


def examine_numbers(connection: sa.Connection, settings: Settings) -> Finding:
    """Check that the key ring has the key of what is stored, and opens the first and the last sealed number."""
    version = connection.scalar(select_version(models.Base.metadata))
    if version is None:
        return ok(KEYS, "There are none yet.")
    remedy = f"Restore the {settings.key_file.name} that belongs to this database to {settings.key_file}."
    if not settings.key_file.exists():
        return problem(KEYS, "The database holds numbers that were sealed by keys that are not here.", remedy)
    try:
        ring = load_keyring(settings.key_file)
    except KeyringError:
        return problem(KEYS, "The key ring does not open the numbers that the database holds.", remedy)
    if version > ring.version:
        text = (
            f"The key ring is of before a change: the database is hashed with identity key {version}, of which it has"
        )
        return problem(KEYS, f"{text} {ring.version}.", remedy)
    if not _opens(connection, ring):
        return problem(KEYS, "The key ring does not open the numbers that the database holds.", remedy)
    if version < ring.version:
        text = f"The database is hashed with identity key {version}, and the key ring has {ring.version}:"
        return problem(KEYS, f"{text} a change of the keys is not finished.", f"Run `{CHANGE}`, which goes on with it.")
    return ok(KEYS, "The key ring opens what the database holds.")


def is_unfinished(connection: sa.Connection, ring: Keyring) -> bool:
    """Return whether the database is hashed with an earlier key than the newest."""
    return bool((connection.scalar(select_version(models.Base.metadata)) or ring.version) < ring.version)


def _opens(connection: sa.Connection, ring: Keyring) -> bool:
    orders = Identity.party_id, Identity.party_id.desc()
    rows = [
        row
        for order in orders
        for row in connection.execute(sa.select(Identity.index, Identity.sealed).order_by(order).limit(1))
    ]
    return all(_fits(ring, bytes(index), bytes(sealed)) for index, sealed in rows)


def _fits(ring: Keyring, index: bytes, sealed: bytes) -> bool:
    try:
        return ring.renew(index) == ring.index(ring.open(sealed, index))
    except (InvalidTag, KeyringError):
        return False
