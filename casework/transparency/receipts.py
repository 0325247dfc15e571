"""Receipts: signed promises that the transparency log will contain the entries of an answer.

A receipt is a signed note of the log. Its text has the name of the log followed by `/receipt`, so that it cannot be
taken for a checkpoint; the id of the request; the time by which the log contains the entries; and for each entry its
time and the hash of its leaf. Before the entries, two lines commit to the answer and to its question
(`casework.transparency.kept_answers`); receipts from before have none.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from models.access_answer import AccessAnswer
from models.transparency.entries import AnswerLeaf, select_recorded
from models.transparency.merkle import EMPTY_ROOT, hash_leaf
from models.transparency.notes import NoteError, NoteKey, NoteSigner, open_note

DUE = timedelta(hours=1)
"""Time within which an entry is included. It is included within a second, unless the worker is down."""

SUFFIX = "/receipt"
ANSWER = AccessAnswer.__table__.c
BOUND = ("answer", "question")
"""The lines that commit to the exchange, in order."""


@dataclass(frozen=True)
class Receipt:
    """A promise. origin: the name of the log. leaves: times of the entries, and hashes of their leaves.

    answer, question: SHA-256 of what was answered and asked.
    """

    origin: str
    request_id: UUID
    due: datetime
    leaves: Sequence[tuple[datetime, bytes]]
    answer: bytes | None = None
    question: bytes | None = None

    def write(self) -> str:
        """Return the text that is signed."""
        lines = [f"{self.origin}{SUFFIX}", str(self.request_id), _write_time(self.due)]
        lines += [f"{name} {_encode(value)}" for name in BOUND if (value := getattr(self, name)) is not None]
        lines += [f"{_write_time(at)} {_encode(leaf)}" for at, leaf in self.leaves]
        return "".join(f"{line}\n" for line in lines)


async def write_receipt(
    connection: AsyncConnection, signer: NoteSigner, at: datetime, request_id: UUID, *, answer: bytes, question: bytes
) -> str | None:
    """Return the receipt for the answers of a request, which are committed; None if nothing was logged. at: its time.
    answer, question: the commitments to the exchange."""
    rows = await connection.execute(
        select_recorded().where(ANSWER.at == at, ANSWER.request_id == request_id).order_by(ANSWER.id)
    )
    leaves = [(row["at"], hash_leaf(AnswerLeaf(row).encode())) for row in rows.mappings()]
    receipt = Receipt(signer.name, request_id, at + DUE, leaves, answer, question)
    return signer.sign(receipt.write()) if leaves else None


def open_receipt(note: str, keys: Sequence[NoteKey]) -> Receipt:
    """Return the receipt of a signed note. Raises NoteError."""
    name, request_id, due, *lines = [*open_note(note, keys).removesuffix("\n").split("\n"), "", ""]
    try:
        bound, rest = _read_bound(lines[:-2])
        leaves = [_read_leaf(line) for line in rest]
        receipt = Receipt(name.removesuffix(SUFFIX), UUID(request_id), _read_time(due), leaves, **bound)
    except (ValueError, binascii.Error):
        raise NoteError("This is signed by the log, and is no receipt.") from None
    if not name.endswith(SUFFIX) or receipt.origin not in {key.name for key in keys} or not leaves:
        raise NoteError("This is signed by the log, and is no receipt.")
    return receipt


def _read_bound(lines: Sequence[str]) -> tuple[dict[str, bytes], Sequence[str]]:
    """Return the commitments to the exchange, if there are any, and the remaining lines. Raises ValueError."""
    found = [line.partition(" ") for line in lines[: len(BOUND)]]
    if tuple(name for name, _, _ in found) != BOUND:
        return {}, lines
    return {name: _read_hash(encoded) for name, _, encoded in found}, lines[len(BOUND) :]


def _read_leaf(line: str) -> tuple[datetime, bytes]:
    at, _, encoded = line.partition(" ")
    return _read_time(at), _read_hash(encoded)


def _read_hash(encoded: str) -> bytes:
    found = base64.b64decode(encoded, validate=True)
    if len(found) != len(EMPTY_ROOT):
        raise ValueError("A hash has 32 bytes.")
    return found


def _encode(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _read_time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("A time has its zone.")
    return found


def _write_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
