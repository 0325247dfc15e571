"""`suxin migrate`: the database of the service."""

from commands.session import console, explained, prepared
from settings import Settings


def migrate() -> None:
    """Bring the database to the newest revision, and load the catalogue if there is none."""
    with explained(), prepared(Settings.from_environment()):
        console.print("The database is at the newest revision.")
