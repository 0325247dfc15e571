"""Proofs that the transparency log contains an entry of the access log."""

import base64

import strawberry

from auth.scopes import Scope
from casework.transparency.proofs import EntryProof
from engine.declare.directives import RequiresScopes
from engine.policy import any_of, require
from models.transparency.entries import Opening

READERS = any_of(Scope.SELF, Scope.AUDIT)
REQUIRES = [RequiresScopes.of(READERS)]


def encode(octets: bytes) -> str:
    """Return octets in base64."""
    return base64.b64encode(octets).decode()


def _salt(root: strawberry.Parent[Opening]) -> str:
    return encode(root.salt)


def _text(root: strawberry.Parent[Opening]) -> str:
    return root.text.decode()


def _index(root: strawberry.Parent[EntryProof]) -> str:
    return str(root.inclusion.index)


def _entry(root: strawberry.Parent[EntryProof]) -> str:
    return encode(root.entry)


def _checkpoint(root: strawberry.Parent[EntryProof]) -> str:
    return root.inclusion.checkpoint


def _path(root: strawberry.Parent[EntryProof]) -> list[str]:
    return [encode(node) for node in root.inclusion.path]


def _rest(root: strawberry.Parent[EntryProof]) -> str:
    return encode(root.rest)


def _subject_path(root: strawberry.Parent[EntryProof]) -> list[str]:
    return [encode(node) for node in root.subject_path]


@strawberry.type(
    description="What a commitment commits to: it is SHA-256 of the salt and the text (承诺的明文).",
    directives=REQUIRES,
)
class LogOpening:
    """An opened commitment."""

    salt: str = strawberry.field(resolver=_salt, description="Salt, in base64.")
    text: str = strawberry.field(resolver=_text, description="JSON in UTF-8, to be hashed as it is.")


@strawberry.type(
    description="A proof that the transparency log contains the answer (存证证明), with hashes in base64: see "
    "docs/transparency.md.",
    directives=REQUIRES,
)
class LogProof:
    """A proof of an entry of the access log."""

    index: str = strawberry.field(resolver=_index, description="Its place in the log, from 0 (序号).")
    entry: str = strawberry.field(resolver=_entry, description="The entry of the answer, of 105 bytes, in base64.")
    path: list[str] = strawberry.field(
        resolver=_path, description="The hashes from its leaf to the root of the checkpoint (RFC 9162, 2.1.3)."
    )
    checkpoint: str = strawberry.field(resolver=_checkpoint, description="The log's signed checkpoint (C2SP).")
    shown: LogOpening = strawberry.field(description="Who asked, when and why: the first commitment in the entry.")
    result: LogOpening = strawberry.field(description="The result for the subject: a commitment in its own leaf.")
    rest: str = strawberry.field(resolver=_rest, description="The other commitment of the subject's leaf.")
    place: int = strawberry.field(description="The subject's place in the answer, from 1.")
    places: int = strawberry.field(description="How many subjects the answer has.")
    subject_path: list[str] = strawberry.field(
        resolver=_subject_path, description="The hashes from the subject's leaf to the third hash in the entry."
    )


require(LogOpening, READERS)
require(LogProof, READERS)
