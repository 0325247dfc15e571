"""The second place of the keys: without it, a lost disk is the end of every sealed number (R18)."""

from pathlib import Path

from commands.exits import CommandError, ExitCode, explain_place
from secret_file import create_secret
from settings import Settings


def refuse_place(settings: Settings, place: Path) -> None:
    """Raise CommandError if a copy in `place` would be lost together with the keys."""
    if place.absolute().is_relative_to(settings.data_dir.absolute()):
        raise CommandError(
            f"{place} lies in the data directory: whoever loses one loses both. "
            "Name a directory elsewhere with --keys-copy."
        )


def copy_keys(settings: Settings, place: Path) -> bool:
    """Copy the key files into `place`. Returns whether it is on another disk than they are.

    Raises CommandError if there are other keys, or nothing can be written there.
    """
    files = [file for file in settings.key_files if file != settings.sm2_key_file or file.exists()]
    try:
        for file in files:
            text, copy = file.read_text(), place / file.name
            create_secret(copy, text)
            if copy.read_text() != text:
                raise CommandError(f"{copy} holds other keys. Name another directory with --keys-copy.", ExitCode.KEYS)
        return place.stat().st_dev != settings.data_dir.stat().st_dev
    except OSError as error:
        raise explain_place(error) from error
