"""Kept answers: a receipt commits to the answer and to its question, so that whoever kept them can have them confirmed
later, without being served again what has vanished since (R10, R26).

The commitments are SHA-256 of JSON with sorted members and without blanks (RFC 8785; answers have no fractions).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from casework.transparency.proofs import prove_leaf
from casework.transparency.receipts import Receipt, open_receipt
from casework.transparency.tree import Fetch
from models.transparency.notes import NoteError, NoteKey


class Verdict(StrEnum):
    """What becomes of a kept answer. All but AUTHENTIC and NOT_LOGGED deny that this answer was given."""

    AUTHENTIC = "AUTHENTIC"
    NOT_SIGNED = "NOT_SIGNED"
    NOT_BOUND = "NOT_BOUND"
    ANSWER_DIFFERS = "ANSWER_DIFFERS"
    QUESTION_DIFFERS = "QUESTION_DIFFERS"
    NOT_LOGGED = "NOT_LOGGED"


@dataclass(frozen=True)
class KeptAnswer:
    """What a client kept. data: the member of the answer. query, variables: of the request."""

    data: Any
    query: str
    variables: Mapping[str, Any]

    def hash_answer(self) -> bytes:
        """Return the commitment to the answer."""
        return _hash(self.data)

    def hash_question(self) -> bytes:
        """Return the commitment to the request. Names in an answer may be aliases, which only the query explains."""
        return _hash({"query": self.query, "variables": self.variables})


@dataclass(frozen=True)
class Confirmation:
    """A verdict. at, request_id: of the answer; null if no signed receipt says so."""

    verdict: Verdict
    at: datetime | None = None
    request_id: UUID | None = None


async def confirm(fetch: Fetch, keys: Sequence[NoteKey], note: str, kept: KeptAnswer) -> Confirmation:
    """Return whether a kept answer is what a receipt was given for. keys: with which receipts are or were signed."""
    try:
        receipt = open_receipt(note, keys)
    except NoteError:
        return Confirmation(Verdict.NOT_SIGNED)
    verdict = _compare(receipt, kept) or await _find(fetch, receipt)
    return Confirmation(verdict, min(at for at, _ in receipt.leaves), receipt.request_id)


def _compare(receipt: Receipt, kept: KeptAnswer) -> Verdict | None:
    """Return what differs, or None."""
    if receipt.answer is None or receipt.question is None:
        return Verdict.NOT_BOUND
    if receipt.answer != kept.hash_answer():
        return Verdict.ANSWER_DIFFERS
    return Verdict.QUESTION_DIFFERS if receipt.question != kept.hash_question() else None


async def _find(fetch: Fetch, receipt: Receipt) -> Verdict:
    """Return whether the log contains the entries of a receipt."""
    for at, leaf in receipt.leaves:
        if await prove_leaf(fetch, at, leaf) is None:
            return Verdict.NOT_LOGGED
    return Verdict.AUTHENTIC


def _hash(value: Any) -> bytes:
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).digest()
