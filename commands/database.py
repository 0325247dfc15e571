"""`suxin migrate`: migrate the database."""

from commands.session import console, explain_errors, prepare_database
from settings import Settings


def migrate() -> None:
    """Migrate the database to the newest revision, and load the shipped catalogue if there is none."""
    with explain_errors(), prepare_database(Settings.from_environment()):
        console.print("The database is at the newest revision.")
