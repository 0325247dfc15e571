"""What a backup holds: its description, and how many rows of each table."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from commands.exits import CommandError

FORMAT = 1
DESCRIPTION, DUMP = "backup.json", "database"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Backup:
    """The description of a backup.

    made_at: RFC 3339. revision: of the schema. rows: by table, of the snapshot that was dumped. files: SHA-256 by name.
    ring: fingerprint of the identity key that hashed the numbers; None in backups of before.
    """

    format: int
    made_at: str
    revision: str
    server: int
    rows: Mapping[str, int]
    files: Mapping[str, str]
    ring: str | None = None

    def write(self, directory: Path) -> None:
        """Write the description into the directory of the backup."""
        (directory / DESCRIPTION).write_text(json.dumps(asdict(self), indent=2) + "\n")


def read_backup(directory: Path) -> Backup:
    """Read the description of a backup, and check its files. Raises CommandError."""
    try:
        found: dict[str, Any] = json.loads((directory / DESCRIPTION).read_text())
        backup = Backup(**found)
    except (OSError, ValueError, TypeError):
        raise CommandError(f"{directory} is not a backup: it has no {DESCRIPTION} that can be read.") from None
    if backup.format != FORMAT:
        raise CommandError(f"The backup has format {backup.format}; this Suxin reads {FORMAT}.")
    there = hash_files(directory)
    if differing := sorted({name for name, _ in there.items() ^ backup.files.items()}):
        raise CommandError(f"The backup is damaged: {differing[0]} is missing or was changed.")
    return backup


def hash_files(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of the dump, by its path in the backup."""
    files = sorted(path for path in (directory / DUMP).rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): _hash(path) for path in files}


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


TABLES = sa.text(
    "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace)"
    " AND relkind IN ('r', 'p') AND NOT relispartition AND relpersistence = 'p' ORDER BY relname"
)


def count_rows(connection: sa.Connection) -> dict[str, int]:
    """Count the rows of each table that outlives a crash of the server."""
    tables = connection.execute(TABLES).scalars().all()
    return {table: int(connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0) for table in tables}  # noqa: S608
