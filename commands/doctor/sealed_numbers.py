"""Whether the key ring fits the numbers of a database (R18), and by which algorithms they are stored."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

import models
from commands.doctor.finding import Finding, ok, problem, warning
from models.crypto_device import DeviceError
from models.documents import DocumentKind, make_document_key
from models.keyring import Keyring, KeyringError, load_keyring
from models.number_hashes import SEALED, EarlierForm, list_hashes, select_marks
from models.number_suites import SM_MARK, Crypto
from models.party import Identity
from models.sealed_octets import is_former, list_sealed
from settings import Settings

KEYS, ALGORITHMS = "sealed numbers", "algorithms"
CHANGE, RESEAL = "suxin keys rotate-identity", "suxin keys reseal"
NAMES = {Crypto.INTERNATIONAL: "HMAC-SHA-256 and AES-256-GCM", Crypto.SM: "HMAC-SM3 and SM4-GCM"}
LISTED = sa.select(EarlierForm.earlier).exists()


def examine_numbers(connection: sa.Connection, settings: Settings) -> Finding:
    """Check that the key ring has the key of what is stored, and opens the first and the last sealed number."""
    newest, oldest = connection.execute(select_marks(models.Base.metadata)).one()
    if newest is None or oldest is None:
        return ok(KEYS, "There are none yet.")
    remedy = f"Restore the {settings.key_file.name} that belongs to this database to {settings.key_file}."
    if not settings.key_file.exists():
        return problem(KEYS, "The database holds numbers that were sealed by keys that are not here.", remedy)
    try:
        ring = load_keyring(settings.key_file, settings.crypto, settings.crypto_command)
    except KeyringError:
        return problem(KEYS, "The key ring does not open the numbers that the database holds.", remedy)
    try:
        return _compare(connection, ring, newest, oldest, remedy)
    except DeviceError as error:
        return problem(KEYS, str(error), "Try the command of SUXIN_CRYPTO_COMMAND by hand (docs/cryptography.md).")


def _compare(connection: sa.Connection, ring: Keyring, newest: int, oldest: int, remedy: str) -> Finding:
    """Compare the marks of what is stored with those of the ring."""
    if newest > ring.mark and newest & ~SM_MARK <= ring.version:
        text = "The database holds numbers that were hashed by HMAC-SM3, and this process would not find them."
        return problem(KEYS, text, "Set SUXIN_CRYPTO=sm, as for all other processes on this database.")
    if newest > ring.mark:
        text = "The key ring is of before a change: the database is hashed with identity key"
        return problem(KEYS, f"{text} {newest & ~SM_MARK}, of which it has {ring.version}.", remedy)
    if not _opens(connection, ring):
        return problem(KEYS, "The key ring does not open the numbers that the database holds.", remedy)
    if not is_begun(connection, ring):
        text = "SUXIN_CRYPTO is sm, and the numbers are hashed by HMAC-SHA-256."
        return problem(KEYS, text, f"Stop the service on all machines, run `{RESEAL}`, and start it again meanwhile.")
    if oldest not in {ring.mark, ring.earlier_mark}:
        text = f"The database is hashed with identity key {oldest & ~SM_MARK}, and the key ring has {ring.version}:"
        return problem(KEYS, f"{text} a change of the keys is not finished.", f"Run `{CHANGE}`, which goes on with it.")
    return ok(KEYS, "The key ring opens what the database holds.")


def is_unfinished(connection: sa.Connection, ring: Keyring) -> bool:
    """Return whether the database is hashed with an earlier key than the newest, the change to SM aside."""
    _, oldest = connection.execute(select_marks(models.Base.metadata)).one()
    return oldest is not None and oldest < ring.mark and oldest != ring.earlier_mark


def is_begun(connection: sa.Connection, ring: Keyring) -> bool:
    """Return whether what is stored of before a change to SM is listed, or there is nothing."""
    _, oldest = connection.execute(select_marks(models.Base.metadata)).one()
    return oldest is None or oldest != ring.earlier_mark or bool(connection.scalar(sa.select(LISTED)))


def examine_algorithms(connection: sa.Connection, settings: Settings) -> Finding:
    """Tell the algorithms in use, and how many rows of each table are left of the earlier ones."""
    try:
        ring = load_keyring(settings.key_file, settings.crypto, settings.crypto_command)
    except KeyringError as error:
        return problem(ALGORITHMS, str(error), "Restore the key file, or set SUXIN_CRYPTO right.")
    used = f"Numbers are hashed and sealed by {NAMES[ring.suite]}."
    if ring.suite is Crypto.INTERNATIONAL:
        return ok(ALGORITHMS, used)
    left = {name: count for name, count in count_left(connection, ring) if count}
    if not left:
        return ok(ALGORITHMS, f"{used} Nothing is left of the earlier algorithms.")
    rows = ", ".join(f"{count} in {name}" for name, count in left.items())
    return warning(ALGORITHMS, f"{used} Left of {NAMES[Crypto.INTERNATIONAL]}: {rows}.", f"Run `{RESEAL}`.")


def count_left(connection: sa.Connection, ring: Keyring) -> Iterator[tuple[str, int]]:
    """Count, by column, the hashes of before the change to SM, and what is sealed by AES-256-GCM."""
    for column in list_hashes(models.Base.metadata):
        if isinstance(column.type, sa.ARRAY):
            continue
        below = bytes([SM_MARK])
        if ring.earlier_mark is not None:
            query = sa.select(sa.func.count()).where(column < below)
            yield f"{column.table}.{column.name}", connection.scalar(query) or 0
        if SEALED in column.info:
            yield _count_sealed(connection, column.table.c[column.info[SEALED]])
    for column in list_sealed(models.Base.metadata):
        yield _count_sealed(connection, column)


def _count_sealed(connection: sa.Connection, sealed: sa.Column[Any]) -> tuple[str, int]:
    query = sa.select(sa.func.count()).select_from(sealed.table).where(is_former(sealed))
    return f"{sealed.table}.{sealed.name}", connection.scalar(query) or 0


def _opens(connection: sa.Connection, ring: Keyring) -> bool:
    orders = Identity.party_id, Identity.party_id.desc()
    columns = Identity.type, Identity.index, Identity.sealed
    rows = [row for order in orders for row in connection.execute(sa.select(*columns).order_by(order).limit(1))]
    return all(_fits(ring, kind, bytes(index), bytes(sealed)) for kind, index, sealed in rows)


def _fits(ring: Keyring, kind: DocumentKind, index: bytes, sealed: bytes) -> bool:
    """Return whether the ring opens a number, and hashes it to what is stored."""
    try:
        return ring.renew(index) == ring.index(make_document_key(kind, ring.open(sealed, index)))
    except DeviceError:
        raise
    except (InvalidTag, KeyringError):
        return False
