"""Proofs that the transparency log contains an entry of the access log."""

import re
from collections.abc import Sequence
from typing import Any

from casework.transparency.proofs import EntryProof, LogView, prove_consistency, prove_entries, read_view
from engine.declare.relations import Computed
from engine.load.context import Context
from engine.load.errors import BadInputError
from engine.load.loaders import Key, Loader
from languages.sentence import say
from models.transparency.merkle import PathError

NEEDS = ("at", "answer_id", "client_key", "id")
"""The columns of an entry of the access log from which its leaf and the position of its subject are known."""

ENTRIES = 65_536
SIZE = re.compile("[1-9][0-9]{0,17}", re.ASCII)


class ProofLoader(Loader):
    """Maps the values of `NEEDS` to proofs, which are read together."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    async def batch_load_fn(self, keys: list[Key]) -> Sequence[EntryProof | None]:
        """Return the proof of each entry, None if the log does not contain it yet."""
        return await prove_entries(self.context.fetch, [_split(*key) for key in keys])


def _split(at: Any, answer: int, client: int, entry: int) -> tuple[Any, int, int, int]:
    """Return the key of the answer, and the position of the subject."""
    return at, answer, client, entry - answer * ENTRIES


async def prove_entry(context: Context, key: tuple[Any, ...]) -> EntryProof | None:
    """Return the proof of the entry with these values of `NEEDS`."""
    found: EntryProof | None = await context.get_loader(ProofLoader, lambda: ProofLoader(context)).load(key)
    return found


async def read_log(context: Context, _: tuple[Any, ...]) -> LogView | None:
    """Return the state of the log; None before its first entry."""
    return await read_view(context.fetch)


async def prove_growth(context: Context, since: str, size: int) -> Sequence[bytes]:
    """Return the path that proves that the log of `size` entries continues that of `since`. Raises BadInputError."""
    if not SIZE.fullmatch(since):
        raise BadInputError("`since` is the number of entries in the second line of a checkpoint, at least 1.")
    try:
        path = await prove_consistency(context.fetch, int(since), size)
    except PathError as error:
        raise BadInputError(
            say("{error} A checkpoint of more entries than the log has is not of this log.", error=error)
        ) from None
    return path or ()


LOG = Computed((), read_log)
