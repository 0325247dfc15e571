"""Changes of the log's key: signed notes with the old public key and the new one, signed by both."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.transparency.notes import NoteError, NoteKey, NoteSigner, open_note, read_key, split_note

SUFFIX = "/rotation"
"""Follows the name of the log, so that the note cannot be taken for a checkpoint or a receipt."""


@dataclass(frozen=True)
class Rotation:
    """A change of keys, which have the same name."""

    old: NoteKey
    new: NoteKey

    def write(self) -> str:
        """Return the text that is signed."""
        return f"{self.old.name}{SUFFIX}\n{self.old}\n{self.new}\n"


def sign_rotation(old: NoteSigner, new: NoteSigner) -> str:
    """Return the note by which a new key follows an old one."""
    return new.add_signature(old.sign(Rotation(old.key, new.key).write()))


def open_rotation(note: str) -> Rotation:
    """Return the change of keys in a note that both keys have signed. Raises NoteError."""
    text, _ = split_note(note)
    _, old, new, *_rest = [*text.split("\n"), "", "", ""]
    rotation = Rotation(read_key(old), read_key(new))
    if rotation.write() != text or rotation.old.name != rotation.new.name or rotation.old.type != rotation.new.type:
        raise NoteError("This is no change of a log's key.")
    open_note(note, [rotation.old])
    open_note(note, [rotation.new])
    return rotation


def follow_rotations(trusted: Sequence[NoteKey], notes: Iterable[str]) -> list[NoteKey]:
    """Return the trusted keys, and all that the changes of keys connect with them, in either direction.

    A change without a trusted key is not followed. Raises NoteError for one that is not signed by both of its keys.
    """
    found, waiting = list(trusted), [open_rotation(note) for note in notes]
    while near := [one for one in waiting if (one.old in found) != (one.new in found)]:
        found += [one.new if one.old in found else one.old for one in near]
    return list(dict.fromkeys(found))
