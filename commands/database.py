"""`suxin migrate`: migrate the database."""

from commands.session import console, create_database, explain_errors
from settings import Settings


def migrate() -> None:
    """Migrate the database to the newest revision, and load the shipped catalogue if there is none."""
    with explain_errors(), create_database(Settings.from_environment()):
        console.print("The database is at the newest revision.")
