"""Proofs that the transparency log contains an entry of the access log."""

from collections.abc import Sequence
from typing import Any

from casework.transparency.proofs import EntryProof, prove_entries
from engine.load.context import Context
from engine.load.loaders import Key, Loader

NEEDS = ("at", "answer_id", "client_key", "id")
"""The columns of an entry of the access log from which its leaf and the position of its subject are known."""

ENTRIES = 65_536


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
