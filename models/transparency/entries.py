"""The entry of an answer in the transparency log: its time, and commitments to everything that the access log holds.

An entry has 105 bytes: a version, the time in microseconds since the epoch, and three hashes. The first is a commitment
to what readers of the access log are shown of the answer, the second one to the rest. The third is the root of a tree
(RFC 9162) with a leaf for each subject, which has a commitment to its result and one to who it is, its consent, share
code and reference.

A commitment is SHA-256(salt ‖ text). The text is JSON: the values by column, sorted by name; columns that are NULL are
left out, so that a column that is added later changes no entry. Each commitment has a salt of its own, 16 bytes of what
SHAKE256 (FIPS 202) makes of the salt of the answer: one can be opened without the others, and none without a salt.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256, shake_256
from itertools import repeat, zip_longest
from typing import Any, TypeVar
from uuid import UUID

import orjson
import sqlalchemy as sa

from models.access_answer import AccessAnswer, AccessShape, Xid8
from models.client import Client
from models.transparency.merkle import (
    compute_included_root,
    compute_root,
    hash_leaf,
    list_inclusion_ranges,
)

VERSION = b"\x01"
HASH_OCTETS, STAMP_OCTETS = 32, 8
SHOWN = ("at", "purpose", "branch", "client", "field", "types")
"""The columns of an answer that readers of the access log are shown."""

OF_SUBJECTS = {
    "parties": "party",
    "indexes": "index",
    "consents": "consent",
    "share_codes": "share_code",
    "refs": "reference",
    "relations": "relation",
}
"""The arrays with a value for each subject, and the names of the values. `results` is one too."""

RESULTS, SALT = "results", "salt"
APART = {*SHOWN, *OF_SUBJECTS, RESULTS, SALT}
SALT_OCTETS = 16
MOST_SUBJECTS = 65_535
"""Subjects of an answer: the positions that the key of an entry of the access log has."""

Value = TypeVar("Value")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def select_recorded(answers: sa.FromClause = AccessAnswer.__table__) -> sa.Select[Any]:
    """Select all that is recorded of each answer: its columns, what its shape says, and the client's identifier.

    answers: rows of the access log. Enumerations are read as text, so that rows with invalid values can be read.
    `..._dims` are the dimensions of arrays.
    """
    columns = [_as_text(column) for column in answers.columns]
    dims = [sa.func.array_dims(answers.c[name]).label(f"{name}_dims") for name in (RESULTS, *OF_SUBJECTS)]
    shape = [AccessShape.operation, AccessShape.field, AccessShape.types]
    named = Client.client_id.label("client")
    shaped = answers.outerjoin(AccessShape, AccessShape.id == answers.c.shape_id)
    return sa.select(*columns, *dims, *shape, named).select_from(
        shaped.outerjoin(Client, Client.id == answers.c.client_key)
    )


def read_recorded(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what `select_recorded` selects, of a row that has columns of the leaf beside it."""
    return {str(name): value for name, value in row.items() if not name.startswith("leaf_")}


def _as_text(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a column, with a type that reads every value that PostgreSQL stores."""
    if isinstance(column.type, Xid8):
        return sa.cast(column, sa.Text).label(column.name)
    if isinstance(column.type, sa.Enum):
        return sa.type_coerce(column, sa.Text).label(column.name)
    return column


def commit_to(salt: bytes, text: bytes) -> bytes:
    """Return the commitment to a text."""
    return sha256(salt + text).digest()


@dataclass(frozen=True)
class Opening:
    """What a commitment commits to."""

    salt: bytes
    text: bytes

    def commit(self) -> bytes:
        """Return the commitment."""
        return commit_to(self.salt, self.text)


@dataclass(frozen=True)
class SubjectOpening:
    """The openings of one subject of an answer: its result, and the rest."""

    result: Opening
    rest: Opening

    def hash(self) -> bytes:
        """Return the hash of the subject's leaf."""
        return hash_subject(self.result.commit(), self.rest.commit())


def hash_subject(result: bytes, rest: bytes) -> bytes:
    """Return the hash of the leaf of a subject from its commitments."""
    return hash_leaf(result + rest)


@dataclass(frozen=True)
class AnswerLeaf:
    """The leaf of an answer. row: a row of `select_recorded`."""

    row: Mapping[Any, Any]

    @cached_property
    def shown(self) -> Opening:
        """What readers of the access log are shown of the answer."""
        return Opening(self._salts[0], write_text({name: self.row[name] for name in SHOWN}))

    @cached_property
    def rest(self) -> Opening:
        """Everything else that all its subjects share, and how many values each array has."""
        values = {name: value for name, value in self.row.items() if name not in APART}
        empty = {f"{name}_dims": "[]" for name in (RESULTS, *OF_SUBJECTS) if self.row[name] == []}
        return Opening(self._salts[1], write_text(values | empty))

    @cached_property
    def subjects(self) -> Sequence[SubjectOpening]:
        """Its subjects, in order."""
        return [SubjectOpening(Opening(*result), Opening(*rest)) for result, rest in self._list_subjects()]

    @cached_property
    def _hashes(self) -> Sequence[bytes]:
        """The hashes of the leaves of its subjects, as `SubjectOpening.hash` computes them, in a fifth of the time."""
        return [hash_subject(commit_to(*result), commit_to(*rest)) for result, rest in self._list_subjects()]

    def _list_subjects(self) -> Iterator[tuple[tuple[bytes, bytes], tuple[bytes, bytes]]]:
        """Yield salt and text of the result and of the rest of each subject."""
        results, rests = self._texts
        salts = self._salts
        return zip(zip(salts[2::2], results, strict=True), zip(salts[3::2], rests, strict=True), strict=True)

    @cached_property
    def _salts(self) -> Sequence[bytes]:
        """The salts: of what is shown, of the rest, and of result and rest of each subject."""
        octets = shake_256(self.row[SALT].bytes).digest(SALT_OCTETS * 2 * (1 + len(self._texts[0])))
        return [octets[start : start + SALT_OCTETS] for start in range(0, len(octets), SALT_OCTETS)]

    @cached_property
    def _texts(self) -> tuple[Sequence[bytes], Sequence[bytes]]:
        """The texts of the results of its subjects, and those of the rests."""
        results = self.row[RESULTS] or []
        shared = results * min(self.row["subjects"], MOST_SUBJECTS) if len(results) == 1 else results
        given = {of_one: self.row[name] for name, of_one in OF_SUBJECTS.items() if self.row[name]}
        number = max(map(len, (shared, *given.values())))
        told = {result: write_text({"result": result}) for result in {*results, None}}
        rests = [write_text(dict(zip(given, values, strict=True))) for values in zip_longest(*given.values())]
        return [told[result] for result in _pad(shared, None, number)], _pad(rests, write_text({}), number)

    def encode(self) -> bytes:
        """Return the entry."""
        stamp = ((self.row["at"] - EPOCH) // MICROSECOND).to_bytes(STAMP_OCTETS, signed=True)
        return b"".join((VERSION, stamp, self.shown.commit(), self.rest.commit(), compute_root(self._hashes)))

    def list_path(self, place: int) -> list[bytes]:
        """Return the inclusion path of a subject in the tree of subjects. place: from 1."""
        ranges = list_inclusion_ranges(place - 1, len(self._hashes))
        return [compute_root(self._hashes[start:end]) for start, end in ranges]


def _pad(values: Sequence[Value], filling: Value, number: int) -> list[Value]:
    return [*values, *repeat(filling, number - len(values))]


def write_text(values: Mapping[str, Any]) -> bytes:
    """Return the text of values for a commitment: JSON, sorted by name, without NULLs."""
    said = {name: value for name, value in values.items() if value is not None}
    return orjson.dumps(said, default=_write_value, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)


def _write_value(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, UUID):  # asyncpg has a class of its own
        return str(value)
    raise TypeError(f"An entry of the log cannot contain a {type(value).__name__}.")


@dataclass(frozen=True)
class EntryParts:
    """The parts of an entry."""

    at: datetime
    shown: bytes
    rest: bytes
    subjects: bytes

    def shows(self, opening: Opening) -> bool:
        """Return whether this is what readers are shown of the answer."""
        return opening.commit() == self.shown

    def has_subject(self, place: int, number: int, leaf: bytes, path: Sequence[bytes]) -> bool:
        """Return whether a subject is at a place among a number of subjects. Raises PathError."""
        return compute_included_root(leaf, place - 1, number, path) == self.subjects


def read_entry(entry: bytes) -> EntryParts:
    """Return the parts of an entry. Raises ValueError."""
    if len(entry) != len(VERSION) + STAMP_OCTETS + 3 * HASH_OCTETS or not entry.startswith(VERSION):
        raise ValueError("This is no entry of the log that this version reads.")
    start = len(VERSION) + STAMP_OCTETS
    at = EPOCH + int.from_bytes(entry[1:start], signed=True) * MICROSECOND
    return EntryParts(at, *(entry[place : place + HASH_OCTETS] for place in range(start, len(entry), HASH_OCTETS)))
