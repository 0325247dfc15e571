"""Proofs from the transparency log: that it contains an entry, and that it only grew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from casework.transparency.tree import Fetch, read_last, read_roots
from models.access_answer import AccessAnswer
from models.transparency.entries import AnswerLeaf, Opening, read_recorded, select_recorded
from models.transparency.merkle import Range, hash_leaf, list_consistency_ranges, list_inclusion_ranges
from models.transparency.tables import LogLeaf

ANSWER, LEAF = AccessAnswer.__table__.c, LogLeaf.__table__.c
KEYS = ("at", "answer_id", "client_key")
"""The key of an answer, as the access log and the transparency log show it."""

_ASKED = (
    sa.func.unnest(
        sa.bindparam("ats", type_=sa.ARRAY(sa.DateTime(timezone=True))),
        sa.bindparam("ids", type_=sa.ARRAY(sa.BigInteger)),
        sa.bindparam("clients", type_=sa.ARRAY(sa.BigInteger)),
    )
    .table_valued(
        sa.column("at", sa.DateTime(timezone=True)),
        sa.column("answer_id", sa.BigInteger),
        sa.column("client_key", sa.BigInteger),
    )
    .render_derived("asked")
)
_LOGGED = sa.and_(LEAF.at == ANSWER.at, LEAF.answer_id == ANSWER.id, LEAF.client_key == ANSWER.client_key)
_WANTED = sa.and_(_ASKED.c.at == ANSWER.at, _ASKED.c.answer_id == ANSWER.id, _ASKED.c.client_key == ANSWER.client_key)
ANSWERS = (
    select_recorded()
    .add_columns(LEAF.index.label("leaf_index"), LEAF.entry.label("leaf_entry"))
    .join(LogLeaf.__table__, _LOGGED)
    .join(_ASKED, _WANTED)
)
"""What is recorded of answers that the log contains, by their keys."""

PLACE = sa.text("SELECT index, entry FROM log_leaf WHERE at = :at")
"""The leaves of a moment."""


@dataclass(frozen=True)
class InclusionProof:
    """A proof that the log contains an entry. index: its place. path: hashes from the leaf to the root of the
    checkpoint (RFC 9162, section 2.1.3). checkpoint: a signed note."""

    index: int
    size: int
    path: Sequence[bytes]
    checkpoint: str


@dataclass(frozen=True)
class EntryProof:
    """A proof of one entry of the access log, for those who may read it.

    entry: the entry of the answer. shown, result: the texts of two of its commitments, with their salts. place, places:
    of the subject in the answer, from 1. rest: the other commitment to the subject, closed. subject_path: hashes from
    the leaf of the subject to the root in the entry.
    """

    inclusion: InclusionProof
    entry: bytes
    shown: Opening
    result: Opening
    rest: bytes
    place: int
    places: int
    subject_path: Sequence[bytes]


@dataclass(frozen=True)
class LogView:
    """The log as a snapshot has it. checkpoint: the newest, a signed note."""

    size: int
    checkpoint: str


async def read_view(fetch: Fetch) -> LogView | None:
    """Return the state of the log; None before its first entry."""
    last = await read_last(fetch)
    return LogView(last["size"], last["note"]) if last else None


async def prove_entries(fetch: Fetch, asked: Sequence[tuple[datetime, int, int, int]]) -> list[EntryProof | None]:
    """Return the proofs of entries of the access log, None for those that are not logged yet.

    asked: for each entry, the key of its answer, and the position of its subject from 1. Raises LogBrokenError.
    """
    last = await read_last(fetch)
    if last is None:
        return [None] * len(asked)
    ats, ids, clients, _ = zip(*asked, strict=True)
    rows = await fetch(ANSWERS, {"ats": list(ats), "ids": list(ids), "clients": list(clients)})
    found = {(row["at"], row["id"], row["client_key"]): row for row in rows}
    paths = await _read_paths(fetch, {row["leaf_index"] for row in rows}, last["size"])
    return [
        None if (row := found.get((at, answer, client))) is None else _prove(row, place, last, paths)
        for at, answer, client, place in asked
    ]


def _prove(row: sa.RowMapping, place: int, last: sa.RowMapping, paths: Mapping[int, Sequence[bytes]]) -> EntryProof:
    index, leaf = row["leaf_index"], AnswerLeaf(read_recorded(row))
    subject = leaf.subjects[place - 1]
    return EntryProof(
        InclusionProof(index, last["size"], paths[index], last["note"]),
        row["leaf_entry"],
        leaf.shown,
        subject.result,
        subject.rest.commit(),
        place,
        len(leaf.subjects),
        leaf.list_path(place),
    )


async def _read_paths(fetch: Fetch, indexes: set[int], size: int) -> dict[int, list[bytes]]:
    ranges = {index: list_inclusion_ranges(index, size) for index in indexes}
    roots = await read_roots(fetch, {one for found in ranges.values() for one in found})
    return {index: [roots[one] for one in found] for index, found in ranges.items()}


async def prove_leaf(fetch: Fetch, at: datetime, leaf: bytes) -> InclusionProof | None:
    """Return the proof for the hash of a leaf and the time of its answer; None if the log does not contain it."""
    last = await read_last(fetch)
    places = [row["index"] for row in await fetch(PLACE, {"at": at}) if hash_leaf(row["entry"]) == leaf]
    if last is None or not places:
        return None
    paths = await _read_paths(fetch, {places[0]}, last["size"])
    return InclusionProof(places[0], last["size"], paths[places[0]], last["note"])


async def prove_consistency(fetch: Fetch, old: int, new: int) -> list[bytes] | None:
    """Return the path that proves that the log of `new` entries begins with that of `old` ones (RFC 9162, section
    2.1.4); None if the log is not that large. Raises PathError for sizes that have no proof."""
    ranges: list[Range] = list_consistency_ranges(old, new)
    last = await read_last(fetch)
    if last is None or new > last["size"]:
        return None
    roots = await read_roots(fetch, ranges)
    return [roots[one] for one in ranges]


def write_proof(proof: InclusionProof) -> dict[str, Any]:
    """Return a proof as JSON: numbers, hashes in hexadecimal, and the checkpoint."""
    path = [node.hex() for node in proof.path]
    return {"index": proof.index, "size": proof.size, "path": path, "checkpoint": proof.checkpoint}
