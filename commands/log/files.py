"""What the commands of the log read from files: public keys, notes, copies."""

from pathlib import Path
from typing import Annotated

import typer

from commands.exits import CommandError
from models.transparency.notes import NoteKey, read_key

LARGEST_FILE = 32 * 1024 * 1024
"""More than a bundle of 256 entries of the largest size."""

Key = Annotated[str, typer.Option(help="The log's public key, as `suxin log key` prints it, or a file with it.")]


def find_key(text: str) -> NoteKey:
    """Return a public key from its text, or from a file with it: the first one, as `suxin log key` prints several while
    the key is changed, and one of SM2 as the last. Raises NoteError, CommandError."""
    return read_key((text if "+" in text else read_text(Path(text))).strip().partition("\n")[0])


def read_text(file: Path) -> str:
    """Return the text of a file. Raises CommandError."""
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read ({type(error).__name__}).") from error


def read_octets(file: Path) -> bytes | None:
    """Return the content of a file of a copy; None if it is not there. Raises CommandError."""
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_FILE)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({type(error).__name__}).") from error
