"""Verification of archives of the access log, with the public keys of the log alone, and proofs from them."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from casework.transparency.faults import FaultKind, Verification
from casework.transparency.proofs import InclusionProof
from models.transparency.archives import FORMAT, Manifest, read_answer
from models.transparency.checkpoints import open_checkpoint
from models.transparency.entries import AnswerLeaf
from models.transparency.merkle import Frontier, PathError, hash_leaf, list_inclusion_ranges
from models.transparency.notes import NoteError, NoteKey

LONGEST_LINE = 64 * 1024 * 1024
"""More than an answer about as many subjects as there may be."""

DAMAGED = (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What reading a damaged file raises."""


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of an archive. Raises the errors of DAMAGED."""
    with gzip.open(file, "rb") as lines:
        while line := lines.readline(LONGEST_LINE):
            found = orjson.loads(line)
            if not isinstance(found, dict):
                raise ValueError("A line of an archive is an object.")
            yield found


def hash_file(file: Path) -> bytes:
    """Return SHA-256 of a file. Raises OSError."""
    with file.open("rb") as octets:
        found = sha256()
        while part := octets.read(1 << 20):
            found.update(part)
    return found.digest()


@dataclass
class ArchiveWalk:
    """One verification of an archive: the tree is computed anew from its file.

    entries, answers: the hash of the entries of the month so far, and their number.
    """

    file: Path
    manifest: Manifest
    keys: Sequence[NoteKey]
    result: Verification = field(default_factory=Verification)
    tree: Frontier = field(default_factory=Frontier)
    entries: Any = field(default_factory=sha256)
    answers: int = 0

    def run(self) -> Verification:
        """Verify the archive."""
        try:
            self.check_file()
            lines = read_lines(self.file)
            self.check_head(next(lines, {}))
            for line in lines:
                self.add(line)
        except DAMAGED as error:
            self.result.report(FaultKind.CHANGED, f"{self.file.name} cannot be read ({type(error).__name__}).")
            return self.result
        self.check_end()
        return self.result

    def check_file(self) -> None:
        """Compare the file with its manifest."""
        if (self.file.stat().st_size, hash_file(self.file)) != (self.manifest.octets, self.manifest.file):
            self.result.report(FaultKind.CHANGED, f"{self.file.name} is not the file that the manifest names.")

    def check_head(self, head: dict[str, Any]) -> None:
        """Compare the first line and the checkpoint in it with the manifest."""
        named = (head.get("format"), head.get("log"), head.get("month"))
        if named != (FORMAT, self.manifest.origin, self.manifest.month):
            self.result.report(FaultKind.CHANGED, "The first line is not that of this archive.")
        try:
            signed = open_checkpoint(str(head.get("checkpoint")), self.keys)
        except NoteError as error:
            self.result.report(FaultKind.REWRITTEN, f"The checkpoint of the archive does not hold. {error}")
            return
        if (signed.size, signed.root) != (self.manifest.size, self.manifest.root):
            self.result.report(FaultKind.REWRITTEN, "The checkpoint of the archive is of another tree.")

    def add(self, line: dict[str, Any]) -> None:
        """Add a line to the tree. Raises the errors of DAMAGED."""
        if "level" in line:
            self.tree.append_subtree(int(line["level"]), bytes.fromhex(line["root"]))
            return
        row = read_answer(line["answer"])
        entry = AnswerLeaf(row).encode()
        leaf, index = hash_leaf(entry), int(line["index"])
        if index != self.tree.size or f"{row['at']:%Y-%m}" != self.manifest.month:
            self.result.report(FaultKind.INSERTED, "The answer does not belong here.", index)
        if leaf.hex() != line["leaf"]:
            self.result.report(FaultKind.CHANGED, "The answer is not the one that was logged.", index)
        self.tree.append(leaf)
        self.entries.update(entry)
        self.answers += 1

    def check_end(self) -> None:
        """Compare the tree and the number of answers with the manifest."""
        self.result.size, self.result.root = self.tree.size, self.tree.compute_root()
        if (self.tree.size, self.result.root) != (self.manifest.size, self.manifest.root):
            self.result.report(FaultKind.REWRITTEN, "The answers of the archive are not those of the checkpoint.")
        if (self.answers, self.entries.digest()) != (self.manifest.answers, self.manifest.entries):
            self.result.report(FaultKind.REMOVED, "The answers of the archive are not those of the manifest.")


def prove_archived(file: Path, index: int) -> tuple[dict[str, Any], InclusionProof] | None:
    """Return the line of an answer, and the proof that the checkpoint of its archive contains it; None if the archive
    has no such answer. The archive must have been verified."""
    lines = read_lines(file)
    head, found = next(lines), None
    tree = _Branches(index)
    for line in lines:
        if line.get("index") == index:
            found = line
        tree.add(line)
    if found is None:
        return None
    ranges = list_inclusion_ranges(index, tree.size)
    return found, InclusionProof(index, tree.size, [tree.compute(*one) for one in ranges], head["checkpoint"])


class _Branches:
    """The complete subtrees beside one leaf, as large as they were found: a path is made of few of them."""

    def __init__(self, index: int) -> None:
        self.index, self.size = index, 0
        self.parts: dict[tuple[int, int], Frontier] = {}

    def add(self, line: dict[str, Any]) -> None:
        """Add a line of the archive to the subtree that parts from the leaf where it does."""
        level, root = (int(line["level"]), line["root"]) if "level" in line else (0, line["leaf"])
        if apart := (self.size >> level) ^ (self.index >> level):
            height = apart.bit_length() + level
            place = (height, self.size >> height - 1)
            self.parts.setdefault(place, Frontier()).append_subtree(level, bytes.fromhex(root))
        self.size += 1 << level

    def compute(self, start: int, end: int) -> bytes:
        """Return the root of a range of an inclusion path."""
        height = (start ^ self.index).bit_length()
        part = self.parts[height, start >> height - 1]
        if part.size != end - start:
            raise PathError("The archive is not whole.")
        return part.compute_root()
