"""The documents that the pages of one's own record ask."""

from pathlib import Path

ROOM = Path(__file__).parent


def read_own(name: str) -> str:
    """Return a document, with the fragments that those of pages and copy share."""
    return "\n".join((ROOM / file).read_text("utf-8") for file in (name, "own.graphql"))
