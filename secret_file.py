"""Files with secrets: readable by their owner only and written atomically."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def create_secret(path: Path, text: str) -> None:
    """Write a secret file unless it exists. Of concurrent calls, the first one succeeds. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(path, text)
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def write_secret(path: Path, text: str) -> None:
    """Replace a secret file atomically."""
    os.replace(_draft(path, text), path)


def _draft(path: Path, text: str) -> Path:
    """Write a temporary file beside `path`, flush it to disk, and return its path."""
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft
